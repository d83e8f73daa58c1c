"""Archives of landmarks that lie beside photos: which one is a photo's, and what it holds."""

import functools
import pathlib

import numpy as np
from jaxtyping import Float

from cdaae_jax import files
from cdaae_jax.data.journal import stamp
from cdaae_jax.errors import UserError

_UP = 4  # how many folders above a photo are looked into: DATA/faces/subject/expression/photo.png

Points = Float[np.ndarray, "p 2"]


def beside(photo: pathlib.Path, name: str) -> pathlib.Path | None:
    """Returns the file of a name that lies beside a photo, or up to three folders higher; None if there is none."""
    return next((folder / name for folder in photo.parents[:_UP] if (folder / name).is_file()), None)


def read(file: pathlib.Path, array: str, num_points: int, advice: str) -> dict[str, Points]:
    """Returns the points by name that an archive holds: `names` [n], and an array [n, num_points, 2].

    Each file is read once, as long as it is not written anew.

    Raises:
      UserError: it cannot be read, or holds something else; the message ends with `advice`.
    """
    return _read(file, tuple(stamp(file) or ()), array, num_points, advice)


@functools.lru_cache(maxsize=8)
def _read(file: pathlib.Path, was: tuple[int, ...], array: str, num_points: int, advice: str) -> dict[str, Points]:
    """Returns the points by name; `was` is the file's stamp, so that one written anew is read anew."""
    try:
        with file.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
            names, points = archive["names"], archive[array]
            if points.shape != (len(names), num_points, 2) or not np.isfinite(points).all():
                raise ValueError(f"{len(names)} names and an array of shape {points.shape}, or numbers that are none")
    except files.ARCHIVE_DAMAGE as error:
        raise UserError(f"{file} cannot be read as landmarks ({error}); {advice}") from error
    return dict(zip(map(str, names), points, strict=True))
