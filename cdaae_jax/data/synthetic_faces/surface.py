"""The head as a height field: its outline, the bumps of its features, and the bulges that AUs make.

Heights point towards the viewer, in fractions of the picture's side, over skin at rest (see
`action_units.rest_position`), so that everything drawn here moves with the skin.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from cdaae_jax.data.synthetic_faces.action_units import Muscles, side_weight
from cdaae_jax.data.synthetic_faces.drawing import bump, smoothstep
from cdaae_jax.data.synthetic_faces.identity import Identity

Plane = Float[Array, "side side"]

CENTRE_Y = 0.5

# The mean outline of the London faces in polar coordinates around (0, CENTRE_Y): degrees from straight down, and
# radius. Up to 104 degrees from dlib's jaw line, 133 from MediaPipe's face oval; the skull above is a guess.
OUTLINE_DEGREES = np.array([0, 12, 23, 35, 47, 60, 74, 90, 104, 118, 133, 155, 180], np.float32)
OUTLINE_RADII = np.array(
    [0.464, 0.460, 0.444, 0.426, 0.400, 0.369, 0.350, 0.349, 0.363, 0.390, 0.440, 0.540, 0.610], np.float32
)
# Where each number of `Identity.outline` acts, and over how many degrees: chin, chin corner, jaw, cheek, temple, and
# the whole side.
OUTLINE_MODES = np.array([[0, 30], [20, 10], [45, 16], [80, 24], [122, 28], [85, 60]], np.float32)
OUTLINE_TERMS = 9

_FIT = np.linalg.pinv(np.cos(np.deg2rad(OUTLINE_DEGREES)[:, None] * np.arange(OUTLINE_TERMS))).astype(np.float32)
_MODES = np.exp(-0.5 * ((OUTLINE_DEGREES[:, None] - OUTLINE_MODES[:, 0]) / OUTLINE_MODES[:, 1]) ** 2)


class Bump(NamedTuple):
    """A Gaussian hill on both halves of the face at rest, raised by AUs: heights at intensity 5."""

    x: float
    y: float
    width: float
    height: float
    raises: dict[str, float]


AU_BUMPS = (
    Bump(0.185, 0.505, 0.060, 0.040, {"AU6": 0.020, "AU12": 0.012}),
    Bump(0.160, 0.440, 0.060, 0.016, {"AU6": 0.006, "AU7": 0.003}),
    Bump(0.045, 0.300, 0.026, 0.026, {"AU4": 0.010, "AU9": 0.003}),
    Bump(0.075, 0.560, 0.026, 0.030, {"AU9": 0.010, "AU10": 0.006}),
    Bump(0.000, 0.890, 0.085, 0.045, {"AU17": 0.014}),
    Bump(0.185, 0.720, 0.024, 0.045, {"AU12": 0.010, "AU14": 0.012, "AU20": 0.006}),
    Bump(0.090, 0.790, 0.030, 0.026, {"AU15": 0.008}),
    Bump(0.000, 0.655, 0.070, 0.020, {"AU24": 0.006, "AU23": 0.004}),
)


def outline(identity: Identity, x: Plane, y: Plane) -> tuple[Plane, Plane]:
    """(Distance of (x, y) from the head's centre, distance of the outline in the same direction)."""
    radii = jnp.asarray(OUTLINE_RADII) * (1.0 + jnp.asarray(_MODES) @ identity.outline)
    terms = jnp.asarray(_FIT) @ radii
    down = y - CENTRE_Y
    reach = jnp.sqrt(x * x + down * down + 1e-6)
    cosine = down / reach
    # Chebyshev polynomials of the cosine are cosines of multiples of the angle.
    before, here = jnp.ones_like(cosine), cosine
    radius = terms[0] + terms[1] * cosine
    for term in range(2, OUTLINE_TERMS):
        before, here = here, 2.0 * cosine * here - before
        radius = radius + terms[term] * here
    return reach, radius


def _nose(identity: Identity, x: Plane, y: Plane, muscles: Muscles) -> Plane:
    tip = identity.nose_tip_y
    far = jnp.abs(x)
    down = jnp.clip((y - 0.335) / (tip - 0.335), 0.0, 1.3)
    ridge = identity.nose_height * (0.18 + 0.82 * down**1.4) + identity.bridge_hump * bump(down - 0.42, 0.0, 0.22, 1.0)
    half_width = identity.bridge_half_width * (0.95 - 0.15 * bump(down - 0.5, 0.0, 0.25, 1.0) + 0.25 * down**3)
    # The base of the nose is lowest in the middle and rises towards the wings.
    ridge = (
        ridge
        * smoothstep(0.27, 0.37, y)
        * (1.0 - smoothstep(tip - 0.008, tip + 0.056 - 0.3 * jnp.minimum(far, 0.1), y))
    )
    side = far / half_width
    nose = ridge * jnp.exp(-0.5 * side * side)
    size = identity.tip_size
    ball = 0.040 * bump(x, y - tip - 0.012, 0.033 * size, 0.028 * size)
    flare = jnp.mean(muscles.mix({"AU9": 0.004, "AU12": 0.004}))
    wing_x, wing_y = far - identity.nose_half_width + 0.020 - flare, y - tip - 0.036
    wings = 0.052 * bump(wing_x, wing_y, 0.0185, 0.0195) - 0.008 * bump(wing_x - 0.032, wing_y, 0.009, 0.022)
    wings += 0.022 * bump(x, y - tip - 0.050, 0.010, 0.016)
    # The wall from the bridge down to the cheek.
    wings += 0.020 * bump(far - 0.5 * identity.nose_half_width, y - tip + 0.02, 0.030, 0.050)
    return nose + ball + wings


def head_height(identity: Identity, x: Plane, y: Plane, muscles: Muscles) -> tuple[Plane, Plane]:
    """(Height of the face without eyes and lips at rest positions (x, y), their depth inside the outline)."""
    reach, radius = outline(identity, x, y)
    out = reach / radius
    dome = identity.head_depth * jnp.sqrt(jnp.maximum(1.0 - out**identity.flatness, 0.0) + 1e-4)
    far = jnp.abs(x)
    left = side_weight(x)
    height = dome + _nose(identity, x, y, muscles)
    sockets = bump(far - 0.145, y - 0.372, 0.075, 0.040) + 0.5 * bump(far - 0.075, y - 0.37, 0.030, 0.030)
    height += -identity.socket_depth * sockets
    height += 0.016 * bump(far - 0.16, y - 0.385, 0.052, 0.032)  # the eyeball under the lids
    height += identity.brow_ridge * bump(far - 0.15, y - 0.285, 0.095, 0.026)
    height += identity.brow_ridge * 0.5 * bump(x, y - 0.29, 0.035, 0.03)
    height += identity.cheekbones * bump(far - 0.235, y - 0.500, 0.060, 0.045)
    height += identity.cheek_fat * bump(far - 0.190, y - 0.640, 0.070, 0.080)
    height += 0.018 * bump(x, y - 0.715, 0.120, 0.075)  # the rounding of the teeth under the lips
    height += identity.chin_boss * bump(x, y - 0.890, 0.075, 0.050)
    height += -0.012 * identity.chin_cleft * bump(x, y - 0.90, 0.008, 0.030)
    height += -0.003 * bump(x, y - 0.642, 0.012, 0.026)  # philtrum
    height += 0.0018 * bump(far - 0.020, y - 0.648, 0.009, 0.024)
    hills = [jnp.concatenate([jnp.asarray(hill[:4]), muscles.mix(hill.raises)]) for hill in AU_BUMPS]

    def add(total, hill):
        rise = hill[4] + (hill[5] - hill[4]) * left
        return total + rise * bump(far - hill[0], y - hill[1], hill[2], hill[3]), None

    return lax.scan(add, height, jnp.stack(hills))[0], radius - reach
