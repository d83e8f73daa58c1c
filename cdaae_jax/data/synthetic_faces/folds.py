"""Lines in the skin: those that AUs make, and those that age leaves.

Each line is drawn once for both halves of the face at rest, so that it moves with the skin.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from cdaae_jax.data.synthetic_faces.action_units import Muscles, side_weight
from cdaae_jax.data.synthetic_faces.identity import Identity

Plane = Float[Array, "side side"]


class Fold(NamedTuple):
    """A line from `start` to `end`, bent by `bend` to the right of its direction, with a Gaussian profile of `width`.

    `pulls` is its depth for each AU at intensity 5, `age` its depth in an old face at rest, `always` its depth in any
    face; 1 is a clear line.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    bend: float
    width: float
    pulls: dict[str, float]
    age: float = 0.0
    always: float = 0.0


FOLDS = (
    # From the wing of the nose around the mouth: the nasolabial fold.
    Fold(
        (0.082, 0.565), (0.168, 0.715), -0.022, 0.0085, {"AU12": 1.3, "AU6": 0.4, "AU9": 1.0, "AU10": 1.0}, 0.55, 0.12
    ),
    # From the corner of the mouth down.
    Fold((0.150, 0.745), (0.165, 0.830), -0.006, 0.007, {"AU15": 0.9, "AU20": 0.5, "AU12": 0.15}, 0.5),
    # Beside the corner of the mouth, upright.
    Fold((0.163, 0.690), (0.166, 0.750), -0.012, 0.006, {"AU14": 1.5, "AU12": 0.35, "AU24": 0.2}),
    Fold((0.205, 0.660), (0.205, 0.790), -0.020, 0.009, {"AU12": 0.4, "AU20": 0.6}, 0.15),
    # Crow's feet.
    Fold((0.242, 0.372), (0.292, 0.345), 0.004, 0.0040, {"AU6": 0.8, "AU12": 0.1}, 0.45),
    Fold((0.244, 0.387), (0.302, 0.386), 0.000, 0.0040, {"AU6": 0.9, "AU12": 0.1}, 0.55),
    Fold((0.240, 0.402), (0.296, 0.424), -0.004, 0.0040, {"AU6": 0.8}, 0.45),
    # Under the eye.
    Fold((0.095, 0.408), (0.215, 0.415), -0.018, 0.0055, {"AU6": 0.7, "AU7": 0.7, "AU9": 0.5, "AU12": 0.2}, 0.35, 0.12),
    Fold((0.085, 0.420), (0.200, 0.452), -0.020, 0.0080, {"AU6": 0.6, "AU9": 0.3}, 0.45),
    # Between the brows, and across the root of the nose.
    Fold((0.027, 0.262), (0.022, 0.325), 0.004, 0.0055, {"AU4": 1.5, "AU9": 0.2}, 0.35),
    Fold((0.050, 0.255), (0.044, 0.292), 0.004, 0.0055, {"AU4": 0.5}, 0.10),
    Fold((-0.030, 0.352), (0.030, 0.352), 0.004, 0.0060, {"AU4": 0.5, "AU9": 0.5}, 0.20),
    Fold((0.012, 0.392), (0.052, 0.366), 0.000, 0.0045, {"AU9": 1.1}),
    Fold((0.014, 0.416), (0.062, 0.386), 0.000, 0.0045, {"AU9": 1.1}),
    Fold((0.018, 0.440), (0.066, 0.412), 0.000, 0.0045, {"AU9": 0.8}),
    # Forehead: the middle with the inner brows, the sides with the outer ones.
    Fold((-0.110, 0.222), (0.110, 0.222), 0.010, 0.0060, {"AU1": 1.1}, 0.25),
    Fold((-0.120, 0.187), (0.120, 0.187), 0.010, 0.0060, {"AU1": 1.1}, 0.40),
    Fold((-0.120, 0.152), (0.120, 0.152), 0.008, 0.0060, {"AU1": 0.9}, 0.30),
    Fold((0.080, 0.216), (0.270, 0.226), 0.016, 0.0060, {"AU2": 1.1}, 0.20),
    Fold((0.080, 0.181), (0.260, 0.190), 0.016, 0.0060, {"AU2": 1.1}, 0.30),
    # Above the chin.
    Fold((-0.085, 0.838), (0.085, 0.838), 0.016, 0.0090, {"AU17": 0.9}, 0.15, 0.10),
)


def grooves(identity: Identity, x: Plane, y: Plane, muscles: Muscles, texture: dict[str, Plane]) -> Plane:
    """How deep the lines at the rest positions (x, y) are: 0 for smooth skin, about 1 for a clear line."""
    left = side_weight(x)
    # Nobody's lines are straight: slow noise bends all lines of a person alike.
    bent_x = x + 0.004 * texture["bend_x"]
    bent_y = y + 0.006 * texture["bend_y"]
    far = jnp.abs(bent_x)
    # Older skin folds deeper under the same pull.
    yielding = 0.75 + 0.5 * identity.age
    lines = []
    for fold in FOLDS:
        (x0, y0), (x1, y1) = fold.start, fold.end
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        depth = muscles.mix(fold.pulls) * yielding + fold.age * identity.age**1.5 + fold.always
        crosses = float(x0 < 0)  # lines across the midline are not mirrored
        shape = [x0, y0, (x1 - x0) / length, (y1 - y0) / length, length, fold.bend, fold.width, crosses]
        lines.append(jnp.concatenate([jnp.asarray(shape), depth]))

    # A scan, because 21 lines written out take seconds to compile.
    def add(total, line):
        x0, y0, along_x, along_y, length, bend, width, crosses, right_depth, left_depth = line
        off_x, off_y = far + (bent_x - far) * crosses - x0, bent_y - y0
        along = (off_x * along_x + off_y * along_y) / length
        aside = off_y * along_x - off_x * along_y
        middle = 4.0 * along * (1.0 - along)
        distance = (aside + bend * middle) / width
        taper = jnp.maximum(middle + 0.15, 0.0) / 1.15
        depth = right_depth + (left_depth - right_depth) * left
        return total + depth * jnp.sqrt(taper) * jnp.exp(-0.5 * distance * distance), None

    return lax.scan(add, jnp.zeros_like(x), jnp.stack(lines))[0]
