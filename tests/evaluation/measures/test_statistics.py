"""Scores whose values are known: from the papers that define them, by hand, or by counting."""

import math

import numpy as np
import pytest

from cdaae_jax.evaluation.measures import statistics


def test_equal_values_share_the_mean_of_their_ranks():
    np.testing.assert_array_equal(statistics.average_ranks(np.array([3.0, 1.0, 3.0, 2.0, 3.0])), [4, 1, 4, 2, 4])
    assert len(statistics.average_ranks(np.zeros(0))) == 0


def test_area_under_roc_counts_pairs():
    assert statistics.area_under_roc([2.0, 3.0], [0.0, 1.0]) == 1
    assert statistics.area_under_roc([0.0], [1.0]) == 0
    assert statistics.area_under_roc([1.0, 1.0], [1.0]) == 0.5
    assert math.isnan(statistics.area_under_roc([], [1.0]))
    rng = np.random.default_rng(0)
    positives, negatives = rng.integers(0, 9, 40), rng.integers(0, 7, 30)
    wins = np.sign(positives[:, None] - negatives).astype(float) / 2 + 0.5
    assert statistics.area_under_roc(positives, negatives) == pytest.approx(wins.mean())


def test_verification_rate_at_false_accepts():
    different = np.arange(1000.0)  # 0.5 % of them are 0..4, so pairs below 5 are accepted
    same = np.array([-1.0, 0.5, 4.9, 5.0, 7.0])
    assert statistics.verification_rate(same, different, 0.005) == 0.6
    assert statistics.verification_rate(same, different, 0.001) == 0.4
    assert statistics.verification_rate(same, different, 0.0) == 0.2
    assert (different < 5).mean() == 0.005
    assert math.isnan(statistics.verification_rate([], different, 0.1))
    for rate in (-0.1, 1.0):
        with pytest.raises(ValueError, match="allowed is 0 up to below 1"):
            statistics.verification_rate(same, different, rate)


def test_correlations():
    # Anscombe's first set (1973): r = 0.816, as its regression's published r squared of 0.67 says.
    x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    assert statistics.pearson(x, y) == pytest.approx(0.81642, abs=1e-5)
    assert statistics.pearson(x, -3 * np.asarray(x) + 2) == pytest.approx(-1)
    assert math.isnan(statistics.pearson([1.0, 2.0], [3.0, 3.0]))
    assert statistics.spearman(x, np.exp(x)) == pytest.approx(1)
    # 1 - 6 * sum(d^2) / (n (n^2 - 1)), without ties: d = 1 1 0 1 1
    assert statistics.spearman([1, 2, 3, 4, 5], [2, 1, 3, 5, 4]) == pytest.approx(1 - 6 * 4 / 120)


def test_bootstrap_draws_people_and_not_rows():
    rng = np.random.default_rng(3)
    per_person = rng.normal(size=40)
    people = np.arange(40).repeat(10)
    values = per_person.repeat(10)  # ten rows of a person say the same

    def interval(people, **options):
        return statistics.bootstrap_interval(lambda rows: values[rows].mean(), people, **options)

    low, high = interval(people, repeats=2000)
    # The interval of a mean of 40: 1.96 standard errors to each side.
    error = per_person.std() / math.sqrt(40)
    np.testing.assert_allclose([low, high], per_person.mean() + 1.96 * error * np.array([-1, 1]), atol=0.1 * error)
    rows_low, rows_high = interval(np.arange(400))
    assert rows_high - rows_low < (high - low) / 2
    assert interval(people, seed=1) == interval(people, seed=1) != interval(people, seed=2)
    narrow_low, narrow_high = interval(people, level=0.5)
    assert low < narrow_low < narrow_high < high


def test_bootstrap_of_undefined_scores():
    assert all(map(math.isnan, statistics.bootstrap_interval(lambda rows: 1.0, [])))
    assert all(map(math.isnan, statistics.bootstrap_interval(lambda rows: math.nan, [1, 2])))
    with_gaps = iter([1.0, math.nan] * 50)
    assert statistics.bootstrap_interval(lambda rows: next(with_gaps), [1, 2], repeats=100) == (1.0, 1.0)
