"""Which frames of a clip show its expression most, by MediaPipe's blendshapes.

A clip of somebody who speaks shows the expression in some frames and half-spoken vowels in others. Each emotion has
blendshapes of its own; a frame's score is their mean, and of neutral clips the calmest frames are taken. noseSneer,
cheekSquint and cheekPuff are left out: the network does not move them.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Float64

from cdaae_jax.faces.networks import BLENDSHAPE_NAMES

# After the action units that Ekman & Friesen's EMFACS lists for each emotion, as far as blendshapes show them.
_SHOWN_BY = {
    "happy": ("mouthSmileLeft", "mouthSmileRight"),
    "sad": ("browInnerUp", "mouthFrownLeft", "mouthFrownRight", "mouthShrugLower"),
    "surprised": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "eyeWideLeft", "eyeWideRight", "jawOpen"),
    "fearful": ("browInnerUp", "eyeWideLeft", "eyeWideRight", "mouthStretchLeft", "mouthStretchRight"),
    "disgusted": ("browDownLeft", "browDownRight", "eyeSquintLeft", "eyeSquintRight", "mouthUpperUpLeft"),
    "angry": ("browDownLeft", "browDownRight", "mouthPressLeft", "mouthPressRight"),
    "contemptuous": ("mouthDimpleLeft", "mouthDimpleRight", "mouthSmileLeft", "mouthSmileRight"),
}
# Where the eyes look and that they blink is no expression; blinks would pass for the calmest or the strongest frames.
_NO_EXPRESSION = ("_neutral", "eyeLook", "eyeBlink")
_EXPRESSIVE = [i for i, name in enumerate(BLENDSHAPE_NAMES) if not name.startswith(_NO_EXPRESSION)]
_BLINK = [BLENDSHAPE_NAMES.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]


def score(expression: str, blendshapes: Float32[np.ndarray, "52"]) -> float:
    """Returns how much of an expression a face shows; expressions that are not in the table are taken for neutral.

    Args:
      expression: canonical name.
      blendshapes: 0..1, in the order of `networks.BLENDSHAPE_NAMES`.
    """
    names = _SHOWN_BY.get(expression)
    shown = (
        -float(blendshapes[_EXPRESSIVE].mean())
        if names is None
        else float(np.mean([blendshapes[BLENDSHAPE_NAMES.index(name)] for name in names]))
    )
    return shown - (1.0 if blendshapes[_BLINK].min() > 0.5 else 0.0)


def strongest(frames: Sequence[int], scores: Sequence[float], count: int, apart: int) -> list[int]:
    """Returns the numbers of the frames with the highest scores, in the order of time.

    Args:
      frames: their numbers, rising.
      scores: of each, in this order; smoothed here over neighbours, so that a single odd frame does not win.
      count: how many are wanted; there may be fewer.
      apart: numbers of two that are chosen differ by at least so much.
    """
    smooth = np.mean(_neighbours(np.median(_neighbours(np.asarray(scores, np.float64)), axis=0)), axis=0)
    chosen: list[int] = []
    for i in np.argsort(-smooth, kind="stable"):
        if len(chosen) < count and all(abs(frames[i] - other) >= apart for other in chosen):
            chosen.append(frames[i])
    return sorted(chosen)


def _neighbours(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "3 n"]:
    padded = np.pad(values, 1, mode="edge")
    return np.stack([padded[:-2], padded[1:-1], padded[2:]])
