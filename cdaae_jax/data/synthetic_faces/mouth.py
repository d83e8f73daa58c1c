"""Lips, teeth and the inside of the mouth, drawn with explicit contours that the AUs move.

The mouth is not warped skin, because it opens: its four contours are functions of x, in fractions of the side.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from cdaae_jax.data.synthetic_faces.action_units import PERSONS_LEFT, PERSONS_RIGHT, Muscles
from cdaae_jax.data.synthetic_faces.drawing import bump, inside, mix, over, smoothstep, to_linear
from cdaae_jax.data.synthetic_faces.identity import Identity

Plane = Float[Array, "side side"]

# Right edges of the upper teeth from the middle, as a front view foreshortens them: incisors, canine, premolars.
UPPER_TEETH = (0.0, 0.042, 0.075, 0.102, 0.123, 0.139)
LOWER_TEETH = (0.0, 0.027, 0.055, 0.083, 0.106, 0.124)


class Mouth(NamedTuple):
    """What the contours are made of, from the identity and its AUs."""

    middle_x: Float[Array, ""]
    half_width: Float[Array, "2"]  # person's right and left
    corner_y: Float[Array, "2"]
    middle_y: Float[Array, ""]
    upper: Float[Array, ""]  # thickness of the lips
    lower: Float[Array, ""]
    gap_up: Float[Array, ""]  # opening above and below the line through the corners and the middle
    gap_down: Float[Array, ""]
    sneer: Float[Array, ""]  # 0..1: how much more the upper lip is drawn up at its sides than in the middle
    drop: Float[Array, ""]  # how far the lower jaw is down


class Contours(NamedTuple):
    """y of the four contours at each pixel's x, and how far out the pixel lies (-1..1 between the corners)."""

    out: Plane
    upper_outer: Plane
    upper_inner: Plane
    lower_inner: Plane
    lower_outer: Plane


def pose(identity: Identity, muscles: Muscles) -> Mouth:
    """The mouth of `identity` under these AUs; the constants are fractions of the side at intensity 5."""
    both = {name: jnp.mean(muscles[name]) for name in ("AU9", "AU10", "AU12", "AU15", "AU17", "AU20")}
    tight = jnp.mean(muscles["AU23"])
    pressed = jnp.mean(muscles["AU24"])
    parted = jnp.mean(muscles["AU25"])
    drop = jnp.mean(muscles["AU26"])
    # Raising and stretching the lips uncovers teeth only if the lips are apart.
    apart = smoothstep(0.0, 0.5, parted + 0.5 * drop)
    half_width = identity.mouth_half_width + muscles.mix(
        {"AU12": 0.036, "AU14": 0.006, "AU15": 0.002, "AU20": 0.036, "AU23": -0.016, "AU24": -0.010, "AU26": -0.016}
    )
    corner_y = (
        identity.mouth_y
        + identity.mouth_curve
        + muscles.mix({"AU12": -0.050, "AU14": -0.004, "AU15": 0.036, "AU20": 0.010, "AU10": -0.006, "AU9": -0.006})
        + 0.018 * drop
    )
    middle_y = (
        identity.mouth_y
        - 0.010 * both["AU12"]
        - 0.016 * both["AU17"]
        - 0.011 * both["AU10"]
        - 0.006 * both["AU9"]
        - 0.004 * both["AU15"]
        + 0.004 * both["AU20"]
        + 0.006 * drop
    )
    thin = jnp.maximum(0.2, 1.0 - 0.45 * tight - 0.55 * pressed)
    return Mouth(
        middle_x=identity.lean,
        half_width=half_width,
        corner_y=corner_y,
        middle_y=middle_y,
        upper=identity.upper_lip * thin * (1.0 - 0.28 * both["AU12"] - 0.15 * both["AU20"] + 0.12 * both["AU10"]),
        lower=identity.lower_lip
        * thin
        * (1.0 - 0.18 * both["AU12"] - 0.20 * both["AU20"] + 0.16 * both["AU17"] - 0.12 * drop),
        gap_up=0.010 * parted
        + 0.006 * drop
        + apart * (0.014 * both["AU12"] + 0.026 * both["AU10"] + 0.010 * both["AU9"] + 0.004 * both["AU20"]),
        gap_down=0.014 * parted + 0.088 * drop + apart * (0.012 * both["AU12"] + 0.012 * both["AU20"]),
        sneer=jnp.minimum(both["AU10"] + 0.4 * both["AU9"], 1.0),
        drop=0.075 * drop,
    )


