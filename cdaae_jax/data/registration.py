"""Registration: a person's photos laid over their most neutral one, so that only the expression differs between them.

Between two real photos the head moves. A network that is to turn one into the other learns these movements by heart
and makes them to people whose heads never moved. A similarity that brings the points together which an expression
leaves alone takes most of it away; what a turned head does to a picture remains.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from cdaae_jax import files
from cdaae_jax.data.records import Record
from cdaae_jax.errors import UserError

FILE = "landmarks.npz"
NUM_POINTS = 478  # MediaPipe's landmarks
# Of these: the corners of the eyes, the bridge of the nose, and the face's outline at forehead
# and temples. Brows, lids, cheeks, mouth and chin move with an expression.
STABLE_POINTS = (33, 133, 362, 263, 168, 6, 197, 10, 338, 109, 127, 356, 234, 454)

_UP = 4  # how many folders above a photo are looked into: DATA/faces/subject/expression/photo.png

Points = Float[np.ndarray, "p 2"]


def registered(records: Sequence[Record], neutral: Sequence[int]) -> tuple[Record, ...]:
    """Returns records whose photos are moved when they are read.

    Args:
      records: photos that are files. Beside them, or up to three folders higher, lies landmarks.npz with `names` [n],
        the photos' paths or names without their ending, and `mediapipe478` [n, 478, 2] in pixels of the photo.
        `cdaae-prepare` writes one.
      neutral: for each record the index of the one that it is laid over.

    Raises:
      UserError: there is no landmarks.npz, it cannot be read, or a photo is not in it.
    """
    points = [_points_of(record) for record in records]
    return tuple(
        record
        if over == i
        else dataclasses.replace(record, load=_Moved(record.load, similarity(points[over], points[i])))
        for i, (record, over) in enumerate(zip(records, neutral, strict=True))
    )


def similarity(start: Points, end: Points) -> Float[np.ndarray, "2 3"]:
    """Returns the turn, size and shift that bring points nearest to others, in the least-squares sense.

    Args:
      start: (x, y), at least two different points.
      end: where they should come to lie.

    Returns:
      float64 [2, 3], to be used as `matrix @ (x, y, 1)`.
    """
    # In the complex plane a similarity without reflection is turn * z + shift, which is linear.
    z, w = (points[:, 0] + 1j * points[:, 1] for points in (start.astype(np.float64), end.astype(np.float64)))
    centred = z - z.mean()
    turn = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred)
    shift = w.mean() - turn * z.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


@dataclasses.dataclass(frozen=True, eq=False)
class _Moved:
    """Reads a photo and fetches its pixels from where `matrix` says."""

    load: Callable[[], np.ndarray]
    matrix: Float[np.ndarray, "2 3"]

    def __call__(self) -> UInt8[np.ndarray, "h w 3"]:
        photo = self.load()
        height, width = photo.shape[:2]
        # Beyond its edges the photo goes on as at the edge; a head moves by a fraction of this.
        margin = max(height, width) // 4
        padded = Image.fromarray(np.pad(photo, ((margin, margin), (margin, margin), (0, 0)), mode="edge"))
        matrix = self.matrix + np.array([[0, 0, margin], [0, 0, margin]])
        moved = padded.transform((width, height), Image.Transform.AFFINE, matrix.ravel().tolist(), _BICUBIC)
        return np.asarray(moved)


_BICUBIC = Image.Resampling.BICUBIC


def _points_of(record: Record) -> Points:
    photo = pathlib.Path(record.name)
    file = next((folder / FILE for folder in photo.parents[:_UP] if (folder / FILE).is_file()), None)
    if file is None:
        raise UserError(
            f"config.data.registered is set, but there is no {FILE} with {photo}; cdaae-prepare writes one, or set "
            "config.data.registered=False"
        )
    points = _read(file)
    inside = photo.relative_to(file.parent).with_suffix("").as_posix()
    found = points.get(inside, points.get(photo.stem))
    if found is None:
        raise UserError(f"{file} has no landmarks of {inside}; prepare the photos again")
    return found[list(STABLE_POINTS)]


@functools.lru_cache(maxsize=4)
def _read(file: pathlib.Path) -> dict[str, Points]:
    try:
        with file.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
            names, points = archive["names"], archive["mediapipe478"]
            if points.shape != (len(names), NUM_POINTS, 2) or not np.isfinite(points).all():
                raise ValueError(f"{len(names)} names and an array of shape {points.shape}, or numbers that are none")
    except files.ARCHIVE_DAMAGE as error:
        raise UserError(f"{file} cannot be read as landmarks ({error}); prepare the photos again") from error
    return dict(zip(map(str, names), points, strict=True))
