"""MediaPipe's landmarks of the set's pictures: `data.registration` lays a person's pictures over each other by them."""

import functools
import io
import logging
import pathlib

import numpy as np
from jaxtyping import Float32
from PIL import Image

from cdaae_jax.data import alignment, registration
from cdaae_jax.errors import UserError

Landmarks = Float32[np.ndarray, "478 2"]


def of_aligned(file: pathlib.Path) -> Landmarks:
    """Returns the landmarks of an aligned picture of a folder, (x, y) in its sides; not a number if it has none.

    Raises:
      UserError: landmarks.npz lies with the picture, and cannot be read or lacks it.
    """
    points = registration.of_file(file)
    return _none() if points is None else (points / alignment.SIZE).astype(np.float32)


def found_in(encoded: io.BytesIO) -> Landmarks:
    """Returns the landmarks that the face networks find in a picture, (x, y) in its sides; not a number without."""
    finder = _finder()
    if finder is None:
        return _none()
    picture = np.asarray(Image.open(encoded).convert("RGB"))
    encoded.seek(0)
    faces = finder.find(picture, most=1)
    return (faces[0].points / len(picture)).astype(np.float32) if faces else _none()


def _none() -> Landmarks:
    return np.full((registration.NUM_POINTS, 2), np.nan, np.float32)


@functools.cache
def _finder():
    """Returns what finds faces; None, said once, where the extra `photo` is missing: the set needs it for no more."""
    from cdaae_jax.faces import FaceFinder

    try:
        return FaceFinder.load()
    except UserError as error:
        logging.warning("Built without landmarks, so that config.data.registered leaves the set as it is: %s.", error)
        return None
