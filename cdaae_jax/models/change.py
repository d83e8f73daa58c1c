"""The change that a generator makes to a photo, as values that can be kept, scaled and applied."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def recolour(photo: Float[Array, "*shape"], shift: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Adds to colours before their tanh: tanh(arctanh(photo) + shift), written so that shift 0 gives the photo exactly.

    With t = tanh(shift) that is (photo + t) / (1 + photo t), the sum of two hyperbolic tangents. Pure black and pure
    white (-1 and 1) are infinitely far away on this scale: no finite shift changes them, and they pass no gradient to
    it.

    Args:
      photo: in [-1, 1].
      shift: any real number.

    Returns:
      In [-1, 1].
    """
    # tanh itself rounds to 1 from about 9 on; below that, 1 + photo t cannot become 0.
    t = jnp.tanh(jnp.clip(shift, -_LARGEST, _LARGEST))
    return (photo + t) / (1.0 + photo * t)


_LARGEST = 5.0  # tanh(5) is 1 within a hundredth of a grey level
