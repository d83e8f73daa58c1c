"""The exact changes of drawn faces: what took a person's neutral photo to each picture, where the data says it.

A picture's maps lie beside it, under its name with the ending .npz: `flow` [g, g, 2] in sides of the picture, (x, y);
`painted` [g, g], the share of each pixel that no pixel of the neutral photo shows (`models.change`); `shade` [g, g],
the logarithm of the factor by which the light on the moved skin changes, in folds above all. They travel as one array
[g, g, 4]: flow x, flow y, painted, shade. The grid is as fine as they were drawn, the same for all pictures of a set.
"""

import pathlib
from typing import Any

import numpy as np
from jaxtyping import Float, Float16, Int

from cdaae_jax import files
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.errors import UserError

CHANNELS = 4
LARGEST_GRID = 512


class Maps:
    """The maps of a data set, in memory.

    Attributes:
      table: float16 [m, g, g, 4], of the m pictures that have any.
      row: [n], which line of `table` has a picture's maps; -1 if it has none.
    """

    def __init__(self, dataset: FaceDataset):
        """Reads all maps.

        Raises:
          UserError: no picture has any, or they cannot be read.
        """
        self._neutral = np.zeros(len(dataset), bool)
        self._neutral[dataset.most_neutral()] = True
        self.row = np.full(len(dataset), -1)
        paths = {i: pathlib.Path(record.name).with_suffix(".npz") for i, record in enumerate(dataset.records)}
        there = [i for i, file in paths.items() if file.exists()]
        if not there:
            raise UserError(
                "config.loss.maps_weight is not 0, but no picture of the data has maps (a file of its name ending in "
                ".npz); set it to 0, or name data that has them"
            )
        first = read(paths[there[0]])
        self.row[there] = np.arange(len(there))
        self.table = np.zeros((len(there), *first.shape), np.float16)
        self.table[0] = first
        for row, i in enumerate(there[1:], start=1):
            self.table[row] = read(paths[i], len(first))

    def __call__(
        self, source: np.ndarray, target: np.ndarray, mirrored: np.ndarray
    ) -> tuple[Float16[np.ndarray, "b g g 4"], Float[np.ndarray, " b"]]:
        """Returns the maps of pairs, and 1 where they are known, else 0.

        They are known of pairs that lead from the neutral photo to a picture that has maps, and of pairs of a photo
        with itself, where nothing moves.
        """
        row, known = self.rows(source, target)
        maps = np.where((row >= 0)[:, None, None, None], self.table[row], np.float16(0))
        return mirror(maps, mirrored), known

    def rows(self, source: np.ndarray, target: np.ndarray) -> tuple[Int[np.ndarray, " b"], Float[np.ndarray, " b"]]:
        """Returns which line of `table` has the maps of each pair, -1 where all of them are 0; and 1 where known."""
        same = source == target
        moved = ~same & self._neutral[source] & (self.row[target] >= 0)
        return np.where(moved, self.row[target], -1), (same | moved).astype(np.float32)


def read(file: pathlib.Path, grid: int | None = None) -> Float16[np.ndarray, "g g 4"]:
    """Returns the maps that a file holds.

    Args:
      file: their archive.
      grid: the side that they must have; by default any, 2 to 512.

    Raises:
      UserError: it cannot be read, or its maps are of another size.
    """
    try:
        with file.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
            maps = np.concatenate(
                [archive["flow"], *(archive[name][..., None] for name in ("painted", "shade"))], axis=-1
            )
    except files.ARCHIVE_DAMAGE as error:
        raise UserError(f"{file} cannot be read as maps ({error}); draw it again or delete it") from error
    side = grid or len(maps)
    if maps.shape != (side, side, CHANNELS) or not 2 <= side <= LARGEST_GRID:
        allowed = f"{grid} x {grid}, as the others have" if grid else f"squares of 2 to {LARGEST_GRID}"
        raise UserError(f"{file} holds maps of {' x '.join(map(str, maps.shape[:2]))} points; allowed: {allowed}")
    return maps.astype(np.float16)


def mirror(maps: Any, mirrored: Any, numpy: Any = np) -> Any:
    """Returns maps [b, g, g, c], those that are `mirrored` [b] flipped left to right, with the functions of `numpy`.

    Their first channel is a distance to the right, which becomes one to the left.
    """
    flipped = maps[:, :, ::-1] * numpy.array([-1] + [1] * (maps.shape[-1] - 1), numpy.float16)
    return numpy.where(mirrored[:, None, None, None], flipped, maps)
