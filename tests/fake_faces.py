"""Stands in for the networks that find faces: what it sees is the photo's colours alone."""

import dataclasses
import os
import time

import numpy as np

from cdaae_jax import images
from cdaae_jax.data.aligning import Aligned
from cdaae_jax.data.alignment import Geometry
from cdaae_jax.errors import UserError


def load():
    """Returns an aligner that takes the middle of a photo; a photo that is black in its corner has no face."""
    return align_middle


POINTS = np.random.default_rng(0).uniform(0.1, 0.9, (478, 2))


def align_middle(photo: np.ndarray, size: int) -> Aligned:
    """Returns the middle as large as asked, the same landmarks always, and the photo's height as the face's size."""
    if not photo[0, 0].any():
        raise UserError("no face was found")
    return Aligned(images.fit(photo, size), POINTS, float(len(photo)))


def load_slow():
    """Returns an aligner that says that it has begun, and then takes a minute."""

    def align(photo: np.ndarray, size: int) -> Aligned:
        os.write(1, b"a worker has begun\n")  # at once: two workers share the line
        time.sleep(60)
        return align_middle(photo, size)

    return align


def load_for_sets(geometry: Geometry):
    """Returns `align_for_sets`, for builders of public sets."""
    return align_for_sets


def align_for_sets(photo: np.ndarray, size: int) -> Aligned:
    """Returns what `align_middle` does; the brighter the photo, the more all blendshapes show."""
    aligned = align_middle(photo, size)
    return dataclasses.replace(aligned, blendshapes=np.full(52, photo.mean() / 600, np.float32))
