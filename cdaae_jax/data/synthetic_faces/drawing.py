"""The few drawing primitives that all features share; lengths are fractions of the picture's side."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Plane = Float[Array, "side side"]


def smoothstep(low, high, value):
    """0 below `low`, 1 above `high`, and smooth between."""
    step = jnp.clip((value - low) / (high - low), 0.0, 1.0)
    return step * step * (3.0 - 2.0 * step)


def inside(depth: Plane, softness) -> Plane:
    """How much of a pixel a shape covers, 0..1, `depth` being the distance to its edge, positive inside."""
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


def blur_matrix(side: int, sigma: float) -> np.ndarray:
    """The Gaussian blur along one axis as a matrix [side, side]: `matrix @ plane @ matrix.T` blurs both."""
    place = (np.arange(side) + 0.5) / side
    matrix = np.exp(-0.5 * ((place[:, None] - place[None]) / sigma) ** 2)
    return (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)


def blur(plane: Plane, sigma: float) -> Plane:
    """`plane` blurred by a Gaussian of width `sigma`, its border pixels weighing in as often as they are there."""
    matrix = blur_matrix(plane.shape[0], sigma)
    return matrix @ plane @ matrix.T


def to_linear(srgb):
    """Linear light of sRGB 0..1, by the power law 2.2."""
    return jnp.asarray(srgb) ** 2.2
