"""What an export is tried on: a few aligned faces, each with every label."""

import pathlib

import numpy as np
from jaxtyping import Float32, UInt8

from cdaae_jax import images, pretrained
from cdaae_jax.errors import UserError

MOST = 8  # photos


def faces(folder: pathlib.Path | None, size: int) -> UInt8[np.ndarray, "n size size 3"]:
    """Returns the first photos of a folder, by default the drawn portraits of the package, as large as asked for.

    Raises:
      UserError: the folder holds no pictures, or one that cannot be read.
    """
    folder = folder or pretrained.PORTRAITS
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}; give a folder of aligned photos")
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() in images.SUFFIXES)[:MOST]
    if not found:
        raise UserError(f"{folder} holds no pictures; allowed: {', '.join(images.SUFFIXES)} files")
    return np.stack([images.fit(images.read(file), size) for file in found])


def each_with_every_label(
    photos: UInt8[np.ndarray, "n s s 3"], num_labels: int
) -> tuple[UInt8[np.ndarray, "m s s 3"], Float32[np.ndarray, "m l"]]:
    """Returns m = n x l photos and labels: each photo with each entry of the label vector at 1, all others at 0."""
    return photos.repeat(num_labels, axis=0), np.tile(np.eye(num_labels, dtype=np.float32), (len(photos), 1))


def grey_levels_apart(pictures: UInt8[np.ndarray, "*shape"], others: UInt8[np.ndarray, "*shape"]) -> int:
    """Returns the largest difference of any pixel, 0..255."""
    return int(np.abs(pictures.astype(np.int16) - others.astype(np.int16)).max())
