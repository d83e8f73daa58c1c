"""Registration: a person's photos laid over their most neutral one, so that only the expression differs between them.

Between two real photos the head moves. A network that is to turn one into the other learns these movements by heart
and makes them to people whose heads never moved. A similarity that brings the points together which an expression
leaves alone takes most of it away; what a turned head does to a picture remains.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from cdaae_jax import images
from cdaae_jax.data import landmark_files
from cdaae_jax.data.landmark_files import Points
from cdaae_jax.data.records import Record
from cdaae_jax.errors import UserError

FILE = "landmarks.npz"
NUM_POINTS = 478  # MediaPipe's landmarks
# Of these: the corners of the eyes, the bridge of the nose, and the face's outline at forehead
# and temples. Brows, lids, cheeks, mouth and chin move with an expression.
STABLE_POINTS = (33, 133, 362, 263, 168, 6, 197, 10, 338, 109, 127, 356, 234, 454)


def points_of(records: Sequence[Record]) -> list[Points | None]:
    """Returns each photo's stable points, whatever its size: from its middle, in sides of its largest square.

    A photo that is a file has landmarks if landmarks.npz lies beside it, or up to three folders higher: `names` [n],
    the photos' paths or names without their ending, and `mediapipe478` [n, 478, 2] in pixels of the photo.
    `cdaae-prepare` writes one. A photo of a TFDS builder has them if the set's field `landmarks` does.

    Returns:
      A photo without landmarks has None.

    Raises:
      UserError: a landmarks.npz cannot be read, or a photo that it lies with is not in it.
    """
    return [_points_of(record) for record in records]


def registered(
    records: Sequence[Record], points: Sequence[Points | None], neutral: Sequence[int]
) -> tuple[Record, ...]:
    """Returns records whose photos are moved when they are read.

    Args:
      records: photos.
      points: of each, as `points_of` returns them; a photo without stays as it is.
      neutral: for each record the index of the one that it is laid over; only asked for those with points, and has
        points too.
    """
    moved = []
    for i, (record, end, over) in enumerate(zip(records, points, neutral, strict=True)):
        start = points[over]
        if end is not None and over != i:
            assert start is not None
            record = dataclasses.replace(record, load=_Moved(record.load, similarity(start, end)))
        moved.append(record)
    return tuple(moved)


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


@runtime_checkable
class _KnowsLandmarks(Protocol):
    """What loads a photo of a TFDS builder (`stored_examples.StoredPicture`), whose module takes long to import."""

    def landmarks(self) -> Float[np.ndarray, "478 2"] | None:
        """The landmarks of the photo, in sides of it."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Moved:
    """Reads a photo and fetches its points from where `matrix` says, in the coordinates of `points_of`."""

    load: Callable[[], np.ndarray]
    matrix: Float[np.ndarray, "2 3"]

    def __call__(self) -> UInt8[np.ndarray, "h w 3"]:
        photo = self.load()
        height, width = photo.shape[:2]
        middle, side = _frame(width, height)
        # Beyond its edges the photo goes on as at the edge; a head moves by a fraction of this.
        margin = max(height, width) // 4
        padded = Image.fromarray(np.pad(photo, ((margin, margin), (margin, margin), (0, 0)), mode="edge"))
        turn = self.matrix[:, :2]
        shift = self.matrix[:, 2] * side + middle - turn @ middle + margin
        matrix = np.column_stack([turn, shift])
        moved = padded.transform((width, height), Image.Transform.AFFINE, matrix.ravel().tolist(), _BICUBIC)
        return np.asarray(moved)


_BICUBIC = Image.Resampling.BICUBIC


def _points_of(record: Record) -> Points | None:
    if isinstance(record.load, _KnowsLandmarks):
        points, size = record.load.landmarks(), (1, 1)
    else:
        points = of_file(pathlib.Path(record.name))
        size = (1, 1) if points is None else images.size_of(pathlib.Path(record.name))
    if points is None:
        return None
    middle, side = _frame(*size)
    return (points[list(STABLE_POINTS)] - middle) / side


def of_file(photo: pathlib.Path) -> Points | None:
    """Returns all landmarks of a photo [478, 2], in its pixels; None if no landmarks.npz lies with it.

    Raises:
      UserError: the landmarks.npz cannot be read, or the photo is not in it.
    """
    file = landmark_files.beside(photo, FILE)
    if file is None:
        return None
    points = landmark_files.read(file, "mediapipe478", NUM_POINTS, "prepare the photos again")
    inside = photo.relative_to(file.parent).with_suffix("").as_posix()
    found = points.get(inside, points.get(photo.stem))
    if found is None:
        raise UserError(f"{file} has no landmarks of {inside}; prepare the photos again")
    return found


def _frame(width: int, height: int) -> tuple[Float[np.ndarray, "2"], int]:
    """Returns the middle of a picture and the side of its largest square, in pixels."""
    return np.array([width / 2, height / 2]), min(width, height)
