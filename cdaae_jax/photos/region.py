"""A change, made to the face in a whole photo at the photo's own resolution.

The photo is not turned, scaled and turned back, which would blur it twice. The change is: its fields are smooth, so
they are sampled in the photo's own coordinates, and the photo's pixels move once. Where the change is nothing, every
pixel stays what it was.
"""

import math
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax.data.alignment import GEOMETRY, Geometry, similarity, to_aligned
from cdaae_jax.faces.finder import Face
from cdaae_jax.models.change import Change
from cdaae_jax.photos import grids

Photo = UInt8[np.ndarray, "height width 3"]
Matrix = Float[np.ndarray, "2 3"]
Grid = Float[np.ndarray, "k k"]

WINDOW_CELLS = 128
# In sides of the aligned picture. A change has its full strength up to REACH beyond the face's points, and below the
# chin up to CHIN more, because a jaw drops; from there it fades.
REACH = 0.03
CHIN = 0.10
FADE = 0.10
BORDER_FADE = 0.06  # and it fades towards the border of the aligned picture,
# at the bottom more slowly: a jaw that drops by 0.07 would be squashed flat if it had to stop within 0.06.
BOTTOM_FADE = 0.16
_CHIN_STEPS = 5

LARGEST_SIDE = 1536  # pixels; larger regions are changed part by part, which bounds memory
_SMALLEST_SIDE = 64


def constants() -> dict[str, float]:
    """Returns the numbers that another program needs which makes changes in photos, such as a page in a browser."""
    return {
        "windowCells": WINDOW_CELLS,
        "reach": REACH,
        "chin": CHIN,
        "chinSteps": _CHIN_STEPS,
        "fade": FADE,
        "borderFade": BORDER_FADE,
        "bottomFade": BOTTOM_FADE,
        "largestSide": LARGEST_SIDE,
        "smallestSide": _SMALLEST_SIDE,
    }


def placement(face: Face, geometry: Geometry = GEOMETRY) -> Matrix:
    """Returns the similarity from the aligned picture, whose sides are 1, to the photo in which the face is."""
    return similarity(*face.eyes, size=1.0, geometry=geometry)


def window(hull: Float[np.ndarray, "n 2"], matrix: Matrix) -> Grid:
    """Returns how much of a change is made where: 1 on the face, and 0 before the aligned picture ends.

    Args:
      hull: corners of a convex shape around the face's points, in pixels of the photo, in order.
      matrix: see `placement`.

    Returns:
      Float [WINDOW_CELLS, WINDOW_CELLS] over the aligned picture, 0..1.
    """
    corners = to_aligned(hull, matrix)
    at = (np.arange(WINDOW_CELLS) + 0.5) / WINDOW_CELLS
    places = np.stack(np.meshgrid(at, at), axis=-1)
    shifts = np.linspace(0, CHIN, _CHIN_STEPS)
    outside = np.min([_distance(places - (0, down), corners) for down in shifts], axis=0)
    # Less the outermost cell, which is to be 0 itself.
    left, top = np.moveaxis(places - 0.5 / WINDOW_CELLS, -1, 0)
    right, bottom = np.moveaxis(1 - 0.5 / WINDOW_CELLS - places, -1, 0)
    border = np.minimum(np.minimum(left, right), top)
    return _smooth(1 - (outside - REACH) / FADE) * _smooth(border / BORDER_FADE) * _smooth(bottom / BOTTOM_FADE)


def apply_to_face(
    photo: Photo, change: Change, face: Face, amount: float = 1.0, geometry: Geometry = GEOMETRY
) -> Photo:
    """Returns the photo with a change made to one of its faces.

    Args:
      photo: uint8 [H, W, 3].
      change: one change, of the face aligned by `geometry`.
      face: where it is.
      amount: 0 to 1.5; 0 returns the photo exactly.
      geometry: of the training set.

    Returns:
      uint8 [H, W, 3]. Outside the face's surroundings every pixel is the photo's.
    """
    return apply_in_window(photo, change, placement(face, geometry), face.hull, amount)


def apply_in_window(
    photo: Photo, change: Change, matrix: Matrix, hull: Float[np.ndarray, "n 2"], amount: float = 1.0
) -> Photo:
    """Returns what `apply_to_face` does, for a face that is given by its `placement` and its hull."""
    change = jax.tree.map(np.asarray, change)
    strength = window(hull, matrix)
    changed = photo.copy()
    for left, top, right, bottom, margin in _parts(photo, change, matrix, strength, amount):
        side = _side(max(right - left, bottom - top) + 2 * margin)
        x, y = left - margin, top - margin
        local = in_photo(change, strength, matrix, (x, y), side)
        made = local.apply(_cut(photo, x, y, side), amount)
        changed[top:bottom, left:right] = made[margin : margin + bottom - top, margin : margin + right - left]
    return changed


