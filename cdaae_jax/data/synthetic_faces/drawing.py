"""The few drawing primitives that all features share; lengths are fractions of the picture's side."""

import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Plane = Float[Array, "side side"]


def smoothstep(low, high, value):
    """0 below `low`, 1 above `high`, smooth between; the other way round if `low` is larger than `high`."""
    step = jnp.clip((value - low) / (high - low), 0.0, 1.0)
    return step * step * (3.0 - 2.0 * step)


def inside(depth: Plane, softness) -> Plane:
    """How much of a pixel a shape covers, 0..1; `depth` is the distance to its edge, positive inside."""
    return jnp.clip(0.5 + depth / softness, 0.0, 1.0)


def bump(x, y, width, height):
    """A Gaussian of height 1 at the origin."""
    far_x, far_y = x / width, y / height
    return jnp.exp(-0.5 * (far_x * far_x + far_y * far_y))


def mix(start, end, amount):
    """The straight line from `start` (amount 0) to `end` (1)."""
    return start + (end - start) * amount


def over(below, colour, coverage: Plane):
    """Paints `colour` [3] or [side, side, 3] over the picture `below` [side, side, 3] where `coverage` is 1."""
    return below + (colour - below) * coverage[..., None]


def _blur_matrices(side: int, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Matrices that blur one axis onto a coarser grid [coarse, side], and interpolate linearly back [side, coarse]."""
    coarse = min(side, math.ceil(1.5 / sigma))
    place, coarse_place = (np.arange(side) + 0.5) / side, (np.arange(coarse) + 0.5) / coarse
    down = np.exp(-0.5 * ((coarse_place[:, None] - place) / sigma) ** 2)
    down /= down.sum(axis=1, keepdims=True)
    back = np.stack([np.interp(place, coarse_place, row) for row in np.eye(coarse)], axis=1)
    return down.astype(np.float32), back.astype(np.float32)


def blur(plane: Plane, sigma: float) -> Plane:
    """`plane` blurred by a Gaussian of width `sigma`; beyond the border there is nothing to weigh in.

    The result is smooth, so it is computed on a coarser grid; at full size the cost would grow as side^3.
    """
    down, back = _blur_matrices(plane.shape[0], sigma)
    return back @ (down @ plane @ down.T) @ back.T


def to_linear(srgb):
    """Linear light of sRGB 0..1, by the power law 2.2."""
    return jnp.asarray(srgb) ** 2.2
