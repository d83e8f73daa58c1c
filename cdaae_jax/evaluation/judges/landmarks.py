"""Faces found in pictures, with 478 landmarks and 52 blendshapes: MediaPipe's face landmarker without MediaPipe.

The networks are Google's (`judges.pip_weights`), run by the package ai-edge-litert (extra
`photo`); what lies between them is our own code after MediaPipe's graphs (github.com/google-ai-edge/mediapipe,
mediapipe/tasks/cc/vision: face_detector/face_detector_graph.cc, face_landmarker/face_landmarks_detector_graph.cc
and face_blendshapes_graph.cc). One still picture at a time: no tracking, no smoothing, one face.

What the networks were trained on is not documented: judge with them, never train with them. The blendshapes
noseSneer, cheekSquint and cheekPuff stay near zero whatever the face does.
"""

import dataclasses
import math
import os
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, UInt8
from PIL import Image

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges.pip_weights import BLENDSHAPES, DETECTOR, LANDMARKS, load_landmarker

Images = UInt8[np.ndarray, "n height width 3"]
Picture = UInt8[np.ndarray, "height width 3"]
Matrix = Float32[np.ndarray, "2 3"]
Point = Float[np.ndarray, "2"]

NUM_POINTS = 478
# The centres of the two irises, the one with the smaller x (the person's right eye) first.
PUPILS = (468, 473)
MIN_SCORE = 0.5  # MediaPipe's default for both: the detector's score and the face's presence in the crop
MIN_OVERLAP = 0.3  # boxes that share more than this (intersection over union) show the same face
ROI_SCALE = 1.5  # the landmark network sees the detector's box, that much larger
DETECTOR_SIDE = 128
LANDMARKS_SIDE = 256

# `kBlendshapeNames` of face_blendshapes_graph.cc; left and right are the person's.
BLENDSHAPE_NAMES = tuple(
    """
    _neutral browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft
    cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight
    eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight
    jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight
    mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker mouthRight
    mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft mouthSmileRight mouthStretchLeft
    mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft noseSneerRight
    """.split()
)

# `kLandmarksSubsetIdxs` of face_blendshapes_graph.cc: the points that the blendshape network sees.
BLENDSHAPE_POINTS = tuple(
    int(index)
    for index in """
    0 1 4 5 6 7 8 10 13 14 17 21 33 37 39 40 46 52 53 54 55 58 61 63 65 66 67 70 78 80 81 82 84 87 88 91 93 95
    103 105 107 109 127 132 133 136 144 145 146 148 149 150 152 153 154 155 157 158 159 160 161 162 163 168
    172 173 176 178 181 185 191 195 197 234 246 249 251 263 267 269 270 276 282 283 284 285 288 291 293 295
    296 297 300 308 310 311 312 314 317 318 321 323 324 332 334 336 338 356 361 362 365 373 374 375 377 378
    379 380 381 382 384 385 386 387 388 389 390 397 398 400 402 405 409 415 454 466 468 469 470 471 472 473
    474 475 476 477
    """.split()
)


class Detection(NamedTuple):
    """The best face of a picture.

    `score` 0..1; in fractions of the detector's square input the box `low` (left, top) and `high` (right, bottom),
    and six `keypoints`, the right eye and the left eye first.
    """

    score: float
    low: Point
    high: Point
    keypoints: Float[np.ndarray, "6 2"]


class Faces(NamedTuple):
    """What was found in N pictures; `points` and `blendshapes` of pictures without a face are NaN.

    `found`: both the detector and the landmark network see a face. `score` 0..1: the detector's, 0 for no face.
    `presence` 0..1: the landmark network's, 0 where it was not asked. `points`: (x, y) in pixels from the picture's
    top left corner, so that the centre of the first pixel is (0.5, 0.5). `blendshapes`: 0..1, in the order of
    BLENDSHAPE_NAMES.
    """

    found: Bool[np.ndarray, " n"]
    score: Float32[np.ndarray, " n"]
    presence: Float32[np.ndarray, " n"]
    points: Float32[np.ndarray, "n 478 2"]
    blendshapes: Float32[np.ndarray, "n 52"]


