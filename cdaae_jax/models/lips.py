"""Lips that part along a line: what an atlas's maps look like around it, and the edge of what opens.

The lips of the mean face meet in a straight line between two rows of the maps. A curve would cross from row to row,
and lips would part in steps.
"""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

# On the mean face, in sides of the picture: how far down the lips meet, between two rows of maps of 128 points or 256,
# and how far from the middle the mouth ends. `data.places` has the landmarks.
MEET, MOUTH = 93 / 128, 0.126


def parted(flows: Float[Array, "l f f 2"]) -> Float[Array, "l f f 2"]:
    """Returns flows of which lips part along the line, so that what opens has smooth edges.

    What lies between closed lips is painted over when they part, and nothing teaches its flow, which comes out ragged.
    Next to the line it is replaced by that of the lip that can be seen, the upper or the lower one.
    """
    side = flows.shape[1]
    meet, hidden = round(MEET * side), max(1, round(_HIDDEN * side))
    rows, across = jnp.arange(side)[:, None], (jnp.arange(side) + 0.5) / side - 0.5
    upper, lower = (flows[:, row][:, None] for row in (meet - hidden - 1, meet + hidden))
    between = (jnp.abs(across) < MOUTH) & (rows >= meet - hidden) & (rows < meet + hidden)
    return jnp.where(between[..., None], jnp.where(rows[..., None] < meet, upper, lower), flows)


def even(maps: Float[Array, "l h w c"]) -> Float[Array, "l h w c"]:
    """Returns maps that are blurred across the face at the height of the lips, along the line in which these meet.

    There is no detail in that direction, and each column alone is taught by few pictures: edges came out ragged.
    """
    columns = [jnp.roll(maps, offset, axis=2) for offset in range(-(len(_BLUR) // 2), len(_BLUR) // 2 + 1)]
    blurred = sum(weight * column for weight, column in zip(_BLUR, columns, strict=True))
    rows = (jnp.arange(maps.shape[1]) + 0.5) / maps.shape[1]
    return jnp.where(jnp.abs(rows - MEET)[:, None, None] < _AROUND, blurred, maps)


def no_steeper(mask: Float[Array, "n h w 1"]) -> Float[Array, "n h w 1"]:
    """Returns a mask before its sigmoid whose edges are a point wide, so that slanted ones have no steps.

    Where it is steeper, it is brought nearer to 0 in the same place: what is left says how far away the edge is.
    """
    # Slopes beyond the picture are 0. (Padded by its edge, the mask came out of the ONNX export in another shape.)
    down = jnp.pad(mask[:, 2:] - mask[:, :-2], [(0, 0), (1, 1), (0, 0), (0, 0)])
    across = jnp.pad(mask[:, :, 2:] - mask[:, :, :-2], [(0, 0), (0, 0), (1, 1), (0, 0)])
    slope = jnp.sqrt(jnp.square(down) + jnp.square(across) + _TINY) / 2.0
    return mask * jnp.minimum(1.0, _STEEPEST / slope)


_HIDDEN = 2 / 128  # sides of the picture, of each lip: what lies between the lips and moves as what can be seen
_AROUND = 12 / 128  # sides of the picture, above and below the line: from the nose to the chin's fold
_BLUR = [math.comb(8, k) / 256 for k in range(9)]  # a standard deviation of 1.4 points
_STEEPEST = 3.0  # from point to point: from 0.2 to 0.8 after the sigmoid
_TINY = 1e-8  # a flat mask has a gradient, too
