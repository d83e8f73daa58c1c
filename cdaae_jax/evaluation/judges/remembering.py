"""Looking at equal pictures only once: every model is measured against the same sources and targets."""

import hashlib
from collections.abc import Callable
from typing import Generic, TypeVar

import jax
import numpy as np
from jaxtyping import UInt8

_Rows = TypeVar("_Rows")  # an array [N, ...], or a named tuple of such arrays


class Remembering(Generic[_Rows]):
    """A function from pictures to a row of numbers, or of several kinds of them, for each; called once per picture."""

    def __init__(self, function: Callable[[np.ndarray], _Rows]):
        self._function = function
        self._known: dict[bytes, _Rows] = {}

    def __call__(self, pictures: UInt8[np.ndarray, "n s s 3"]) -> _Rows:
        """Returns the function's rows."""
        pictures = np.asarray(pictures)
        keys = [hashlib.blake2b(picture.tobytes()).digest() for picture in pictures]
        new = {key: i for i, key in enumerate(keys) if key not in self._known}
        if new:
            found = self._function(pictures[list(new.values())])
            for row, key in enumerate(new):
                self._known[key] = jax.tree.map(lambda part, row=row: part[row], found)
        return jax.tree.map(lambda *rows: np.stack(rows), *(self._known[key] for key in keys))
