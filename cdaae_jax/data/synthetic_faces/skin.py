"""The colour of skin: tone, redness, blotches, freckles, moles, stubble and make-up, on the face at rest."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from cdaae_jax.data.synthetic_faces.drawing import bump, mix, smoothstep, to_linear
from cdaae_jax.data.synthetic_faces.identity import Identity

Plane = Float[Array, "side side"]

# The effect of more blood and of more pigment on skin, as factors of linear light.
BLOOD = (1.06, 0.74, 0.74)
PIGMENT = (0.70, 0.60, 0.50)


def albedo(identity: Identity, x: Plane, y: Plane, flush: Float[Array, ""], texture: dict[str, Plane]):
    """Skin colour in linear light [side, side, 3] at rest positions; `flush` 0..1 reddens the cheeks."""
    base = to_linear(identity.skin) * jnp.ones_like(x)[..., None]
    far = jnp.abs(x)

    slow, spots = texture["slow"], texture["spots"]
    red = 0.55 * bump(far - 0.205, y - 0.545, 0.075, 0.065) + 0.7 * bump(x, y - identity.nose_tip_y, 0.050, 0.045)
    red += 0.35 * bump(x, y - 0.90, 0.08, 0.05) + 0.25 * bump(x, y - 0.20, 0.20, 0.06)
    red = identity.redness * (red + 0.25 * slow) + identity.blotches * 0.20 * spots * (0.5 + 0.5 * slow)
    red += identity.blush * 0.5 * bump(far - 0.240, y - 0.545, 0.070, 0.045)
    red += flush * bump(far - 0.14, y - 0.48, 0.12, 0.08)
    tired = 0.35 * bump(far - 0.15, y - 0.425, 0.055, 0.020) * identity.eye_bags + 0.20 * bump(
        far - 0.095, y - 0.37, 0.03, 0.03
    )
    pigment = tired + 0.10 * slow * identity.blotches + 0.10 * smoothstep(0.26, 0.36, far)

    freckled = bump(far - 0.12, y - 0.50, 0.15, 0.09) + 0.35
    pigment += identity.freckles * 0.7 * smoothstep(0.20, 0.80, texture["dots"]) * freckled
    for mole in range(3):
        mole_x, mole_y, size = identity.moles[mole]
        away = jnp.hypot(x - mole_x, y - mole_y)
        pigment += 1.5 * smoothstep(size, 0.4 * size, away) * (size > 0.0)

    colour = base * jnp.asarray(BLOOD) ** red[..., None] * jnp.asarray(PIGMENT) ** pigment[..., None]
    colour = colour * (1.0 + identity.roughness * (0.06 * texture["pores"] + 0.05 * spots))[..., None]

    shadow = identity.eye_shadow * bump(far - 0.165, y - 0.343, 0.062, 0.020)
    return mix(colour, to_linear(identity.eye_shadow_colour) * 0.8, (0.75 * shadow)[..., None])


def relief(identity: Identity, x: Plane, y: Plane, chin: Float[Array, ""], texture: dict[str, Plane]) -> Plane:
    """Fine height of the skin's surface: pores, and the chin's pits when AU17 (`chin` 0..1) knots it."""
    uneven = 0.0010 * texture["uneven"] + 0.0005 * texture["fine"]
    pits = 0.0045 * texture["pits"] * bump(x, y - 0.885, 0.060, 0.035)
    return identity.roughness * uneven + chin * pits


def nose_shade(identity: Identity, x: Plane, y: Plane) -> tuple[Plane, Plane]:
    """The share of light that the nose's shadow and the nostrils leave, and the nostrils themselves, both 0..1."""
    down = y - identity.nose_tip_y
    shadow = bump(x + 0.025 * identity.light_x, down - 0.070, 0.050, 0.016)
    aside = jnp.abs(x) - 0.46 * identity.nose_half_width
    size = identity.nostril
    nostril = bump(aside, down - 0.056 + 0.25 * aside, 0.0135 * size, 0.0062 * size)
    return (1.0 - 0.22 * shadow) * (1.0 - 0.80 * jnp.minimum(1.2 * nostril, 1.0)), nostril
