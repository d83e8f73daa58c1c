"""Action units (AUs) in the renderer: their order, the checks of their values, and how far each one moves the face.

Amounts of movement are fractions of the picture's side at FACS intensity 5 (the maximum), linear from 0. They were
set by eye, following the FACS manual's descriptions of the muscles (Ekman, Friesen & Hager 2002), within the ranges of
movement between the neutral and smiling London faces.
"""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Float32

from cdaae_jax.errors import UserError
from cdaae_jax.labels import ACTION_UNITS, MAX_AU, nearest

# One-sided forms add to the two-sided AU of their number. L and R are the person's sides: L is on the picture's right.
ONE_SIDED = ("AU12L", "AU12R", "AU14L", "AU14R")

# The order of the columns of every AU array [N, 22] that the renderer takes: those of `labels.ACTION_UNITS`
# (AU1 2 4 5 6 7 9 10 12 14 15 17 20 23 24 25 26 43), then the one-sided ones.
AU_NAMES = (*ACTION_UNITS, *ONE_SIDED)
NUM_AUS = len(AU_NAMES)

AuRows = Float32[np.ndarray, "n 22"]
Plane = Float[Array, "side side"]

PERSONS_RIGHT, PERSONS_LEFT = 0, 1  # indices of `Muscles` pairs; the person's right is on the picture's left


def au_vector(aus: Mapping[str, float]) -> Float32[np.ndarray, "22"]:
    """Returns the AU array of a mapping such as {"AU12": 3.5}: float32 [22], FACS 0..5, in the order of AU_NAMES.

    Raises:
      UserError: an AU is unknown, or an intensity is not a number in 0..5.
    """
    vector = np.zeros(NUM_AUS, np.float32)
    for name, value in aus.items():
        key = str(name).strip().upper()
        if key not in AU_NAMES:
            raise UserError(f"unknown action unit {name!r}; the renderer knows {', '.join(nearest(key, AU_NAMES))}")
        try:
            vector[AU_NAMES.index(key)] = float(value)
        except (TypeError, ValueError):
            raise UserError(f"{key}={value!r} is not a number; write for example {{'AU12': 3.5}}") from None
    return check_aus(vector[None])[0]


def check_aus(aus: np.ndarray) -> AuRows:
    """Returns `aus` as float32 [N, 22].

    Raises:
      UserError: it has another shape, or a value is outside 0..5.
    """
    rows = np.asarray(aus, np.float32)
    if rows.ndim != 2 or rows.shape[1] != NUM_AUS:
        raise UserError(
            f"AU intensities have the shape {list(rows.shape)}, but must be [N, {NUM_AUS}]: {', '.join(AU_NAMES)}"
        )
    wrong = ~((rows >= 0.0) & (rows <= MAX_AU))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise UserError(f"{AU_NAMES[column]}={rows[row, column]:g} is out of range: FACS intensities go from 0 to 5")
    return rows


class Muscles:
    """How hard each AU pulls, 0..1, on the person's right and left: `muscles["AU12"]` is [right, left].

    `muscles.mix({"AU6": 1.0, "AU12": 0.5})` is a weighted sum [right, left].
    """

    def __init__(self, aus: Float[Array, "22"]):
        strength = aus / MAX_AU
        self._sides = {name: jnp.stack([strength[i], strength[i]]) for i, name in enumerate(ACTION_UNITS)}
        for name in ONE_SIDED:
            side = jnp.asarray([1.0, 0.0] if name[-1] == "R" else [0.0, 1.0])
            pull = self._sides[name[:-1]] + strength[AU_NAMES.index(name)] * side
            self._sides[name[:-1]] = jnp.minimum(pull, 1.0)

    def __getitem__(self, name: str) -> Float[Array, "2"]:
        return self._sides[name]

    def mix(self, weights: Mapping[str, float]) -> Float[Array, "2"]:
        """The sum of the named AUs' pulls, each times its weight, for the person's [right, left]."""
        return sum((weight * self._sides[name] for name, weight in weights.items()), jnp.zeros(2))


class Pull(NamedTuple):
    """A patch of skin that AUs move: a Gaussian at (`x`, `y`) with the widths (`width`, `height`).

    Lengths are fractions of the picture's side; x goes outwards from the face's midline, y down from the top. `moves`
    holds the patch's displacement (outwards, down) for each AU at intensity 5.
    """

    x: float
    y: float
    width: float
    height: float
    moves: dict[str, tuple[float, float]]


