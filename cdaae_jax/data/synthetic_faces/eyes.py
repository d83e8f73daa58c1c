"""Eyes: lids as explicit contours that the AUs move, the eyeball behind them, lashes and the fold above."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from cdaae_jax.data.alignment import EYES_Y, RIGHT_EYE_X
from cdaae_jax.data.synthetic_faces.action_units import Muscles, across, side_weight
from cdaae_jax.data.synthetic_faces.drawing import bump, inside, mix, over, smoothstep, to_linear
from cdaae_jax.data.synthetic_faces.identity import Identity

Plane = Float[Array, "side side"]

EYE_X = RIGHT_EYE_X - 0.5  # both pupils' distance from the midline
INNER_CORNER_Y, OUTER_CORNER_Y = 0.3925, 0.3875
LOWER_LID = 0.0155  # how far the lower lid hangs below the line between the corners


class Lids(NamedTuple):
    """Both eyes' contours over the whole picture: `out` is -1 at the inner and 1 at the outer corner."""

    out: Plane
    upper: Plane  # y of the upper lid's edge
    lower: Plane
    crease: Plane  # y of the fold above


def lids(identity: Identity, x: Plane, muscles: Muscles) -> Lids:
    """The lids under these AUs; the constants are fractions of the side at intensity 5."""
    left = side_weight(x)
    out = (jnp.abs(x) - EYE_X - 0.002) / identity.eye_half_width
    parabola = 1.0 - out * out
    line = mix(INNER_CORNER_Y, OUTER_CORNER_Y, 0.5 + 0.5 * jnp.clip(out, -1.3, 1.3)) - identity.eye_tilt * out
    raised = across(
        muscles.mix({"AU5": 0.017, "AU7": -0.0075, "AU6": -0.005, "AU4": -0.004, "AU9": -0.003, "AU2": 0.002}), left
    )
    squint = across(muscles.mix({"AU6": 0.008, "AU7": 0.009, "AU12": 0.003, "AU9": 0.007, "AU5": -0.002}), left)
    closed = across(muscles["AU43"], left)
    lower_depth = jnp.maximum(LOWER_LID - squint, 0.003)
    upper_height = jnp.maximum(identity.eye_height + raised, 0.006)
    upper_height = mix(upper_height, -lower_depth, closed)
    bend = 1.0 + 0.10 * out  # the lower lid is lowest on the outer half, the upper lid highest on the inner half
    # A lowered brow presses on the inner half of the lid.
    pressed = 1.0 - 0.30 * across(muscles["AU4"], left) * smoothstep(0.3, -0.8, out)
    upper = line - upper_height * parabola * (2.0 - bend) * pressed
    lower = line + lower_depth * parabola * bend
    fold = identity.crease * (1.0 - 0.35 * jnp.clip(raised / 0.017, -1.0, 1.0)) * (1.0 + 0.8 * closed)
    crease = line - (upper_height + fold) * jnp.maximum(1.0 - 0.80 * out * out, -0.2)
    return Lids(out, upper, lower, crease)


def fold_depth(identity: Identity, lid: Lids, y: Plane) -> tuple[Plane, Plane]:
    """The fold above the upper lid and the shade on the upper lid, both 0..1."""
    width = smoothstep(1.35, 0.75, jnp.abs(lid.out + 0.05))
    fold = jnp.exp(-0.5 * ((y - lid.crease) / 0.0042) ** 2) * width * identity.crease_depth
    shade = smoothstep(-0.004, 0.010, y - lid.crease) * smoothstep(0.004, -0.004, y - lid.upper) * width
    return fold, shade


def paint(picture, identity: Identity, lid: Lids, x: Plane, y: Plane, texture: dict[str, Plane], pixel: float):
    """Paints the eyeballs between the lids (linear light), then the lashes; x from the midline, y from the top."""
    aside = jnp.abs(x) - EYE_X
    depth = jnp.minimum(y - lid.upper, lid.lower - y)
    opening = inside(depth, max(1.5 * pixel, 0.003))

    radius = jnp.sqrt(aside * aside + (y - EYES_Y) ** 2 + 1e-9)
    # The white of the eye is a shaded ball, redder in the corners.
    ball = jnp.clip(1.0 - 0.55 * (jnp.abs(lid.out) ** 2.2), 0.2, 1.0)
    corner = smoothstep(0.55, 1.0, jnp.abs(lid.out))
    white = mix(jnp.asarray([0.47, 0.45, 0.435]), jnp.asarray([0.46, 0.26, 0.22]), (0.8 * corner)[..., None])
    colour = white * ball[..., None]
    caruncle = bump(lid.out + 0.93, y - INNER_CORNER_Y, 0.10, 0.008)
    colour = mix(colour, jnp.asarray([0.42, 0.17, 0.15]), (0.8 * caruncle)[..., None])

    rim = identity.iris_radius
    rays = texture["rays"] + 0.6 * texture["fine_rays"]
    near = radius / rim
    tone = 1.0 + 0.28 * rays + 0.55 * bump(near - 0.62, 0.0, 0.2, 1.0) + 0.35 * (y - EYES_Y) / rim
    iris = to_linear(identity.iris) * 1.25 * jnp.maximum(tone, 0.2)[..., None]
    iris = mix(iris, iris * 0.18, smoothstep(0.72, 0.98, near)[..., None])  # limbal ring
    colour = over(colour, iris, inside(rim - radius, pixel + 0.004))
    colour = over(colour, jnp.asarray([0.006, 0.005, 0.005]), inside(0.42 * rim - radius, pixel + 0.003))

    # The upper lid and its lashes cast a shadow on the eyeball.
    shadow = 1.0 - 0.62 * smoothstep(0.017, -0.002, y - lid.upper)
    colour = colour * shadow[..., None]
    wet = jnp.exp(-0.5 * ((lid.lower - y) / 0.0022) ** 2) * 0.10 * (1.0 - corner)
    colour = colour + wet[..., None]
    # The reflected light, on the same side in both eyes.
    eye = jnp.where(x > 0.0, EYE_X, -EYE_X)
    spark = inside(0.0062 - jnp.hypot(x - eye - 0.013 * identity.light_x, y - EYES_Y + 0.011), pixel + 0.003)
    glow = bump(x - eye + 0.012 * identity.light_x, y - EYES_Y - 0.012, 0.010, 0.006)
    colour = colour + (0.85 * spark + 0.04 * glow)[..., None]
    picture = over(picture, colour, opening)

    # Lashes: a dark edge on the upper lid, thicker outwards, a thin one below; both fade at the inner corner.
    fade = smoothstep(1.16, 0.92, jnp.abs(lid.out)) * (0.55 + 0.45 * smoothstep(-1.0, 0.2, lid.out))
    thick = 0.0030 + 0.0034 * identity.lashes + 0.0042 * identity.eyeliner * smoothstep(-0.6, 0.9, lid.out)
    upper = jnp.exp(-0.5 * ((y - lid.upper + 0.3 * thick) / thick) ** 2) * (0.72 + 0.28 * identity.eyeliner)
    lower = jnp.exp(-0.5 * ((y - lid.lower - 0.001) / 0.0030) ** 2) * (0.22 + 0.3 * identity.eyeliner)
    dark = jnp.clip(jnp.maximum(upper, lower) * fade, 0.0, 0.95)
    return over(picture, jnp.asarray([0.012, 0.009, 0.008]), dark)
