"""All faces of a photo, whatever their size and however they are turned."""

import dataclasses
import functools
import math
import os
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Float32, UInt8
from PIL import Image

from cdaae_jax.faces.detections import DETECTOR_SIDE, MIN_SCORE, Detection, merged
from cdaae_jax.faces.model_file import find_face_model, load_networks
from cdaae_jax.faces.networks import PUPILS, Matrix, Networks, region, sample

Photo = UInt8[np.ndarray, "height width 3"]
Point = tuple[float, float]

# Points of an eye (MediaPipe's numbers), the person's right eye first: two corners, then upper and lower lid.
EYES = (((33, 133), ((158, 144), (159, 145), (160, 153))), ((362, 263), ((385, 380), (386, 374), (387, 373))))
CLOSED = 0.12  # an eye that is less open than this, in widths of the eye, hides its iris; calm eyes have 0.2 to 0.35

# The detector sees faces from about an eighth to the whole of its view, so that views half as wide, from one level to
# the next, miss none; views of a level overlap by more than the largest face that the level before did not see.
_STRIDE = 0.65
_SMALLEST_VIEW = 192  # pixels: shows faces of 24
_SMALLEST_SHARE = 1 / 12  # of the longer side: bounds the time that a huge photo takes
_TURNED_SHARE = 1 / 4  # the same where nothing was found upright, and the photo is turned
_CLEARLY = 0.05  # what a turned view's score must have more, to be preferred


@dataclasses.dataclass(frozen=True, eq=False)
class Face:
    """A face in a photo; points are (x, y) in pixels from its top left corner, as in `data.alignment`.

    Attributes:
      points: [478, 2], MediaPipe's landmarks.
      blendshapes: [52], 0..1, in the order of `networks.BLENDSHAPE_NAMES`.
      score: 0..1, the detector's.
      presence: 0..1, the landmark network's.
    """

    points: Float32[np.ndarray, "478 2"]
    blendshapes: Float32[np.ndarray, "52"]
    score: float
    presence: float

    @functools.cached_property
    def eyes(self) -> tuple[Point, Point]:
        """The pupils, the person's right eye first, whichever way the head is turned.

        Where an eye is closed or its iris hidden, the middle between the eye's corners stands in.
        """
        right, left = (_eye(self.points, *eye) for eye in zip(PUPILS, EYES, strict=True))
        return right, left

    @property
    def pupils(self) -> tuple[Point, Point]:
        """The eyes, the one with the smaller x first."""
        first, second = sorted(self.eyes)
        return first, second

    @property
    def size(self) -> float:
        """The longer side of the box around the points, in pixels."""
        return float(np.ptp(self.points, axis=0).max())

    @property
    def hull(self) -> Float[np.ndarray, "k 2"]:
        """The corners of the smallest convex shape around the points, in order."""
        from scipy.spatial import ConvexHull  # it takes 0.2 s to import, and who only finds faces needs none

        return self.points[ConvexHull(self.points).vertices]


@dataclasses.dataclass(frozen=True, eq=False)
class FaceFinder:
    """Finds faces in photos. Not safe for several threads at once.

    Attributes:
      networks: the face landmarker's.
    """

    networks: Networks

    @classmethod
    def load(cls, model: str | os.PathLike | None = None) -> "FaceFinder":
        """Opens the face landmarker.

        Args:
          model: path of a `face_landmarker.task`; None takes what CDAAE_FACE_MODEL names, or else the file in the
            user's cache folder, which is fetched once (4 MB).

        Raises:
          UserError: the file is missing, damaged or cannot be fetched; or ai-edge-litert is not installed.
        """
        return cls(Networks.load(load_networks(model or find_face_model())))

    def find(self, photo: Photo, most: int = 20) -> list[Face]:
        """Returns the faces of a photo, the largest first.

        The detector sees the whole photo, then ever smaller parts of it. Where it sees nothing, the photo is turned by
        90, 270 and 180 degrees. Whether there is a face, the landmark network decides.

        Args:
          photo: uint8 [H, W, 3].
          most: how many faces at most. 1 looks at no smaller parts once a face is found, which is much quicker.

        Raises:
          ValueError: the photo has another dtype or shape.
        """
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[-1] != 3 or not photo.size:
            raise ValueError(f"photo is {photo.dtype} {list(photo.shape)}, but must be uint8 [H, W, 3]; convert it")
        for quarters in (0, 1, 3, 2):
            turned = np.ascontiguousarray(np.rot90(photo, quarters))
            found = self._find_upright(turned, most, _TURNED_SHARE if quarters else _SMALLEST_SHARE)
            if found:
                return [_turned_back(face, quarters, photo.shape[1], photo.shape[0]) for face in found]
        return []

    def follow(self, photo: Photo, face: Face) -> Face | None:
        """Returns a face of the last picture of a video in the next one; None where it is not there any more.

        Much quicker than `find`, as the detector is not asked.
        """
        points, presence = self.networks.landmarks(photo, _region_of(face.points))
        if presence < MIN_SCORE:
            return None
        return Face(points, self.networks.blendshapes(points), face.score, presence)

    def _find_upright(self, photo: Photo, most: int, smallest: float) -> list[Face]:
        detected: list[Detection] = []
        faces: list[Face] = []
        for level in _views(photo, smallest):
            new = [one.placed(side, corner) for view, side, corner in level for one in self.networks.detect(view)]
            known = merged(detected)
            detected = merged([*detected, *new])
            for one in detected:
                if not any(one is other for other in known):
                    self._look_closer(photo, one, faces)
            if len(faces) >= most:
                break
        return sorted(faces, key=lambda face: -face.size)[:most]

    def _look_closer(self, photo: Photo, detection: Detection, faces: list[Face]) -> None:
        """Adds a detected face to the faces, if it is one and is not among them."""
        view = self._upright(photo, region(detection.low, detection.high, *detection.keypoints[:2]))
        points, presence = self.networks.landmarks(photo, view)
        if presence < MIN_SCORE:
            return
        # A second look, centred by the first: the detector's box of a small or turned face is coarse.
        points, presence = self.networks.landmarks(photo, _region_of(points))
        if presence < MIN_SCORE or any(_same_face(points, face.points) for face in faces):
            return
        faces.append(Face(points, self.networks.blendshapes(points), detection.score, presence))

    def _upright(self, photo: Photo, view: Matrix) -> Matrix:
        """Returns the view of a face, turned by right angles until the face in it is upright.

        The detector takes chins for foreheads, and the landmark network then sees a face too. Of the four ways to turn
        the view, the detector's score is highest for the right one: 0.85 and more against 0.6 to 0.82.
        """
        views = [_turned(view, quarters) for quarters in range(4)]
        found = [self.networks.detect(sample(photo, one, DETECTOR_SIDE, repeat_border=True)) for one in views]
        scores = [each[0].score if each else 0.0 for each in found]
        best = int(np.argmax(scores))
        return views[best] if scores[best] > scores[0] + _CLEARLY else view