def blendshape(faces: Faces, name: str) -> Float32[np.ndarray, " n"]:
    """One blendshape by its name, or the mean of its left and right half ("mouthSmile")."""
    names = [name] if name in BLENDSHAPE_NAMES else [f"{name}Left", f"{name}Right"]
    return faces.blendshapes[:, [BLENDSHAPE_NAMES.index(each) for each in names]].mean(axis=1)


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


def best_detection(regressors: Float32[np.ndarray, "896 16"], logits: Float32[np.ndarray, "896"]) -> Detection | None:
    """The face with the highest score, or None where no score reaches MIN_SCORE.

    `regressors` hold, in pixels of the detector's input and relative to the anchor, the box's centre, its width
    and height, and six keypoints. All boxes that overlap the best one are averaged, weighted by their scores
    (MediaPipe's WEIGHTED suppression).
    """
    scores = sigmoid(logits)
    best = scores.argmax()
    if scores[best] < MIN_SCORE:
        return None
    shift = regressors.reshape(-1, 8, 2) / DETECTOR_SIDE
    centre, half = anchors() + shift[:, 0], shift[:, 1] / 2
    low, high = centre - half, centre + half
    shared = np.clip(np.minimum(high, high[best]) - np.maximum(low, low[best]), 0, None).prod(axis=1)
    union = (2 * half).prod(axis=1) + (2 * half[best]).prod() - shared
    same = (scores >= MIN_SCORE) & (shared > MIN_OVERLAP * union)
    keypoints = anchors()[:, None] + shift[:, 2:]
    low, high, keypoints = (np.average(part[same], axis=0, weights=scores[same]) for part in (low, high, keypoints))
    return Detection(float(scores[best]), low, high, keypoints)


def region(low: Point, high: Point, right_eye: Point, left_eye: Point) -> Matrix:
    """The landmark network's view: from fractions (u, v, 1) of its input to points of the picture, [2, 3].

    The box (corners in pixels), enlarged by ROI_SCALE around its centre and turned until the eyes, given in
    pixels, are level.
    """
    width, height = ROI_SCALE * (high - low)
    angle = math.atan2(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0])
    cosine, sine = math.cos(angle), math.sin(angle)
    linear = np.array([[cosine * width, -sine * height], [sine * width, cosine * height]])
    corner = (low + high) / 2 - linear @ [0.5, 0.5]
    return np.column_stack([linear, corner]).astype(np.float32)


def sample(image: Picture, matrix: Matrix, side: int, repeat_border: bool) -> Picture:
    """The part of a picture that `matrix` (as of `region`) maps the unit square to, uint8 [side, side, 3].

    Bilinear, after whole blocks of pixels were averaged where the picture is much finer than the result. Outside
    the picture its border pixels are repeated, or it is black.
    """
    pixels = matrix.astype(np.float64) @ np.diag([1 / side, 1 / side, 1])
    photo = Image.fromarray(image)
    factor = max(1, int(math.hypot(pixels[0, 0], pixels[1, 0])))
    if factor > 1:
        photo, pixels = photo.reduce(factor), pixels / factor
    if repeat_border:
        corners = pixels @ np.array([[0, side, 0, side], [0, 0, side, side], [1, 1, 1, 1]])
        before = np.maximum(0, 2 - np.floor(corners.min(axis=1))).astype(int)
        after = np.maximum(0, 2 + np.ceil(corners.max(axis=1)) - photo.size).astype(int)
        margins = ((before[1], after[1]), (before[0], after[0]), (0, 0))
        photo = Image.fromarray(np.pad(np.asarray(photo), margins, mode="edge"))
        pixels = pixels + np.array([[0, 0, before[0]], [0, 0, before[1]]])
    part = photo.transform((side, side), Image.Transform.AFFINE, pixels.ravel().tolist(), Image.Resampling.BILINEAR)
    return np.asarray(part)


