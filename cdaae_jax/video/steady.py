"""What jitters from frame to frame becomes steady, without lagging: each frame is seen among those before and after it.

A filter that sees only the past (One-Euro, Casiez et al. 2012) trades jitter against lag. A file can be read ahead, so
points are fitted by a short curve through past and future (Savitzky & Golay 1964), which keeps the pace and the bends
of a real motion.
"""

import collections
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Float

REACH_SECONDS = 0.12  # how far a frame sees to each side

_Item = TypeVar("_Item")


def reach(rate: float) -> int:
    """Returns how many frames one sees to each side, given frames in a second."""
    return max(1, round(rate * REACH_SECONDS))


def among_neighbours(items: Iterable[_Item], reach: int) -> Iterator[tuple[list[_Item], int]]:
    """Yields, for each item in order, those from `reach` before it to `reach` after it, and where it is among them."""
    window: collections.deque[_Item] = collections.deque(maxlen=2 * reach + 1)
    before = 0  # of the next item to yield, its place in the window
    for item in items:
        full = len(window) == window.maxlen
        window.append(item)
        if len(window) - (before - full) > reach:
            before -= full
            yield list(window), before
            before += 1
    while before < len(window):
        if before > reach:
            window.popleft()
            before -= 1
        yield list(window), before
        before += 1


def steady(
    points: Mapping[int, Float[np.ndarray, "*shape"]], reach: int, width: float = 0.6
) -> Float[np.ndarray, "*shape"]:
    """Returns the points of a frame, fitted to what its neighbours show.

    Args:
      points: what the frames show, by their place relative to the frame: -reach to reach, the frame itself (0) and
        others may be missing.
      reach: the largest place.
      width: standard deviation of the weights, in reaches.
    """
    places = np.array(sorted(points))
    # A bend can be told from jitter only from both sides.
    degree = min(len(places) - 1, 2 if places[0] < 0 < places[-1] else 1)
    weights = np.exp(-0.5 * (places / (width * reach)) ** 2)
    basis = places[:, None] ** np.arange(degree + 1)
    # The fitted curve's value at 0 is this share of each frame's points.
    shares = np.linalg.pinv(basis * weights[:, None])[0] * weights
    return np.tensordot(shares, np.stack([points[place] for place in places]), axes=1)


def fading(present: Sequence[bool], index: int) -> float:
    """Returns how much of its change a face gets, 0..1: it comes and goes within a reach, and never at once.

    Args:
      present: whether the face is there, in a frame and its neighbours.
      index: which of them is the frame. Beyond the start and the end of the video there are no neighbours, and nothing
        fades there.
    """
    shares = []
    for side in (present[:index][::-1], present[index + 1 :]):
        seen = [distance for distance, there in enumerate(side, start=1) if there]
        shares.append(max(seen, default=0) / len(side) if side else float(present[index]))
    least = min(shares)
    return least * least * (3.0 - 2.0 * least)