def in_photo(change: Change, strength: Grid, matrix: Matrix, corner: tuple[int, int], side: int) -> Change:
    """Returns a change of the aligned picture as a change of an upright square of the photo, weakened by a window.

    Args:
      change: of one picture, numpy fields.
      strength: see `window`.
      matrix: see `placement`.
      corner: (x, y) of the square's top left corner in pixels of the photo.
      side: of the square in pixels.
    """
    cells = 2 * max(one.shape[1] for one in vars(change).values() if one is not None)
    at = (np.arange(cells) + 0.5) / cells * side
    places = to_aligned(np.stack(np.meshgrid(at + corner[0], at + corner[1]), axis=-1), matrix)
    fields = {name: values[0] for name, values in vars(change).items() if values is not None}
    sampled = grids.sampled({"strength": strength[..., None], **fields}, places)
    share = sampled.pop("strength").clip(0, 1)
    if "flow" in sampled:
        # In sides of the aligned picture, along its axes; becomes sides of the square, along the photo's.
        sampled["flow"] = sampled["flow"] @ (matrix[:, :2].T / side)
    # What is painted is weakened by its mask alone.
    weakened: dict[str, Any] = {n: values if n == "paint" else share * values for n, values in sampled.items()}
    return Change(**{name: values[None].astype(np.float32) for name, values in weakened.items()})


def _parts(
    photo: Photo, change: Change, matrix: Matrix, strength: Grid, amount: float
) -> Iterator[tuple[int, int, int, int, int]]:
    """Yields what has to be made anew, piece by piece: left, top, right, bottom, and how far pixels come from."""
    row, column = np.nonzero(strength)
    if not len(row):
        return
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    cells = np.stack([column, row], axis=1) + 0.5
    # A cell's influence ends two cells from its middle, as that of each cubic does.
    ends = np.concatenate([(cells + np.array(d)) / WINDOW_CELLS for d in ((-2, -2), (2, -2), (-2, 2), (2, 2))])
    at = ends @ matrix[:, :2].T + matrix[:, 2]
    height, width = photo.shape[:2]
    left, top = np.clip(np.floor(at.min(axis=0)).astype(int), 0, (width, height))
    right, bottom = np.clip(np.ceil(at.max(axis=0)).astype(int), 0, (width, height))
    flow = 0.0 if change.flow is None else float(np.linalg.norm(change.flow, axis=-1).max())
    margin = math.ceil(1.1 * amount * flow * scale) + 3  # a cubic may overshoot its grid's values
    most = max(LARGEST_SIDE - 2 * margin, LARGEST_SIDE // 4)
    for y, below in _pieces(top, bottom, most):
        for x, beside in _pieces(left, right, most):
            yield x, y, beside, below, margin


def _pieces(first: int, last: int, most: int) -> list[tuple[int, int]]:
    """Returns equal pieces of a range, none longer than `most`."""
    ends = np.linspace(first, last, max(1, math.ceil((last - first) / most)) + 1).round().astype(int).tolist()
    return list(zip(ends[:-1], ends[1:], strict=True))


def _side(needed: int) -> int:
    """Returns the next of a few sizes, four from each power of two to the next, as each is compiled once."""
    power = 2 ** max(0, math.ceil(math.log2(max(needed, _SMALLEST_SIDE))) - 3)
    return math.ceil(max(needed, _SMALLEST_SIDE) / power) * power


def _cut(photo: Photo, x: int, y: int, side: int) -> Photo:
    """Returns a square of a photo; beyond the photo, its border pixels are repeated."""
    height, width = photo.shape[:2]
    if x >= 0 and y >= 0 and x + side <= width and y + side <= height:
        return photo[y : y + side, x : x + side]
    rows, columns = np.arange(y, y + side).clip(0, height - 1), np.arange(x, x + side).clip(0, width - 1)
    return photo[rows[:, None], columns]


def _distance(places: Float[np.ndarray, "k k 2"], corners: Float[np.ndarray, "n 2"]) -> Grid:
    """Returns how far places lie outside a convex shape, as seen from its farthest edge; negative inside."""
    along = np.roll(corners, -1, axis=0) - corners
    outwards = np.stack([along[:, 1], -along[:, 0]], axis=-1)
    outwards /= np.maximum(np.linalg.norm(outwards, axis=-1, keepdims=True), 1e-12)
    if (outwards * (corners - corners.mean(axis=0))).sum() < 0:
        outwards = -outwards
    return (places @ outwards.T - (outwards * corners).sum(axis=-1)).max(axis=-1)


def _smooth(share: Grid) -> Grid:
    """Returns a share, cut to 0..1, that leaves 0 and arrives at 1 without a kink."""
    share = share.clip(0, 1)
    return share * share * (3 - 2 * share)
