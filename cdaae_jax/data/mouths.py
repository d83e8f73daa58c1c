"""Where the lips of photos are, where the data says it.

A drawn picture's maps say what is painted (`data.maps`): at the mouth, what lies between the lips. Of a photo,
`mouths68.npz` may lie beside it, or up to three folders higher: `names` [n], of pictures without their ending, and
`points` [n, 68, 2], the landmarks of what the picture shows in the order of iBUG, in pixels of 512 x 512. Where the
lips of a neutral face meet, the person's landmarks say (`data.places`).
"""

import pathlib

import numpy as np
from jaxtyping import Float

from cdaae_jax.data import landmark_files, places
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.data.maps import Maps
from cdaae_jax.errors import UserError

FILE = "mouths68.npz"
MIDDLE = 0.034  # sides of the picture, to either side of the mouth's middle; `models.lips` has the same
_UPPER, _LOWER = [61, 62, 63], [65, 66, 67]  # landmarks of the inner edges of the lips
_MOUTH = (0.6, 0.95)  # where the mouth of an aligned picture may be, in sides from its upper edge
_OPEN = 1.0  # point of the maps' grid: what is less high says little of where it is

Lips = Float[np.ndarray, "n 2"]


class Mouths:
    """What is known of the mouths of a data set's photos.

    Attributes:
      lips: float32 [n, 2], in the middle of the mouth and in sides of the picture: how far apart the lips are, and how
        far the middle between them is below where those of the person's neutral face meet.
      known: float32 [n, 2], 1 where that is known, else 0.
    """

    def __init__(self, dataset: FaceDataset, maps: Maps | None):
        """Reads all landmarks.

        Args:
          dataset: the photos.
          maps: theirs, if they have any.

        Raises:
          UserError: no mouth is known, or landmarks cannot be read.
        """
        self.lips = np.zeros((len(dataset), 2), np.float32)
        self.known = np.zeros((len(dataset), 2), np.float32)
        drawn = {} if maps is None else _drawn(maps)
        for i, record in enumerate(dataset.records):
            photo = pathlib.Path(record.name)
            found = _of_file(photo) or drawn.get(i)
            if found is None:
                continue
            apart, middle = found
            self.lips[i, 0], self.known[i, 0] = apart, 1
            neutral = places.of_file(photo, record.subject)
            if neutral is not None and middle is not None:
                self.lips[i, 1], self.known[i, 1] = middle - between(neutral)[1], 1
        if not self.known.any():
            raise UserError(
                "config.loss.lips_weight is not 0, but no mouth in the data is known (maps beside the pictures, or a "
                f"file {FILE}); set it to 0, or name data that has them"
            )

    def __call__(self, source: np.ndarray) -> tuple[Lips, Lips]:
        """Returns where the lips of source photos are, and 1 where that is known, else 0."""
        return self.lips[source], self.known[source]


def between(points: Float[np.ndarray, "68 2"]) -> tuple[float, float]:
    """Returns how far apart lips are in the middle of the mouth, 0 if they touch, and how far down their middle is.

    Args:
      points: landmarks, in any unit.
    """
    upper, lower = (float(points[lip, 1].mean()) for lip in (_UPPER, _LOWER))
    return max(0.0, lower - upper), (upper + lower) / 2


def _of_file(photo: pathlib.Path) -> tuple[float, float] | None:
    """Returns what the landmarks of a photo say, in its sides; None if it has none."""
    file = landmark_files.beside(photo, FILE)
    if file is None:
        return None
    points = landmark_files.read(file, "points", places.NUM_POINTS, "make it again or delete it").get(photo.stem)
    return None if points is None else between(points / places.SIDE)


def _drawn(maps: Maps) -> dict[int, tuple[float, float | None]]:
    """Returns, of each picture that has maps, how high what is painted in the middle of the mouth is, and how far down.

    Both are in sides of the picture; how far down is None where hardly anything is painted.
    """
    side = maps.table.shape[1]
    line = (np.arange(side) + 0.5) / side
    rows, columns = (line > _MOUTH[0]) & (line < _MOUTH[1]), np.abs(line - 0.5) < MIDDLE
    share = maps.table[:, rows][:, :, columns, 2].astype(np.float32).mean(axis=2)
    height = share.sum(axis=1)
    middle = (share * line[rows]).sum(axis=1) / np.maximum(height, _OPEN)
    return {
        i: (height[row] / side, middle[row] if height[row] >= _OPEN else None)
        for i, row in enumerate(maps.row)
        if row >= 0
    }