@dataclasses.dataclass(frozen=True, eq=False)
class Landmarker:
    """Finds the face of a picture, its landmarks and its blendshapes. Not safe for several threads at once.

    Attributes:
      networks: LiteRT interpreters by DETECTOR, LANDMARKS and BLENDSHAPES.
    """

    networks: dict[str, Any]

    @classmethod
    def load(cls, folder: str | os.PathLike, num_threads: int = 1) -> "Landmarker":
        """Reads what `fetch_judges` put into `folder`; UserError where it or ai-edge-litert is missing."""
        contents = load_landmarker(folder)
        try:
            from ai_edge_litert.interpreter import Interpreter  # an extra: the package works without it
        except ImportError as error:
            raise UserError(
                f"the face landmarker needs the package ai-edge-litert ({error}); "
                "install it with: pip install 'cdaae_jax[photo]'"
            ) from None
        networks = {name: Interpreter(model_content=c, num_threads=num_threads) for name, c in contents.items()}
        for network in networks.values():
            network.allocate_tensors()
        return cls(networks)

    def find(self, images: Images) -> Faces:
        """The face with the highest score in each picture, uint8 [N, H, W, 3]; ValueError for another dtype or shape.

        About 8 ms a picture. On the 160 aligned London photos the points lie 1.9 % of the inter-pupil distance (mean;
        median 1.6 %) from those that MediaPipe found, at 256 and 128 px alike; 2.0 % at 64 px, 3.3 % at 32 px. The
        blendshape mouthSmile tells smiling from neutral there with an AUC of 0.95.
        """
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
            raise ValueError(
                f"images are {images.dtype} {list(images.shape)}, allowed is uint8 [N, H, W, 3]; "
                "convert them to uint8 0..255, and put a single picture into an array of one"
            )
        faces = _nothing(len(images))
        for index, image in enumerate(images):
            self._find_one(image, index, faces)
        return faces

    def _find_one(self, image: Picture, index: int, faces: Faces) -> None:
        """Fills row `index` of `faces`."""
        detected = self.detect(image)
        if detected is None:
            return
        view, faces.score[index] = detected
        crop = sample(image, view, LANDMARKS_SIDE, repeat_border=True)
        points, presence = self._run(LANDMARKS, crop / np.float32(255))[:2]
        faces.presence[index] = sigmoid(presence.item())
        if faces.presence[index] < MIN_SCORE:
            return
        faces.found[index] = True
        inside = points.reshape(NUM_POINTS, 3)[:, :2] / LANDMARKS_SIDE
        faces.points[index] = inside @ view[:, :2].T + view[:, 2]
        faces.blendshapes[index] = self._run(BLENDSHAPES, faces.points[index, BLENDSHAPE_POINTS])[0]

    def detect(self, image: Picture) -> tuple[Matrix, float] | None:
        """The region (see `region`) of the best face of one picture [H, W, 3] and its score 0..1, or None."""
        height, width = image.shape[:2]
        side = max(height, width)
        # The picture lies in the middle of the detector's square, the rest is black.
        margin = np.array([(width - side) / 2, (height - side) / 2], np.float32)
        square = np.column_stack([np.eye(2) * side, margin]).astype(np.float32)
        view = sample(image, square, DETECTOR_SIDE, repeat_border=False)
        regressors, logits = self._run(DETECTOR, view / np.float32(127.5) - 1)
        detection = best_detection(regressors[0], logits[0, :, 0])
        if detection is None:
            return None
        low, high, *eyes = (part * side + margin for part in (detection.low, detection.high, *detection.keypoints[:2]))
        return region(low, high, *eyes), detection.score

    def _run(self, name: str, values: np.ndarray) -> list[np.ndarray]:
        network = self.networks[name]
        network.set_tensor(network.get_input_details()[0]["index"], values[None].astype(np.float32))
        network.invoke()
        return [network.get_tensor(output["index"]) for output in network.get_output_details()]


def _nothing(count: int) -> Faces:
    return Faces(
        found=np.zeros(count, bool),
        score=np.zeros(count, np.float32),
        presence=np.zeros(count, np.float32),
        points=np.full((count, NUM_POINTS, 2), np.nan, np.float32),
        blendshapes=np.full((count, len(BLENDSHAPE_NAMES)), np.nan, np.float32),
    )