PULLS = (
    # Brows: the inner end, the middle and the outer end, then the forehead, which follows them.
    Pull(0.070, 0.280, 0.055, 0.055, {"AU1": (0.0, -0.048), "AU4": (-0.026, 0.046), "AU9": (-0.004, 0.008)}),
    Pull(0.175, 0.265, 0.055, 0.048, {"AU1": (0.0, -0.016), "AU2": (0.0, -0.026), "AU4": (-0.014, 0.034)}),
    Pull(0.275, 0.290, 0.055, 0.055, {"AU2": (0.0, -0.046), "AU4": (0.0, 0.014), "AU6": (0.0, 0.004)}),
    Pull(0.120, 0.160, 0.140, 0.050, {"AU1": (0.0, -0.010), "AU2": (0.0, -0.010), "AU4": (0.0, 0.006)}),
    # Cheek, and the skin between it and the eye.
    Pull(0.190, 0.540, 0.075, 0.060, {"AU6": (0.0, -0.026), "AU12": (0.008, -0.022), "AU9": (0.0, -0.008)}),
    Pull(0.160, 0.450, 0.060, 0.028, {"AU6": (0.0, -0.014), "AU7": (0.0, -0.004), "AU9": (-0.004, -0.008)}),
    Pull(0.000, 0.565, 0.050, 0.050, {"AU9": (0.0, -0.012)}),
    # Wing of the nose, and the fold from there to the mouth.
    Pull(0.060, 0.575, 0.042, 0.040, {"AU9": (0.003, -0.026), "AU10": (0.003, -0.008), "AU12": (0.007, -0.005)}),
    Pull(0.115, 0.640, 0.045, 0.050, {"AU12": (0.020, -0.018), "AU10": (0.004, -0.022), "AU9": (0.0, -0.018)}),
    # Beside the corner of the mouth.
    Pull(
        0.140,
        0.725,
        0.050,
        0.048,
        {
            "AU12": (0.026, -0.036),
            "AU14": (0.010, -0.002),
            "AU15": (0.002, 0.030),
            "AU20": (0.030, 0.006),
            "AU23": (-0.010, 0.0),
            "AU24": (-0.008, 0.0),
            "AU26": (-0.010, 0.014),
        },
    ),
    # Above and below the lips, the chin and the jaw.
    Pull(0.0, 0.665, 0.060, 0.026, {"AU10": (0.0, -0.026), "AU9": (0.0, -0.010), "AU12": (0.0, -0.008)}),
    Pull(0.0, 0.800, 0.090, 0.036, {"AU26": (0.0, 0.040), "AU25": (0.0, 0.006), "AU17": (0.0, -0.018)}),
    Pull(0.0, 0.930, 0.240, 0.110, {"AU26": (0.0, 0.070), "AU17": (0.0, -0.018)}),
    Pull(0.220, 0.850, 0.090, 0.120, {"AU26": (-0.008, 0.022), "AU12": (0.006, -0.006), "AU20": (0.008, 0.0)}),
)


def side_weight(x: Plane) -> Plane:
    """0 on the person's right half (x < 0), 1 on the left, and a smooth step 0.06 wide at the midline."""
    step = jnp.clip(x / 0.06 + 0.5, 0.0, 1.0)
    return step * step * (3.0 - 2.0 * step)


def across(sides: Float[Array, "2"], left: Plane) -> Plane:
    """A [right, left] pair as a value per pixel; `left` is the pixels' `side_weight`."""
    return sides[0] + (sides[1] - sides[0]) * left


def rest_position(x: Plane, y: Plane, muscles: Muscles) -> tuple[Plane, Plane]:
    """Where the skin seen at (x, y) lies in the face at rest: the inverse of the AUs' displacement.

    `x` is measured from the midline (-0.5..0.5, positive on the picture's right), `y` from the top (0..1); so is the
    result.
    """
    left = side_weight(x)
    outwards = 2.0 * left - 1.0
    patches = [
        jnp.concatenate(
            [
                jnp.asarray(pull[:4]),
                muscles.mix({name: way[0] for name, way in pull.moves.items()}),
                muscles.mix({name: way[1] for name, way in pull.moves.items()}),
            ]
        )
        for pull in PULLS
    ]

    def move(far, down, seen, patch):
        off_x, off_y = (far - patch[0]) / patch[2], (down - patch[1]) / patch[3]
        near = jnp.exp(-0.5 * (off_x * off_x + off_y * off_y))
        move_x, move_y = across(patch[4:6], left) * outwards, across(patch[6:8], left)
        return (seen[0] - near * move_x, seen[1] - near * move_y), None

    rest_x, rest_y = x, y
    # Fixed-point iterations of rest = seen - displacement(rest); after two the error is below 1/4 pixel at 128 px.
    for _ in range(2):
        rest_x, rest_y = lax.scan(functools.partial(move, jnp.abs(rest_x), rest_y), (x, y), jnp.stack(patches))[0]
    return rest_x, rest_y
