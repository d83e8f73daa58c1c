"""Who of a set is trained on: decided by the set's and the person's name alone, so the same on every machine."""

import functools
import hashlib
from collections.abc import Sequence

from cdaae_jax.data.records import SPLITS

SHARE = 0.15  # of the people, for validation and again for the test


def split_of(set_name: str, subject: str, everyone: Sequence[str] = ()) -> str:
    """Returns the split that a person is in: "train", "validation" or "test".

    Args:
      set_name: the builder's.
      subject: the person's id in the set.
      everyone: the ids of all people of the set as published, where they are known: then the shares are exact. Who of
        them is in a user's folder changes nothing.
    """
    places = _places(set_name, tuple(everyone))
    if subject in places:
        held_out = max(1, round(len(places) * SHARE))
        part = places[subject] // held_out
        return (SPLITS[2], SPLITS[1])[part] if part < 2 else SPLITS[0]
    share = _number(set_name, subject)
    return SPLITS[2] if share < SHARE else SPLITS[1] if share < 2 * SHARE else SPLITS[0]


@functools.cache
def _places(set_name: str, everyone: tuple[str, ...]) -> dict[str, int]:
    """Returns each person's place in an order that has nothing to do with how ids are given."""
    order = sorted(everyone, key=lambda person: _number(set_name, person))
    return {person: place for place, person in enumerate(order)}


def _number(set_name: str, subject: str) -> float:
    """Returns a number from 0 to 1 that has nothing to do with how ids are given."""
    return int(hashlib.sha256(f"{set_name}/{subject}".encode()).hexdigest()[:12], 16) / 16**12