def _turned(view: Matrix, quarters: int) -> Matrix:
    """Returns a view, turned around its middle by right angles."""
    turn = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), quarters)
    linear = view[:, :2] @ turn
    return np.column_stack([linear, view @ [0.5, 0.5, 1] - linear @ [0.5, 0.5]]).astype(np.float32)


def _views(photo: Photo, smallest: float) -> Iterator[list[tuple[np.ndarray, float, np.ndarray]]]:
    """Yields levels of square views of a photo, each with its side and top left corner in pixels of the photo.

    The first level is the whole photo; the views of the last are the given share of its longer side, or _SMALLEST_VIEW.
    """
    height, width = photo.shape[:2]
    side = float(max(height, width))
    picture = Image.fromarray(photo)
    last = max(_SMALLEST_VIEW, side * smallest)
    while True:
        # The level as a whole at the detector's scale, in the middle of black where it is smaller than a view.
        scale = DETECTOR_SIDE / side
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = np.asarray(picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
        across, down = (max(0, DETECTOR_SIDE - length) for length in size)
        left, top = across // 2, down // 2
        small = np.pad(small, ((top, down - top), (left, across - left), (0, 0)))
        yield [
            (
                small[y : y + DETECTOR_SIDE, x : x + DETECTOR_SIDE],
                side,
                np.array([x - left, y - top]) / scale,
            )
            for y in _starts(small.shape[0])
            for x in _starts(small.shape[1])
        ]
        if side <= last:
            return
        side = max(side / 2, last)


def _starts(length: int) -> list[int]:
    """Returns where views begin that cover a length."""
    last = length - DETECTOR_SIDE
    steps = math.ceil(last / (DETECTOR_SIDE * _STRIDE))
    return [round(last * step / max(steps, 1)) for step in range(steps + 1)]


def _region_of(points: Float32[np.ndarray, "478 2"]) -> Matrix:
    """Returns where the landmark network looks for a face whose points are known: their box in the face's own frame."""
    (right, _), (_, left) = EYES[0][0], EYES[1][0]
    across = points[left] - points[right]
    angle = math.atan2(across[1], across[0])
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    own = points @ turn
    middle = turn @ (own.min(axis=0) + own.max(axis=0)) / 2
    half = np.ptp(own, axis=0).max() / 2
    return region(middle - half, middle + half, points[right], points[left])


def _same_face(one: np.ndarray, other: np.ndarray) -> bool:
    """Says whether two sets of points lie on one another: their middles closer than a third of the smaller size."""
    size = min(np.ptp(one, axis=0).max(), np.ptp(other, axis=0).max())
    return bool(np.linalg.norm(one.mean(axis=0) - other.mean(axis=0)) < size / 3)


def _eye(points: np.ndarray, pupil: int, eye: tuple) -> Point:
    (first, second), lids = eye
    corners = points[first], points[second]
    width = np.linalg.norm(corners[1] - corners[0])
    gap = np.mean([np.linalg.norm(points[upper] - points[lower]) for upper, lower in lids])
    middle = (corners[0] + corners[1]) / 2
    hidden = gap < CLOSED * width or np.linalg.norm(points[pupil] - middle) > width / 2
    x, y = middle if hidden else points[pupil]
    return float(x), float(y)


def _turned_back(face: Face, quarters: int, width: int, height: int) -> Face:
    """Returns a face that was found in np.rot90(photo, quarters) as it lies in the photo."""
    x, y = face.points.T
    turned = {0: (x, y), 1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[quarters]
    return dataclasses.replace(face, points=np.stack(turned, axis=1))
