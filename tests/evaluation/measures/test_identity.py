"""Identity scores of a handful of embeddings whose distances are known by hand."""

import numpy as np
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.measures.identity import identity_statistics, other_people
from cdaae_jax.evaluation.measures.statistics import bootstrap_interval

# Three people in the plane, two edits each; sources at (0, 4), (4, 4) and (40, 4).
PERSON = np.array(["ann", "ann", "bob", "bob", "cleo", "cleo"])
SOURCE = np.array([[0, 4], [0, 4], [4, 4], [4, 4], [40, 4], [40, 4]], np.float32)
# Ann's second output is nearer to Bob (1) than to Ann (3).
OUTPUT = SOURCE + np.array([[0, 0], [3, 0], [0, 1], [0, 2], [0, 0], [-3, 4]], np.float32)
OWN = np.array([0, 3, 1, 2, 0, 5])
ALL = np.arange(6)
THRESHOLDS = {"verified": 2.5, "verified_strict": 2}


@pytest.fixture
def statistics():
    return identity_statistics(OUTPUT, SOURCE, PERSON, THRESHOLDS)


def test_distance_cosine_and_verification_are_to_ones_own_source(statistics):
    assert statistics["identity_distance"](ALL) == pytest.approx(OWN.mean())
    assert statistics["identity_distance"](np.array([1, 1, 5])) == pytest.approx(11 / 3)
    # Ann's source points up; her second output, (3, 4), is at the cosine 4 / 5 from it.
    assert statistics["identity_cosine"](np.array([0, 1])) == pytest.approx((1 + 0.8) / 2)
    assert statistics["verified"](ALL) == 4 / 6
    assert statistics["verified_strict"](ALL) == 3 / 6  # 2 is not below 2
    assert np.isnan(statistics["identity_distance"](np.array([], int)))


def test_rank_one_among_the_drawn_people(statistics):
    assert statistics["rank_one"](ALL) == 5 / 6
    # Without Bob nobody is nearer to Ann's second output than Ann; with Bob he is, however often Ann is drawn.
    assert statistics["rank_one"](np.array([0, 1, 4, 5])) == 1
    assert statistics["rank_one"](np.array([0, 1, 0, 1, 2, 3])) == 4 / 6
    # Ann drawn twice is not two people: there is nobody else.
    assert np.isnan(statistics["rank_one"](np.array([0, 1, 0, 1])))
    assert np.isnan(statistics["rank_one"](np.array([], int)))


def test_a_tie_with_somebody_else_is_wrong():
    source = np.array([[0.0, 1], [2.0, 1]])
    statistics = identity_statistics(np.array([[1.0, 1], [2.0, 1]]), source, np.array(["a", "b"]), {})
    assert statistics["rank_one"](np.arange(2)) == 1 / 2


def test_verification_with_few_false_accepts(statistics):
    """With 12 pairs of different people none may be accepted: the nearest of them, 1, is the threshold."""
    assert statistics["verified_at_1_in_1000"](ALL) == 2 / 6
    # Without Bob the nearest stranger is far; Ann drawn twice is no stranger to herself.
    assert statistics["verified_at_1_in_1000"](np.array([0, 1, 0, 1, 4, 5])) == 1
    assert np.isnan(statistics["verified_at_1_in_1000"](np.array([0, 1, 0, 1])))


def test_one_in_a_thousand_pairs_may_be_accepted():
    """40 people on a line, one of whose outputs is at another's source: 1,560 pairs, so one is let through."""
    source = np.stack([np.arange(40.0) * 10, np.ones(40)], axis=1)
    output = source + [3, 0]
    output[7] = source[8]
    output[20:] += [1, 0]
    person = np.arange(40)
    statistics = identity_statistics(output, source, person, {})
    # The second nearest stranger is 6 away (4 + 6 = 10): below are all but number 7, who is 10 from the source.
    assert statistics["verified_at_1_in_1000"](person) == 39 / 40
    # Number 8 twice are two sources at number 7's output, number 7 twice two such outputs: one pair too many.
    assert statistics["verified_at_1_in_1000"](np.append(person, 8)) == 0
    assert statistics["verified_at_1_in_1000"](np.append(person, 7)) == 0


def test_the_true_target_is_the_ceiling_and_another_person_the_floor():
    rows = other_people(PERSON)
    np.testing.assert_array_equal(rows, [2, 2, 4, 4, 0, 0])
    floor = identity_statistics(SOURCE[rows], SOURCE, PERSON, THRESHOLDS)
    assert floor["identity_distance"](ALL) == pytest.approx((4 + 36 + 40) / 3)
    assert floor["rank_one"](ALL) == floor["verified"](ALL) == floor["verified_at_1_in_1000"](ALL) == 0
    ceiling = identity_statistics(SOURCE, SOURCE, PERSON, THRESHOLDS)
    assert ceiling["identity_distance"](ALL) == 0
    assert all(value(ALL) == 1 for name, value in ceiling.items() if name != "identity_distance")


def test_other_people_are_found_in_any_order_and_need_two():
    person = ["c", "a", "c", "b"]
    np.testing.assert_array_equal(other_people(np.array(person)), [1, 3, 1, 0])
    with pytest.raises(UserError, match="1 person is judged, two are needed"):
        other_people(np.array(["a", "a"]))


def test_a_person_with_several_sources_is_found_by_any_of_them():
    source = np.array([[0.0, 1], [10.0, 1], [5.0, 1]])
    output = np.array([[9.0, 1], [9.0, 1], [5.0, 1]])
    person = np.array(["a", "a", "b"])
    assert identity_statistics(output, source, person, {})["rank_one"](np.arange(3)) == 1


def test_all_statistics_have_intervals(statistics):
    for name, statistic in statistics.items():
        low, high = bootstrap_interval(statistic, PERSON, repeats=50)
        assert low <= statistic(ALL) <= high, name
