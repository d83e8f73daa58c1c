"""Hair on the head: the cap with its hairline, fringe or parting, and what hangs down at the sides."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from cdaae_jax.data.synthetic_faces.drawing import bump, inside, mix, smoothstep, to_linear
from cdaae_jax.data.synthetic_faces.identity import Identity
from cdaae_jax.data.synthetic_faces.noise import layers
from cdaae_jax.data.synthetic_faces.surface import outline

Plane = Float[Array, "side side"]


class Hair(NamedTuple):
    """Coverage (0..1) of the hair behind the neck and of that before the face, and the colour of both."""

    behind: Plane
    before: Plane
    colour: Float[Array, "side side 3"]


def hair(identity: Identity, x: Plane, y: Plane, pixel: float) -> Hair:
    """The hair over the whole picture, lit, in linear light; it stays where it is under every AU."""
    far = jnp.abs(x)
    curl = identity.curl

    # Strands run from a pole above the parting: `turn` across them and `reach` along them.
    pole_x, pole_y = identity.parting, -0.30
    reach = jnp.hypot(x - pole_x, y - pole_y)
    turn = jnp.arctan2(x - pole_x, y - pole_y)
    texture = layers(
        identity.seed,
        100,
        {
            "slow": (6.0 * x, 5.0 * y),
            "wave": (9.0 * turn + 3.0, 11.0 * reach),
            "wool": (38.0 * x + 26.0 * y, 38.0 * y - 26.0 * x),
            "fine_wool": (100.0 * x, 100.0 * y),
            "swing": (3.0 * y, 2.0 * jnp.sign(x)),
        },
    )
    slow = texture["slow"]
    wave = curl * (0.055 * texture["wave"] + 0.02 * slow)
    strand_texture = layers(
        identity.seed,
        200,
        {
            "fine": ((turn + wave) * 85.0, reach * 4.5 + 2.0 * wave),
            "locks": ((turn + wave) * 26.0, reach * 2.5 + slow),
        },
    )
    fine, locks = strand_texture["fine"], strand_texture["locks"]
    wool = texture["wool"] + 0.5 * texture["fine_wool"]
    woolly = smoothstep(0.55, 0.95, curl)
    strands = mix(0.55 * fine + 0.45 * locks, 0.95 * wool, woolly)

    # The outside: the head's outline, larger by the hair's volume, with single locks sticking out.
    out, radius = outline(identity, x, y)
    volume = identity.hair_volume * smoothstep(0.62, 0.20, y) + 0.012
    shag = 0.010 * locks + 0.020 * slow * curl + 0.008 * wool * woolly
    within = radius * (1.0 + 0.5 * volume) + volume + shag - out

    # The inside: the hairline, from the middle of the forehead out to the temples and down before the ears.
    line = identity.hairline_y + identity.widows_peak * bump(x, 0.0, 0.035, 1.0)
    line -= identity.recession * bump(far - 0.20, 0.0, 0.065, 1.0)
    line += 0.42 * (far / identity.hairline_width) ** 7
    off = x - identity.parting
    line += identity.sweep * (0.75 * off * off + 0.05 * jnp.abs(off))
    jagged = 0.010 * locks + 0.007 * fine
    above = line + jagged * (0.5 + identity.sweep) - y
    fringe_y = identity.fringe + 0.06 * far + 0.022 * locks + 0.012 * fine
    above = jnp.where(identity.fringe > 0.0, jnp.maximum(above, fringe_y - y), above)
    ends = identity.hair_length + 0.03 * locks + 0.02 * fine

    # Hair that hangs down at the sides, before the ears and the edge of the face, and behind the neck.
    long = jnp.where(identity.hair_length > 0.55, 1.0, 0.0)
    swing = 0.018 * texture["swing"] + curl * 0.018 * jnp.sin(34.0 * y + 9.0 * slow)
    curtain = jnp.where(x > 0.0, identity.curtain[1], identity.curtain[0])
    side_x = 0.355 + 0.4 * identity.outline[3] - curtain * smoothstep(0.12, 0.42, y) + 0.010 * locks + swing
    side_x += 0.004 * fine + 0.05 * smoothstep(0.55, 1.0, y) * curtain / 0.1
    outer_x = 0.395 + identity.hair_volume * 0.9 + 0.05 * smoothstep(0.3, 0.8, y) + swing + shag
    outer_x = outer_x * jnp.sqrt(1.0 - (jnp.maximum(0.40 - y, 0.0) / 0.62) ** 2)
    hang = jnp.minimum(outer_x - far, ends - y)
    side = jnp.where(long > 0.5, jnp.minimum(far - side_x, hang), -1.0)
    # Hair behind the head, so that no wall shows between the face and the cap.
    back = jnp.minimum(within, jnp.minimum(ends, 0.42) - y)
    behind = jnp.maximum(back, jnp.where(long > 0.5, hang, -1.0))

    softness = jnp.maximum(1.5 * pixel, 0.014)
    # Single hairs grow before the hairline; a fringe has a clearer edge.
    hairline = jnp.where(identity.fringe > 0.0, softness, 0.034)
    sideburns = jnp.where(long > 0.5, 0.42, ends) - y - 2.5 * jnp.clip(0.355 - far, 0.0, 0.045)
    cap = inside(within, softness) * inside(above + 0.008 * fine, hairline) * inside(sideburns, 0.03)
    before = jnp.maximum(cap, inside(side, softness))
    thin = jnp.clip(identity.hair_cover * (1.0 + 0.25 * fine), 0.0, 1.0)
    before = before * jnp.where(identity.hair_cover < 1.0, thin, 1.0)

    tone = mix(
        to_linear(identity.hair),
        to_linear(jnp.asarray([0.66, 0.65, 0.63])),
        identity.grey * (0.85 + 0.3 * fine)[..., None],
    )
    # Rounding of the head: light falls off to the sides and down; one soft band of gloss.
    side_light = 1.0 + 0.45 * identity.light_x * x / 0.4
    rounding = (1.08 - 0.55 * smoothstep(0.22, 0.48, far)) * mix(1.0, 0.82, smoothstep(0.2, 0.9, y)) * side_light
    gloss = bump(reach - 0.42 - 0.02 * slow, 0.0, 0.045, 1.0) * (0.6 + 0.6 * fine) * (1.0 - woolly)
    shade = jnp.maximum(rounding * (1.0 + 0.50 * strands), 0.12)
    colour = tone * shade[..., None] + 0.05 * (jnp.maximum(gloss, 0.0) * identity.shine)[..., None]
    return Hair(inside(behind, softness) * (identity.hairline_y > -0.2), before, colour)
