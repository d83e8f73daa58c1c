"""The people of the set and their labels, computed from numbers; nothing is stored.

A person's id is the number that the person is drawn from ("p000017" is `renderer.sample_identity(17)`), and the
person's labels depend on that number alone. So a larger set contains a smaller one's pictures, and anybody who knows an
id can draw the person again (`truth`).
"""

import dataclasses
import re

import numpy as np
from jaxtyping import Float32

from cdaae_jax.data.synthetic_faces.action_units import au_vector
from cdaae_jax.data.synthetic_faces.emotions import emotion_aus
from cdaae_jax.errors import UserError
from cdaae_jax.labels import DISFA_AUS, EMOTIONS

# Six digits: ids sort as their numbers do, and `config.data.held_out` takes the last ones.
MAX_PERSON = 999_999
_ID = re.compile(r"p(\d{6})")

GRADES = 5  # FACS grades A to E: the intensities 1 to 5 of a single AU
COMBINED = (2, 3, 4)  # how many AUs a combination has
# Intensities of combined AUs are multiples of a quarter, which float32 represents exactly.
LEAST_QUARTERS, MOST_QUARTERS = 2, 20


@dataclasses.dataclass(frozen=True)
class Portrait:
    """One picture of a person.

    Attributes:
      name: unique among the person's pictures: "happy", "au00", "au01".
      expression: one of `labels.EMOTIONS`; "" for a vector of AUs that is no emotion.
      aus: float32 [22], FACS 0..5, in the order of `action_units.AU_NAMES`.
    """

    name: str
    expression: str
    aus: Float32[np.ndarray, "22"]


def subject_id(person: int) -> str:
    """Returns the id of person number 0..999999."""
    return f"p{person:06d}"


def person_number(subject: str) -> int:
    """Returns the number that a person of the set is drawn from.

    Raises:
      UserError: the text is not an id of the set.
    """
    match = _ID.fullmatch(subject)
    if not match:
        raise UserError(f"{subject!r} is nobody in the synthetic faces; their ids are p000000 to p{MAX_PERSON}")
    return int(match[1])


def portraits(person: int, au_pictures: int) -> list[Portrait]:
    """Returns a person's portraits: the eight emotions, then `au_pictures` AU vectors.

    AU vectors alternate between a single AU and a combination of 2, 3 or 4, chosen from the 12 AUs that DISFA codes.
    Every 24 vectors show each AU alone once, at a whole intensity of 1..5 that moves on from person to person, so that
    five consecutive people show all five.

    Args:
      person: the number that the person is drawn from.
      au_pictures: the number of AU vectors; a larger number only adds vectors at the end.
    """
    emotions = [Portrait(name, name, emotion_aus({name: 1.0})) for name in EMOTIONS]
    units = [
        Portrait(f"au{i:02d}", "", au_vector(_combination(person, i // 2) if i % 2 else _single(person, i // 2)))
        for i in range(au_pictures)
    ]
    return emotions + units


def _single(person: int, turn: int) -> dict[str, float]:
    unit, again = turn % len(DISFA_AUS), turn // len(DISFA_AUS)
    return {DISFA_AUS[unit]: float(1 + (person + unit + again) % GRADES)}


def _combination(person: int, turn: int) -> dict[str, float]:
    rng = np.random.default_rng([0xAC7, person, turn])
    chosen = np.sort(rng.choice(len(DISFA_AUS), COMBINED[turn % len(COMBINED)], replace=False))
    quarters = rng.integers(LEAST_QUARTERS, MOST_QUARTERS, len(chosen), endpoint=True)
    return {DISFA_AUS[unit]: float(amount) / 4.0 for unit, amount in zip(chosen, quarters, strict=True)}
