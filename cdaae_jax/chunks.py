"""Many rows through a compiled function, some at a time: chunk, pad, call, cut."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Shaped

Tree = Any


def in_chunks(function: Callable[..., Tree], *arrays: Shaped[np.ndarray, "n ..."], most: int, least: int = 1) -> Tree:
    """Returns the results of a function for N rows, as numpy arrays [N, ...].

    Args:
      function: takes a chunk of each array and returns arrays with as many rows, one or a tree of them. The result for
        a row must not depend on the other rows.
      arrays: one or several, N rows each; N may be 0.
      most: the maximum of rows per call, which bounds memory.
      least: the last chunk is filled up to this number of rows or to the next power of two, so that few shapes are
        compiled. With `least` = `most` there is only one.

    Raises:
      ValueError: no array, arrays of different numbers of rows, or not 1 <= `least` <= `most`.
    """
    counts = {len(array) for array in arrays}
    if len(counts) != 1 or not 1 <= least <= most:
        raise ValueError(
            f"there are arrays of {sorted(counts)} rows, in chunks of {least} to {most}; give arrays of one length, "
            "and 1 <= least <= most"
        )
    parts = []
    for start in range(0, max(*counts, 1), most):
        chunks = [np.asarray(array[start : start + most]) for array in arrays]
        count = len(chunks[0])
        size = min(most, max(least, 1 << max(count - 1, 0).bit_length()))
        made = function(*(_filled_up(chunk, size) for chunk in chunks))
        parts.append(jax.tree.map(lambda leaf, count=count: np.asarray(leaf)[:count], made))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def _filled_up(chunk: np.ndarray, size: int) -> np.ndarray:
    """Repeats the last row up to `size` rows; the function is known to accept this row."""
    if not len(chunk):
        return np.zeros((size, *chunk.shape[1:]), chunk.dtype)
    return np.concatenate([chunk, np.repeat(chunk[-1:], size - len(chunk), axis=0)])
