"""What is around the face: room, neck, ears, clothes and glasses."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from cdaae_jax.data.alignment import EYES_Y
from cdaae_jax.data.synthetic_faces.drawing import bump, inside, mix, over, smoothstep, to_linear
from cdaae_jax.data.synthetic_faces.eyes import EYE_X
from cdaae_jax.data.synthetic_faces.identity import Identity

Plane = Float[Array, "side side"]


def room(identity: Identity, x: Plane, y: Plane, texture: dict[str, Plane]):
    """The background in linear light: a gradient, a little unevenness, and the soft shadow of the head."""
    top, bottom = to_linear(identity.background[0]), to_linear(identity.background[1])
    colour = mix(top, bottom, y[..., None])
    uneven = 1.0 + 0.05 * texture["wall"] - 0.25 * identity.light_x * x
    shadow = 1.0 - 0.30 * bump(x + 0.10 * identity.light_x, y - 0.55, 0.40, 0.50)
    return colour * (uneven * shadow)[..., None]


def paint_neck(
    picture, identity: Identity, x: Plane, y: Plane, skin, chin_distance: Plane, texture: dict[str, Plane], pixel: float
):
    """Paints neck and clothes; `skin` is linear skin colour, `chin_distance` the distance below the jaw's edge."""
    half = identity.neck_half_width + 0.25 * jnp.maximum(y - 0.93, 0.0) ** 1.3
    cover = inside(half - jnp.abs(x), 2.0 * pixel) * smoothstep(0.55, 0.65, y)
    round_light = jnp.sqrt(jnp.maximum(1.0 - (x / half) ** 2, 0.0)) * 0.75 + 0.22
    side_light = 1.0 + 0.5 * identity.light_x * x / half
    shadow = 0.34 + 0.66 * smoothstep(-0.01, 0.20, chin_distance)
    tendon = 1.0 + 0.06 * bump(jnp.abs(x) - 0.10 - 0.25 * (y - 0.9), 0.0, 0.025, 1.0)
    picture = over(picture, skin * (round_light * side_light * shadow * tendon * 0.85)[..., None], cover)

    edge = identity.neckline + 0.10 * smoothstep(0.25, 0.0, jnp.abs(x)) - 0.20 * jnp.maximum(jnp.abs(x) - 0.2, 0.0)
    weave = 1.0 + 0.10 * texture["weave"] + 0.12 * texture["cloth"]
    return over(picture, to_linear(identity.clothes) * (0.7 * weave)[..., None], inside(y - edge, 2.0 * pixel))


def paint_ears(picture, identity: Identity, x: Plane, y: Plane, skin, pixel: float):
    """Paints both ears behind the head: rim, hollow and lobe."""
    centre_x = 0.345 + 0.35 * identity.outline[3] + 0.35 * identity.outline[5] + 0.45 * identity.ear_out
    tall = identity.ear_size
    wide = 0.022 + 0.55 * identity.ear_out
    across = (jnp.abs(x) - centre_x - 0.25 * (0.46 - y) * 0.5) / wide
    down = (y - 0.465) / (tall * (1.0 + 0.12 * across))
    far = jnp.sqrt(across * across + down * down + 1e-6)
    rim = bump(far - 0.86, 0.0, 0.13, 1.0)
    hollow = bump(across + 0.10, down - 0.05, 0.38, 0.42)
    side_light = 1.0 + 0.45 * identity.light_x * jnp.sign(x)
    light = (0.70 + 0.22 * rim - 0.40 * hollow) * (1.0 - 0.20 * smoothstep(0.2, 1.0, down)) * side_light
    red = skin * jnp.asarray([1.0, 0.92, 0.91])
    return over(picture, red * light[..., None], inside((1.0 - far) * wide, 2.0 * pixel))


def paint_glasses(picture, identity: Identity, x: Plane, y: Plane, pixel: float):
    """Paints glasses: their shadow, a trace of reflection in the lenses, the rims, the bridge and the temples."""
    worn = identity.glasses
    power = identity.glasses_squareness

    def from_rim(shift_y):
        across = jnp.abs(jnp.abs(x) - EYE_X - 0.004) / identity.glasses_half_width
        down = jnp.abs(y - EYES_Y - 0.012 - shift_y) / identity.glasses_half_height
        level = (across**power + down**power + 1e-6) ** (1.0 / power)
        return (level - 1.0) * identity.glasses_half_height

    edge = from_rim(0.0)
    shadow = jnp.exp(-0.5 * (from_rim(0.012) / (0.6 * identity.glasses_rim + 0.004)) ** 2)
    picture = picture * (1.0 - 0.28 * worn * shadow)[..., None]
    lens = inside(-edge, 2.0 * pixel)
    sheen = smoothstep(0.02, 0.07, x * 0.5 - y + 0.33 + jnp.where(x > 0, -0.16, 0.16) * 0.5) * 0.02
    picture = picture * (1.0 - 0.05 * worn * lens)[..., None] + (worn * lens * sheen)[..., None]
    half = 0.5 * identity.glasses_rim
    rim = inside(half - jnp.abs(edge), pixel + 0.002)
    bridge_y = EYES_Y - 0.012 + 3.0 * x * x
    bridge = inside(half - jnp.abs(y - bridge_y), pixel + 0.002) * (
        jnp.abs(x) < EYE_X - identity.glasses_half_width + 0.006
    )
    arm = inside(half - jnp.abs(y - EYES_Y + 0.016), pixel + 0.002)
    arm = arm * (jnp.abs(x) > EYE_X + identity.glasses_half_width) * (jnp.abs(x) < 0.375)
    frame = jnp.maximum(jnp.maximum(rim, bridge), arm)
    top_light = 0.75 + 0.6 * smoothstep(0.002, -0.006, edge) * smoothstep(0.40, 0.30, y)
    return over(picture, to_linear(identity.glasses_colour) * top_light[..., None], 0.94 * worn * frame)