def contours(identity: Identity, mouth: Mouth, x: Plane) -> Contours:
    """The four contours of the lips over the whole picture; beyond the corners they coincide."""
    aside = x - mouth.middle_x
    on_left = aside > 0.0
    out = aside / jnp.where(on_left, mouth.half_width[PERSONS_LEFT], mouth.half_width[PERSONS_RIGHT])
    corner = jnp.where(on_left, mouth.corner_y[PERSONS_LEFT], mouth.corner_y[PERSONS_RIGHT])
    far = jnp.abs(out)
    within = jnp.maximum(1.0 - far * far, 0.0)
    # A closed mouth is not a straight line: the middle of the upper lip reaches down a little, between two hollows.
    wave = 0.0035 * (bump(out, 0.0, 0.16, 1.0) - 0.8 * bump(far - 0.38, 0.0, 0.18, 1.0))
    line = mouth.middle_y + (corner - mouth.middle_y) * jnp.minimum(far, 1.15) ** 1.8 + wave
    square = mouth.sneer * (bump(far - 0.50, 0.0, 0.22, 1.0) - 0.45 * bump(out, 0.0, 0.25, 1.0))
    upper_inner = line - mouth.gap_up * within**0.7 * (1.0 + 0.35 * square) - 0.004 * square
    lower_inner = line + mouth.gap_down * within**0.6
    bow = identity.cupid_bow * (bump(far - 0.27, 0.0, 0.13, 1.0) - bump(out, 0.0, 0.13, 1.0))
    upper_outer = upper_inner - mouth.upper * within**0.75 - bow * within
    lower_outer = lower_inner + mouth.lower * within**0.8
    return Contours(out, upper_outer, upper_inner, lower_inner, lower_outer)


def height(contour: Contours, mouth: Mouth, x: Plane, y: Plane) -> Plane:
    """What the lips add to the height field: two rolls, the crevice between them and the hollow below."""
    within = jnp.maximum(1.0 - contour.out * contour.out, 0.0)
    upper = jnp.clip((y - contour.upper_outer) / (contour.upper_inner - contour.upper_outer + 1e-4), 0.0, 1.0)
    lower = jnp.clip((contour.lower_outer - y) / (contour.lower_outer - contour.lower_inner + 1e-4), 0.0, 1.0)
    rolls = 0.30 * mouth.upper * jnp.sin(2.5 * upper) * (y <= contour.upper_inner)
    rolls += 0.36 * mouth.lower * jnp.sin(2.6 * lower) * (y >= contour.lower_inner)
    below = bump(x - mouth.middle_x, y - contour.lower_outer - 0.024, 0.070, 0.016)
    return rolls * jnp.sqrt(within) - 0.012 * below


def lip_coverage(contour: Contours, y: Plane, pixel: float) -> Plane:
    """How much of each pixel is lips or inside of the mouth, 0..1; lips have a soft edge."""
    depth = jnp.minimum(y - contour.upper_outer, contour.lower_outer - y)
    return inside(depth, max(2.0 * pixel, 0.009)) * (jnp.abs(contour.out) < 1.0)


def lip_albedo(identity: Identity, contour: Contours, y: Plane, creases: Plane):
    """The colour of the lips' skin in linear light, [side, side, 3]: darker above, with fine upright creases."""
    shade = 1.0 + 0.07 * creases - 0.12 * (y < contour.upper_inner)
    return to_linear(identity.lip) * shade[..., None]


