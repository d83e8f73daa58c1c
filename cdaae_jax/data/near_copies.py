"""Finds the same picture under two people: a leak, if one of them is trained on and the other judged."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int64, UInt8
from PIL import Image

# Pictures of 16x16 greys, without their mean and of length 1, are compared by their product. It is 0.9998 and more for
# a picture that was scaled, compressed or brightened, and at most 0.970 for two of the 80 London people, who are all
# aligned alike.
SIDE = 16
SAME = 0.99
_BLOCK = 2048

Greys = Float32[np.ndarray, "n 256"]


def greys(picture: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "256"]:
    """Returns what pictures are compared by."""
    small = Image.fromarray(picture).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    values = np.asarray(small, np.float32).ravel()
    values -= values.mean()
    return values / max(float(np.linalg.norm(values)), 1e-6)


def pairs(greys: Greys, person: Sequence[int] | Int64[np.ndarray, " n"]) -> list[tuple[int, int]]:
    """Returns the pairs of pictures that are the same, mirrored or not, though the people are not.

    Time grows with the square of the number of pictures: seconds for 20,000, a quarter of an hour for 200,000. Memory
    does not.

    Args:
      greys: of each picture.
      person: whose it is.

    Returns:
      (i, j), i < j, in order.
    """
    person = np.asarray(person)
    mirrored = greys.reshape(-1, SIDE, SIDE)[:, :, ::-1].reshape(len(greys), -1)
    found: set[tuple[int, int]] = set()
    for first in range(0, len(greys), _BLOCK):
        rows = slice(first, first + _BLOCK)
        for second in range(first, len(greys), _BLOCK):
            columns = slice(second, second + _BLOCK)
            alike = (greys[rows] @ greys[columns].T > SAME) | (greys[rows] @ mirrored[columns].T > SAME)
            alike &= person[rows, None] != person[None, columns]
            i, j = np.nonzero(alike)
            found |= {(a, b) for a, b in zip((i + first).tolist(), (j + second).tolist(), strict=True) if a < b}
    return sorted(found)
