"""The expression gain at points where it is known."""

import math

import numpy as np
import pytest

from cdaae_jax.evaluation.measures.gain import gain, harmonic_mean

SOURCE, TARGET = np.array([0.1, 0.1, 0.3]), np.array([0.9, 0.7, 0.5])
REQUESTED = ("happy", "happy", "sad")
ROWS = np.arange(3)


def test_the_source_gains_nothing_and_the_truth_all():
    assert gain(SOURCE, SOURCE, TARGET, REQUESTED)(ROWS) == 0
    assert gain(TARGET, SOURCE, TARGET, REQUESTED)(ROWS) == pytest.approx(1)


def test_halfway_is_a_half_and_beyond_is_more_than_1():
    assert gain((SOURCE + TARGET) / 2, SOURCE, TARGET, REQUESTED)(ROWS) == pytest.approx(0.5)
    assert gain(2 * TARGET - SOURCE, SOURCE, TARGET, REQUESTED)(ROWS) == pytest.approx(2)


def test_each_request_counts_once_however_often_it_is_drawn():
    output = np.array([0.9, 0.7, 0.3])  # all of happy, nothing of sad
    # The true pictures gain 0.7 (happy) and 0.2 (sad).
    assert gain(output, SOURCE, TARGET, REQUESTED)(ROWS) == pytest.approx(0.7 / 0.9)
    assert gain(output, SOURCE, TARGET, REQUESTED)(np.array([0, 1, 0, 1, 2])) == pytest.approx(0.7 / 0.9)


def test_pictures_without_a_face_are_left_out():
    output = np.array([np.nan, 0.7, 0.3])
    assert gain(output, SOURCE, TARGET, REQUESTED)(np.array([0, 1])) == pytest.approx(1)


def test_where_nothing_can_be_gained_nothing_is_said():
    assert math.isnan(gain(TARGET, SOURCE, SOURCE, REQUESTED)(ROWS))


def test_the_harmonic_mean_is_high_only_where_both_are():
    mean = harmonic_mean(lambda rows: 1.0, lambda rows: 0.5)
    assert mean(ROWS) == pytest.approx(2 / 3)
    assert harmonic_mean(lambda rows: 1.0, lambda rows: 0.0)(ROWS) == 0
    assert harmonic_mean(lambda rows: 0.0, lambda rows: -0.1)(ROWS) == 0
    assert harmonic_mean(lambda rows: 1.0, lambda rows: 1.3)(ROWS) == 1