def gloss(contour: Contours, mouth: Mouth, x: Plane, y: Plane) -> Plane:
    """The soft highlight on the roll of the lower lip, to be added to linear light."""
    middle = 0.62 * contour.lower_inner + 0.38 * contour.lower_outer
    return 0.045 * bump(x - mouth.middle_x, y - middle, 0.038, 0.16 * mouth.lower)


def _teeth(x: Plane, edges: tuple[float, ...]) -> tuple[Plane, Plane]:
    """Gaps between teeth (1 is dark) and how far each pixel is from the middle of its tooth (0 in the middle)."""
    far = jnp.abs(x)
    gaps, off = jnp.zeros_like(x), jnp.ones_like(x)
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        gaps += jnp.exp(-0.5 * ((far - end) / 0.0022) ** 2)
        off = jnp.where((far >= start) & (far < end), jnp.abs(2.0 * (far - start) / (end - start) - 1.0), off)
    gaps += 0.8 * jnp.exp(-0.5 * (x / 0.0016) ** 2)
    return gaps, off


def paint_inside(picture, identity: Identity, contour: Contours, mouth: Mouth, x: Plane, y: Plane, pixel: float):
    """Paints cavity, tongue and teeth (linear light) between the inner contours of the lips."""
    aside = x - mouth.middle_x
    gap = contour.lower_inner - contour.upper_inner
    depth = jnp.minimum(y - contour.upper_inner, contour.lower_inner - y)
    opening = inside(depth, pixel) * (jnp.abs(contour.out) < 1.0) * smoothstep(0.0, 0.006, gap)
    colour = jnp.asarray([0.030, 0.008, 0.007]) * jnp.ones_like(x)[..., None]

    jaw_y = identity.mouth_y + mouth.drop
    tongue = bump(aside, y - jaw_y - 0.012, 0.055, 0.030) * smoothstep(0.0, 0.05, mouth.drop)
    colour = mix(colour, jnp.asarray([0.30, 0.085, 0.075]), (0.75 * tongue)[..., None])

    bright = identity.teeth * jnp.asarray([0.80, 0.745, 0.64])
    for edges, edge_y, up, part in (
        (UPPER_TEETH, identity.mouth_y + 0.011, -1.0, 1.0),
        (LOWER_TEETH, jaw_y + 0.004, 1.0, 0.7),
    ):
        gaps, off = _teeth(aside, edges)
        # Corners of each tooth are rounded, and the row curves away from the viewer at the sides.
        edge = edge_y + up * (0.004 * off**3 + 0.25 * aside * aside)
        row = inside((y - edge) * up, pixel + 0.0015)
        sides = 1.0 - 0.75 * smoothstep(0.35, 1.0, jnp.abs(contour.out))
        lip_shadow = smoothstep(-0.004, 0.016, y - contour.upper_inner) * 0.5 + 0.5
        light = part * sides * lip_shadow * (1.0 - 0.40 * jnp.minimum(gaps, 1.0))
        colour = mix(colour, bright * light[..., None], row[..., None])
    return over(picture, colour, opening)


def paint_line(picture, contour: Contours, mouth: Mouth, x: Plane, y: Plane):
    """Darkens the crevice between closed lips and its ends, the corners of the mouth."""
    closed = 1.0 - smoothstep(0.002, 0.012, contour.lower_inner - contour.upper_inner)
    middle = 0.5 * (contour.upper_inner + contour.lower_inner)
    line = jnp.exp(-0.5 * ((y - middle) / 0.0042) ** 2) * smoothstep(1.06, 0.85, jnp.abs(contour.out)) * closed
    ends = sum(
        bump(x - mouth.middle_x - sign * mouth.half_width[side], y - mouth.corner_y[side], 0.010, 0.0075)
        for side, sign in ((PERSONS_RIGHT, -1.0), (PERSONS_LEFT, 1.0))
    )
    dark = jnp.minimum(0.62 * line + 0.45 * ends, 0.75)
    return picture * (1.0 - dark[..., None] * jnp.asarray([0.95, 1.0, 1.0]))
