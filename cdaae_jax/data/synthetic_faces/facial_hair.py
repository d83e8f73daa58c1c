"""Brows and beards: hair that moves with the skin, drawn at rest positions."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from cdaae_jax.data.synthetic_faces.drawing import bump, mix, over, smoothstep, to_linear
from cdaae_jax.data.synthetic_faces.identity import Identity

Plane = Float[Array, "side side"]

BROW_START, BROW_INNER_Y, BROW_OUTER_Y = 0.062, 0.297, 0.325


def paint_brows(picture, identity: Identity, x: Plane, y: Plane, texture: dict[str, Plane]):
    """Paints both brows over `picture` (linear light): soft below, strands outwards and up at the inner end."""
    far = jnp.abs(x)
    along = (far - BROW_START) / identity.brow_length
    inner, outer = BROW_INNER_Y + identity.brow_y, BROW_OUTER_Y + identity.brow_y - identity.brow_tilt
    hill = jnp.maximum(4.0 * along * (1.0 - along), 0.0) * (0.70 + 0.60 * along)
    middle = mix(inner, outer, along) - identity.brow_arch * hill
    half = (
        1.75
        * identity.brow_thickness
        * smoothstep(-0.16, 0.18, along)
        * (1.0 - 0.66 * jnp.clip(along, 0.0, 1.0) ** 2.2)
    )
    depth = 1.0 - jnp.abs(y - middle) / (half + 1e-4) + 0.20 * texture["brow_ragged"]
    body = smoothstep(-0.05, 0.95, depth) * smoothstep(-0.08, 0.12, along) * smoothstep(1.04, 0.90, along)
    cover = jnp.clip(body * identity.brow_density * (0.80 + 0.30 * texture["brow_strands"]), 0.0, 0.93)
    grey = to_linear(jnp.asarray([0.50, 0.49, 0.48]))
    colour = mix(to_linear(identity.hair) * 0.55, grey * 0.6, 0.5 * identity.grey)
    colour = jnp.minimum(colour, to_linear(identity.skin) * 0.42)
    return over(picture, colour, cover)


def paint_beard(picture, identity: Identity, x: Plane, y: Plane, lips: Plane, texture: dict[str, Plane]):
    """Paints stubble or a beard over `picture`; `lips` is the lips' coverage, which stays bare."""
    far = jnp.abs(x)
    edge = identity.beard_edge + 0.05 * texture["beard_edge"] - 0.30 * smoothstep(0.24, 0.34, far)
    cheek = smoothstep(-0.03, 0.05, y - edge - 0.10 * smoothstep(0.22, 0.10, far))
    above = smoothstep(0.118, 0.085, far - 0.4 * (y - 0.66)) * smoothstep(0.607, 0.640, y)
    beside = bump(far - 0.150, y - 0.740, 0.030, 0.070) * smoothstep(0.5, 0.8, identity.beard)
    area = jnp.maximum(cheek, jnp.maximum(above, beside) * identity.moustache)
    bare = bump(x, y - 0.795, 0.016, 0.012) * 0.4 + bump(far - 0.060, y - 0.800, 0.024, 0.014) * 0.5
    area = area * (1.0 - bare)
    hairs = texture["beard_hairs"] + 0.6 * texture["beard_tufts"]
    dense = identity.beard
    cover = area * jnp.clip(dense * (0.90 + 0.20 * hairs), 0.0, 0.96) * (1.0 - lips)
    colour = mix(to_linear(identity.hair) * 0.9, to_linear(jnp.asarray([0.62, 0.61, 0.60])), identity.grey * 0.9)
    colour = jnp.minimum(colour, to_linear(identity.skin) * 0.62)
    return over(picture, colour * (1.0 + 0.28 * hairs)[..., None], cover * mix(0.72, 1.0, dense))
