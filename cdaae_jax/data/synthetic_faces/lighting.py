"""Light on a height field: normals, one soft directional light, sky and ground, occlusion, and gloss."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from cdaae_jax.data.synthetic_faces.drawing import blur, smoothstep, to_linear
from cdaae_jax.data.synthetic_faces.identity import Identity

Plane = Float[Array, "side side"]

# A point that is lower than its surroundings within these radii loses light, with these strengths.
OCCLUSION_RADII = (0.010, 0.030, 0.080)
OCCLUSION_STRENGTH = (9.0, 5.0, 2.2)


class Light(NamedTuple):
    """What reaches the skin: `diffuse` [side, side, 3] as a factor on its colour, `gloss` to be added."""

    diffuse: Float[Array, "side side 3"]
    gloss: Plane


def exposure(identity: Identity) -> Float[Array, ""]:
    """The factor of exposure: a camera exposes for the face, so dark skin gets more light."""
    luminance = to_linear(identity.skin) @ jnp.asarray([0.2126, 0.7152, 0.0722])
    return 1.42 - 0.85 * luminance


def light(identity: Identity, height: Plane, within: Plane) -> Light:
    """Lights the surface `height` (fractions of the side); `within` is 1 on the head and 0 off it."""
    side = height.shape[0]
    slope_y, slope_x = jnp.gradient(height, 1.0 / side)
    scale = 1.0 / jnp.sqrt(slope_x * slope_x + slope_y * slope_y + 1.0)
    normal_x, normal_y, normal_z = -slope_x * scale, -slope_y * scale, scale

    length = jnp.sqrt(identity.light_x**2 + identity.light_y**2 + 1.0)
    to_x, to_y, to_z = identity.light_x / length, identity.light_y / length, 1.0 / length
    facing = normal_x * to_x + normal_y * to_y + normal_z * to_z
    # Light wraps around skin, red furthest, because it travels a little under the surface.
    wrap = jnp.asarray([0.34, 0.24, 0.20])
    direct = jnp.maximum((facing[..., None] + wrap) / (1.0 + wrap), 0.0)
    sky = 0.64 - 0.22 * jnp.minimum(normal_y, 0.35) + 0.20 * normal_z

    occlusion = jnp.ones_like(height)
    for radius, strength in zip(OCCLUSION_RADII, OCCLUSION_STRENGTH, strict=True):
        around = blur(height * within, radius)
        occlusion = occlusion * jnp.clip(1.0 + strength * (height - around), 0.55, 1.08)

    contrast = identity.light_contrast
    warmth = 1.0 + identity.light_warmth * jnp.asarray([1.0, 0.0, -1.0])
    diffuse = contrast * 1.12 * direct * warmth + ((1.0 - contrast) * sky)[..., None]
    diffuse = exposure(identity) * diffuse * (occlusion * (0.8 + 0.2 * occlusion))[..., None]

    half_x, half_y, half_z = to_x, to_y, to_z + 1.0
    half_length = jnp.sqrt(half_x**2 + half_y**2 + half_z**2)
    mirror = jnp.maximum((normal_x * half_x + normal_y * half_y + normal_z * half_z) / half_length, 0.0)
    gloss = (0.042 * mirror**14 + 0.07 * mirror**60) * identity.shine * smoothstep(0.5, 1.0, occlusion)
    return Light(diffuse, gloss * contrast * 1.6)
