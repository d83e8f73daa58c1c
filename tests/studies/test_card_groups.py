"""Groups: who is in them, their scores, and which two lie farthest apart."""

import math

import numpy as np
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.measures.scores import mean_of
from studies import card_groups

# Two edits of each person.
PERSON = ("a", "a", "b", "b", "c", "c", "d", "d", "e", "e")
VALUES = np.array([0.0, 0.2, 0.1, 0.3, 0.5, 0.7, 0.8, 1.0, 5.0, 5.0])


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "people.csv"
    people = ["a,female,black", "b,male,black", "c,female,white", "d,male,white", "e,male,", "f,male,west_asian"]
    path.write_text("\n".join(["subject,gender,ethnicity", *people]))
    return path


def test_everybody_is_in_a_group_of_each_attribute(table):
    groups = card_groups.groups(table, PERSON)
    assert [group.name for group in groups] == [
        *("female, 2 people", "male, 3 people"),
        *("black, 2 people", "not stated, 1 person", "white, 2 people"),
    ]
    assert card_groups.groups(table, ("f",))[1].name == "west asian, 1 person"
    assert groups[2].rows.tolist() == [0, 1, 2, 3]


def test_a_single_person_has_no_interval(table):
    groups = card_groups.groups(table, PERSON)
    black, alone = (card_groups.scores({"l1": mean_of(VALUES)}, PERSON, groups[i])["l1"] for i in (2, 3))
    assert black.value == pytest.approx(0.15) and 0.1 <= black.low < black.value < black.high <= 0.2 + 1e-9
    assert alone.value == 5 and math.isnan(alone.low)


def test_the_largest_gap_is_between_groups_and_not_single_people(table):
    groups = card_groups.groups(table, PERSON)
    values = VALUES.copy()
    values[:8] = [0, 0, 0.1, 0.1, 0.9, 0.9, 1, 1]
    gap = card_groups.largest_gap(mean_of(values), PERSON, [group for group in groups if group.attribute != "gender"])
    assert (gap.low.value, gap.high.value) == ("black", "white")
    assert gap.score.value == pytest.approx(0.9) and 0.8 <= gap.score.low < gap.score.high <= 1.0
    # The men's outlier makes a wider gap than colour does.
    assert card_groups.largest_gap(mean_of(values), PERSON, groups).low.attribute == "gender"
    assert card_groups.largest_gap(mean_of(values), PERSON, groups[:1]) is None


def test_a_person_whom_the_table_lacks_is_named(table):
    with pytest.raises(UserError, match="does not name z, who is judged"):
        card_groups.groups(table, (*PERSON, "z"))
    table.write_text("subject,gender\na,female\n")
    with pytest.raises(UserError, match="has no column 'ethnicity'"):
        card_groups.groups(table, ("a",))
