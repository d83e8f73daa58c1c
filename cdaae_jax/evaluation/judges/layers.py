"""What the networks that judge faces share: the part of a crop that each sees, and their convolutions."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, UInt8

# The shapes that this file uses.
Images = UInt8[np.ndarray, "n side side 3"]
Pictures = Float[Array, "n height width 3"]
Maps = Float[Array, "n rows columns channels"]
Kernel = Float[Array, "height width in out"]
Weights = Mapping[str, Float[Array, "..."]]

CHUNK = 32  # pictures in each call of a network, the last ones filled up: one compilation per picture size


class Box(NamedTuple):
    """A square part of a picture: `left`, `top` and `side` as fractions of the picture's side."""

    left: float
    top: float
    side: float


def cut_out(images: Images, box: Box, side: int) -> Pictures:
    """The part `box` of pictures [N, S, S, 3], resampled (linear, antialiased) to [N, side, side, 3], 0..255.

    Where the box leaves the picture, the picture's outermost rows and columns are repeated.
    """
    picture_side = images.shape[1]
    scale = side / (box.side * picture_side)
    outside = max(-box.left, -box.top, box.left + box.side - 1, box.top + box.side - 1, 0.0)
    # The margin is wider because the antialiasing filter reaches beyond the points that it samples.
    margin = math.ceil(outside * picture_side) + math.ceil(max(1.0, 1.0 / scale)) + 1
    padded = jnp.pad(images, [(0, 0), (margin, margin), (margin, margin), (0, 0)], mode="edge")
    start = np.asarray([box.top, box.left]) * picture_side + margin
    return jax.image.scale_and_translate(
        padded.astype(jnp.float32),
        (images.shape[0], side, side, 3),
        spatial_dims=(1, 2),
        scale=jnp.asarray([scale, scale], jnp.float32),
        translation=jnp.asarray(-start * scale, jnp.float32),
        method="linear",
        antialias=True,
    )


def convolve(features: Maps, kernel: Kernel, stride: int = 1, padding: str = "SAME") -> Maps:
    """A convolution in full float32 on every device."""
    return lax.conv_general_dilated(
        features,
        kernel,
        (stride, stride),
        padding,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        # The default precision of accelerators (bfloat16, TF32) would change the distances that are compared.
        precision=lax.Precision.HIGHEST,
    )


def convolve_depthwise(features: Maps, kernel: Kernel, stride: int) -> Maps:
    """A 3x3 kernel [3, 3, C, 1] over each channel of [N, S, S, C], S even if stride is 2, "SAME"."""
    # A grouped convolution gives the same result, but takes XLA on CPU seven times as long.
    side = features.shape[1]
    before = 2 - stride
    padded = jnp.pad(features, [(0, 0), (before, 1), (before, 1), (0, 0)])
    taps = (
        padded[:, row : row + side : stride, column : column + side : stride] * kernel[row, column, :, 0]
        for row in range(3)
        for column in range(3)
    )
    return sum(taps, start=jnp.zeros(()))
