"""What was requested against what is read: shares per expression, their mean, and the table of confusions."""

import numpy as np
import pytest

from cdaae_jax.evaluation.measures.expression import confusion_matrix, expression_statistics
from cdaae_jax.evaluation.measures.statistics import bootstrap_interval

CLASSES = ("neutral", "happy", "sad")
REQUESTED = ("happy", "happy", "happy", "happy", "sad", "sad", "contemptuous")
READ = (1, 1, 1, 0, 2, 1, 0)
PROBABILITIES = np.eye(3)[list(READ)] * 0.7 + 0.1


def test_shares_are_averaged_over_expressions_and_not_over_pictures():
    statistics = expression_statistics(PROBABILITIES, CLASSES, REQUESTED)
    assert list(statistics) == ["read_as_requested", "read_as_happy", "read_as_sad"]
    rows = np.arange(7)
    assert statistics["read_as_happy"](rows) == 3 / 4
    assert statistics["read_as_sad"](rows) == 1 / 2
    assert statistics["read_as_requested"](rows) == (3 / 4 + 1 / 2) / 2  # over pictures it would be 4 / 6


def test_rows_are_counted_as_often_as_drawn_and_absent_expressions_left_out():
    statistics = expression_statistics(PROBABILITIES, CLASSES, REQUESTED)
    drawn = np.array([0, 3, 3, 4, 6])
    assert statistics["read_as_happy"](drawn) == pytest.approx(1 / 3)
    assert statistics["read_as_requested"](drawn) == pytest.approx((1 / 3 + 1) / 2)
    no_sad = np.array([0, 3])
    assert statistics["read_as_requested"](no_sad) == 1 / 2
    assert np.isnan(statistics["read_as_sad"](no_sad))
    assert np.isnan(statistics["read_as_requested"](np.array([6])))
    assert np.isnan(statistics["read_as_requested"](np.array([], int)))


def test_nothing_is_said_of_expressions_that_the_classifier_does_not_know():
    assert expression_statistics(PROBABILITIES[:2], CLASSES, ("contemptuous", "bored")) == {}


def test_an_interval_over_people():
    """Of two people one is always read as requested and one never: draws give 0, 1/2 and 1."""
    statistics = expression_statistics(np.eye(3)[[1, 2, 0, 0]], CLASSES, ("happy", "sad", "happy", "sad"))
    interval = bootstrap_interval(statistics["read_as_requested"], np.array(["p1", "p1", "p2", "p2"]), repeats=200)
    assert interval == (0, 1)


def test_confusions_are_counted_by_request_and_reading():
    names = ("sad", "contemptuous", "happy", "bored")
    expected = [[0, 1, 1], [1, 0, 0], [1, 3, 0], [0, 0, 0]]
    np.testing.assert_array_equal(confusion_matrix(PROBABILITIES, CLASSES, REQUESTED, names), expected)
    with pytest.raises(ValueError, match="requested is 'contemptuous', allowed is one of happy, sad"):
        confusion_matrix(PROBABILITIES, CLASSES, REQUESTED, ("happy", "sad"))
