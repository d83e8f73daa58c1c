"""The values of a change's grids at places between their cells."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from cdaae_jax.models.change import cubic

Field = Float[np.ndarray, "_ _ _"]
Places = Float[np.ndarray, "g h 2"]

_TAPS = range(-1, 3)  # the cells around a place that its cubic reaches


def sampled(fields: Mapping[str, Field], places: Places) -> dict[str, Float[np.ndarray, "g h _"]]:
    """Returns grids' values at places of a picture, by Keys' cubic; beyond the border the nearest value.

    Args:
      fields: square grids [k, k, c] over the same picture, each of its own size.
      places: (x, y), the picture being 0..1.

    Returns:
      float32, by the name of the field.
    """
    made: dict[str, np.ndarray] = {}
    # Which cells are around a place, and what they weigh, is worked out once for all grids of a size.
    for size in {len(field) for field in fields.values()}:
        alike = {name: field for name, field in fields.items() if len(field) == size}
        values = _of_one_size(np.concatenate(list(alike.values()), axis=-1), places)
        ends = np.cumsum([field.shape[-1] for field in alike.values()])[:-1]
        made |= zip(alike, np.split(values, ends, axis=-1), strict=True)
    return made


def _of_one_size(field: Float[np.ndarray, "k k c"], places: Places) -> Float[np.ndarray, "g h c"]:
    size = len(field)
    at = (places * size - 0.5).clip(0, size - 1)
    first = np.floor(at).astype(int)
    columns, rows = ([(first[..., axis] + tap).clip(0, size - 1) for tap in _TAPS] for axis in range(2))
    across, down = (
        [cubic(at[..., axis] - first[..., axis] - tap, np).astype(np.float32) for tap in _TAPS] for axis in range(2)
    )
    # One channel after the other: NumPy picks single numbers by one index much faster than rows of numbers by two.
    planes = [np.ascontiguousarray(field[..., channel], np.float32).ravel() for channel in range(field.shape[-1])]
    totals = np.zeros((len(planes), *places.shape[:2]), np.float32)
    for row, height in zip(rows, down, strict=True):
        for column, width in zip(columns, across, strict=True):
            cell, weight = row * size + column, height * width
            for total, plane in zip(totals, planes, strict=True):
                total += weight * plane.take(cell)
    return np.moveaxis(totals, 0, -1)
