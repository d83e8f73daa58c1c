"""Google's face landmarker without MediaPipe: its three networks, and the crop that they look at.

The networks (`faces.model_file`) are run by the package ai-edge-litert (extra `photo`); what lies between them is our
own code after MediaPipe's graphs (github.com/google-ai-edge/mediapipe, mediapipe/tasks/cc/vision:
face_detector/face_detector_graph.cc, face_landmarker/face_landmarks_detector_graph.cc and
face_blendshapes_graph.cc). One still picture at a time: no tracking, no smoothing.

What the networks were trained on is not documented: find faces and judge with them, never train with them. The
blendshapes noseSneer, cheekSquint and cheekPuff stay near zero whatever the face does.
"""

import contextlib
import dataclasses
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, UInt8
from PIL import Image

from cdaae_jax.errors import UserError
from cdaae_jax.faces.detections import DETECTOR_SIDE, Detection, detections, sigmoid
from cdaae_jax.faces.model_file import BLENDSHAPES, DETECTOR, LANDMARKS

Picture = UInt8[np.ndarray, "height width 3"]
Matrix = Float32[np.ndarray, "2 3"]
Point = Float[np.ndarray, "2"]
Points = Float32[np.ndarray, "478 2"]

NUM_POINTS = 478
# The centres of the two irises, the person's right eye first: of an upright face, the one with the smaller x.
PUPILS = (468, 473)
ROI_SCALE = 1.5  # the landmark network sees the detector's box, that much larger
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
    factor = max(1, int(math.hypot(pixels[0, 0], pixels[1, 0])))
    part, corner = _around(image, pixels @ _corners(side), factor)
    photo = Image.fromarray(part)
    pixels = pixels - np.column_stack([np.zeros((2, 2)), corner])
    if factor > 1:
        photo, pixels = photo.reduce(factor), pixels / factor
    if repeat_border:
        corners = pixels @ _corners(side)
        before = np.maximum(0, 2 - np.floor(corners.min(axis=1))).astype(int)
        after = np.maximum(0, 2 + np.ceil(corners.max(axis=1)) - photo.size).astype(int)
        margins = ((before[1], after[1]), (before[0], after[0]), (0, 0))
        photo = Image.fromarray(np.pad(np.asarray(photo), margins, mode="edge"))
        pixels = pixels + np.array([[0, 0, before[0]], [0, 0, before[1]]])
    view = photo.transform((side, side), Image.Transform.AFFINE, pixels.ravel().tolist(), Image.Resampling.BILINEAR)
    return np.asarray(view)


def _corners(side: int) -> Float[np.ndarray, "3 4"]:
    return np.array([[0, side, 0, side], [0, 0, side, side], [1, 1, 1, 1]])


def _around(image: Picture, corners: Float[np.ndarray, "2 4"], factor: int) -> tuple[Picture, Float[np.ndarray, "2"]]:
    """Returns the part of a picture that a view needs and where it begins, in whole blocks of `factor` pixels.

    To reduce all of a large photo for one face in it would take far longer than the networks do.
    """
    limit = np.array(image.shape[1::-1])
    first = (np.floor(corners.min(axis=1) / factor) - 2).astype(int) * factor
    last = (np.ceil(corners.max(axis=1) / factor) + 2).astype(int) * factor
    first = np.clip(first, 0, (limit - 1) // factor * factor)
    last = np.clip(last, first + 1, limit)
    return image[first[1] : last[1], first[0] : last[0]], first


@contextlib.contextmanager
def without_lines(beginning: str) -> Iterator[None]:
    """Keeps lines that begin like this from standard error, where LiteRT's own code writes them; others pass.

    A program's refusal is one line there, and LiteRT has no switch for its greeting.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            caught.seek(0)
            others = [line for line in caught if not line.startswith(beginning.encode())]
            os.write(kept, b"".join(others))
            os.close(kept)


@dataclasses.dataclass(frozen=True, eq=False)
class Networks:
    """The three networks. Not safe for several threads at once.

    Attributes:
      interpreters: LiteRT interpreters by DETECTOR, LANDMARKS and BLENDSHAPES.
    """

    interpreters: dict[str, Any]

    @classmethod
    def load(cls, contents: dict[str, bytes], num_threads: int = 1) -> "Networks":
        """Makes networks of their files (`model_file.load_networks`); UserError where ai-edge-litert is missing."""
        try:
            from ai_edge_litert.interpreter import Interpreter  # an extra: the package works without it
        except ImportError as error:
            raise UserError(
                f"the face landmarker needs the package ai-edge-litert ({error}); "
                "install it with: pip install 'cdaae_jax[photo]'"
            ) from None
        with without_lines("INFO: Created TensorFlow Lite"):
            interpreters = {name: Interpreter(model_content=c, num_threads=num_threads) for name, c in contents.items()}
            for interpreter in interpreters.values():
                interpreter.allocate_tensors()
        return cls(interpreters)

    def detect(self, view: UInt8[np.ndarray, "128 128 3"]) -> list[Detection]:
        """Returns the faces of a square view, fractions of its side, the highest score first."""
        if view.shape != (DETECTOR_SIDE, DETECTOR_SIDE, 3):
            raise ValueError(f"a view is {list(view.shape)}, but must be [{DETECTOR_SIDE}, {DETECTOR_SIDE}, 3]")
        regressors, logits = self._run(DETECTOR, view / np.float32(127.5) - 1)
        return detections(regressors[0], logits[0, :, 0])

    def landmarks(self, picture: Picture, view: Matrix) -> tuple[Points, float]:
        """Returns the points, in pixels of the picture, and the presence 0..1 of the face in one `region` of it."""
        crop = sample(picture, view, LANDMARKS_SIDE, repeat_border=True)
        points, presence = self._run(LANDMARKS, crop / np.float32(255))[:2]
        inside = points.reshape(NUM_POINTS, 3)[:, :2] / LANDMARKS_SIDE
        return inside @ view[:, :2].T + view[:, 2], float(sigmoid(presence.item()))

    def blendshapes(self, points: Points) -> Float32[np.ndarray, "52"]:
        """Returns the blendshapes 0..1 of a face's points, in the order of BLENDSHAPE_NAMES."""
        return self._run(BLENDSHAPES, points[BLENDSHAPE_POINTS, :])[0]

    def _run(self, name: str, values: np.ndarray) -> list[np.ndarray]:
        network = self.interpreters[name]
        network.set_tensor(network.get_input_details()[0]["index"], values[None].astype(np.float32))
        network.invoke()
        return [network.get_tensor(output["index"]) for output in network.get_output_details()]
