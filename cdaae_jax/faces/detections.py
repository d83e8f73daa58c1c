"""What the detector's numbers mean: boxes of faces, and which of them show the same face."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Float64

Point = Float[np.ndarray, "2"]

MIN_SCORE = 0.5  # MediaPipe's default for both: the detector's score and the face's presence in the crop
MIN_OVERLAP = 0.3  # boxes that share more than this (intersection over union) show the same face
DETECTOR_SIDE = 128


class Detection(NamedTuple):
    """A face of a picture.

    `score` 0..1; in fractions of the detector's square input the box `low` (left, top) and `high` (right, bottom),
    and six `keypoints`, the right eye and the left eye first.
    """

    score: float
    low: Point
    high: Point
    keypoints: Float[np.ndarray, "6 2"]

    def placed(self, side: float, corner: Point) -> "Detection":
        """Returns the detection in pixels of a photo, whose square of `side` pixels at `corner` was looked at."""
        low, high, keypoints = (part * side + corner for part in (self.low, self.high, self.keypoints))
        return Detection(self.score, low, high, keypoints)


def sigmoid(logits: Float[np.ndarray, "..."] | float) -> Float64[np.ndarray, "..."]:
    """Scores 0..1 of logits, which MediaPipe clips to -100..100 first."""
    return 1 / (1 + np.exp(-np.clip(np.float64(logits), -100, 100)))


def anchors() -> Float32[np.ndarray, "896 2"]:
    """The centres (x, y) of the detector's 896 anchors, fractions of its input, row by row.

    Two for each cell of a 16x16 grid, then six (three layers of two) for each cell of an 8x8 grid.
    """
    centres = []
    for side, per_cell in ((16, 2), (8, 6)):
        row, column = np.divmod(np.arange(side * side), side)
        cells = (np.stack([column, row], axis=1) + 0.5) / side
        centres.append(cells.repeat(per_cell, axis=0))
    return np.concatenate(centres).astype(np.float32)


_ANCHORS = anchors()


def detections(regressors: Float32[np.ndarray, "896 16"], logits: Float32[np.ndarray, "896"]) -> list[Detection]:
    """The faces in the detector's output, the highest score first; none where no score reaches MIN_SCORE.

    `regressors` hold, in pixels of the detector's input and relative to the anchor, the box's centre, its width
    and height, and six keypoints. All boxes that overlap the best one are averaged, weighted by their scores
    (MediaPipe's WEIGHTED suppression); then the best of the others is taken, and so on.
    """
    scores = sigmoid(logits)
    left = scores >= MIN_SCORE
    if not left.any():
        return []
    shift = regressors.reshape(-1, 8, 2) / DETECTOR_SIDE
    centre, half = _ANCHORS + shift[:, 0], shift[:, 1] / 2
    low, high = centre - half, centre + half
    keypoints = _ANCHORS[:, None] + shift[:, 2:]
    found = []
    while left.any():
        best = np.where(left, scores, 0).argmax()
        same = left & (overlap(low, high, low[best], high[best]) > MIN_OVERLAP)
        same[best] = True  # a box without an area overlaps nothing
        average = (np.average(part[same], axis=0, weights=scores[same]) for part in (low, high, keypoints))
        found.append(Detection(float(scores[best]), *average))
        left &= ~same
    return found


def overlap(
    low: Float[np.ndarray, "n 2"], high: Float[np.ndarray, "n 2"], other_low: Point, other_high: Point
) -> Float[np.ndarray, " n"]:
    """Returns the intersection over the union of each box with another box."""
    shared = np.clip(np.minimum(high, other_high) - np.maximum(low, other_low), 0, None).prod(axis=-1)
    union = (high - low).prod(axis=-1) + (other_high - other_low).prod() - shared
    return shared / np.maximum(union, 1e-12)


def merged(found: list[Detection]) -> list[Detection]:
    """Returns detections of overlapping views with each face once, the highest score first.

    A view that cuts a face shows a smaller box inside the whole one, so that a box also counts as the same face where
    most of the smaller of the two is shared.
    """
    kept: list[Detection] = []
    for one in sorted(found, key=lambda each: -each.score):
        if not any(_same_face(one, other) for other in kept):
            kept.append(one)
    return kept


_MOST = 0.6  # of the smaller box


def _same_face(one: Detection, other: Detection) -> bool:
    shared = np.clip(np.minimum(one.high, other.high) - np.maximum(one.low, other.low), 0, None).prod()
    smaller = min((one.high - one.low).prod(), (other.high - other.low).prod())
    return bool(
        overlap(one.low[None], one.high[None], other.low, other.high)[0] > MIN_OVERLAP or shared > _MOST * smaller
    )
