"""Which people and labels the set has: ids, and what AU vectors are made of."""

import numpy as np
import pytest

from cdaae_jax.data.synthetic_faces import portraits, renderer
from cdaae_jax.errors import UserError
from cdaae_jax.labels import DISFA_AUS, EMOTIONS


def test_an_id_and_a_number_are_the_same_person():
    numbers = [0, 7, 119, 120, portraits.MAX_PERSON]
    ids = [portraits.subject_id(number) for number in numbers]
    assert [portraits.person_number(subject) for subject in ids] == numbers
    assert ids == sorted(ids)
    for wrong in ("p12", "p1234567", "001", "p00001x", ""):
        with pytest.raises(UserError, match="nobody in the synthetic faces"):
            portraits.person_number(wrong)


def test_aus_are_seen_alone_at_all_five_intensities_and_in_twos_to_fours():
    seen = {name: set() for name in DISFA_AUS}
    combined, amounts = set(), []
    for person in range(88):
        shown = portraits.portraits(person, 24)
        assert [portrait.expression for portrait in shown[:8]] == list(EMOTIONS)
        assert all(portrait.expression == "" for portrait in shown[8:])
        alone = [portrait for portrait in shown[8:] if np.count_nonzero(portrait.aus) == 1]
        assert len(alone) == 12
        for portrait in alone:
            unit = int(portrait.aus.argmax())
            seen[renderer.AU_NAMES[unit]].add(float(portrait.aus[unit]))
        together = [portrait.aus[portrait.aus > 0] for portrait in shown[8:] if portrait not in alone]
        combined |= {len(values) for values in together}
        amounts += together
    assert all(grades == {1.0, 2.0, 3.0, 4.0, 5.0} for grades in seen.values())
    assert combined == {2, 3, 4}
    amounts = np.concatenate(amounts)
    assert (amounts.min(), amounts.max()) == (0.5, 5.0) and len(set(amounts.tolist())) == 19


def test_fewer_au_pictures_are_the_first_of_more():
    many, few = portraits.portraits(5, 40), portraits.portraits(5, 3)
    for one, other in zip(few, many[: len(few)], strict=True):
        assert (one.name, one.expression) == (other.name, other.expression)
        np.testing.assert_array_equal(one.aus, other.aus)
    assert len({portrait.aus.tobytes() for portrait in many}) == len(many)
