"""The Frechet distance on clouds whose distance is known in closed form."""

import numpy as np
import pytest

from cdaae_jax.evaluation.measures import statistics
from cdaae_jax.evaluation.measures.frechet import frechet_statistic


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def distance(first, second):
    return frechet_statistic(first, second)(np.arange(len(first)))


def cloud(rng, mean, covariance, rows):
    """Rows whose sample mean and sample covariance are exactly the given ones."""
    centred = rng.normal(size=(rows, len(mean)))
    centred -= centred.mean(axis=0)
    orthonormal = np.linalg.qr(centred)[0]  # its columns are centred too
    return mean + np.sqrt(rows - 1) * orthonormal @ np.linalg.cholesky(covariance).T


def test_the_same_rows_in_any_order_are_at_distance_zero(rng):
    features = rng.normal(size=(30, 5)) + 100
    assert distance(features, features[::-1]) == pytest.approx(0, abs=1e-9)
    assert distance(features[:4], features[:4]) == pytest.approx(0, abs=1e-9)  # fewer rows than columns


def test_a_shift_costs_its_squared_length(rng):
    features = rng.normal(size=(8, 3))
    assert distance(features, features + [3, 0, 4]) == pytest.approx(25)
    wide = rng.normal(size=(6, 40))
    assert distance(wide, wide + 0.5) == pytest.approx(10)


def test_diagonal_gaussians_differ_by_means_and_deviations(rng):
    first_deviation, second_deviation = np.array([1.0, 2, 3]), np.array([2.0, 2, 0.5])
    first = cloud(rng, np.array([0.0, 1, 2]), np.diag(first_deviation**2), 20)
    second = cloud(rng, np.array([1.0, 1, 0]), np.diag(second_deviation**2), 20)
    np.testing.assert_allclose(np.cov(second.T), np.diag(second_deviation**2), atol=1e-9)
    expected = (1 + 4) + np.square(first_deviation - second_deviation).sum()
    assert distance(first, second) == pytest.approx(expected)
    assert distance(second, first) == pytest.approx(expected)


def test_covariances_that_do_not_commute(rng):
    """In two dimensions the trace of the root of P is sqrt(tr P + 2 sqrt(det P)), by Cayley and Hamilton."""
    first_covariance, second_covariance = np.array([[4.0, 1], [1, 1]]), np.array([[1.0, -0.5], [-0.5, 3]])
    product = first_covariance @ second_covariance
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    expected = np.trace(first_covariance + second_covariance) - 2 * root
    clouds = (cloud(rng, np.zeros(2), covariance, 12) for covariance in (first_covariance, second_covariance))
    assert distance(*clouds) == pytest.approx(expected)


def test_clouds_along_axes_at_right_angles_share_nothing(rng):
    """Both covariances are singular, with more columns than rows: the root of their product is 0."""
    first, second = np.zeros((7, 50)), np.zeros((7, 50))
    first[:, 0], second[:, 1] = rng.normal(size=7), rng.normal(size=7)
    expected = first[:, 0].mean() ** 2 + second[:, 1].mean() ** 2
    expected += first[:, 0].var(ddof=1) + second[:, 1].var(ddof=1)
    assert distance(first, second) == pytest.approx(expected)


def test_features_that_lie_far_from_zero_lose_nothing(rng):
    first, second = rng.normal(size=(11, 4)), rng.normal(size=(11, 4))
    near = distance(first, second)
    assert distance(first + 1e6, second + 1e6) == pytest.approx(near, rel=1e-6)


@pytest.mark.parametrize("width", [3, 40])
def test_statistic_is_the_distance_of_the_rows_drawn(rng, width):
    outputs, targets = rng.normal(size=(20, width)), rng.normal(size=(20, width)) + 1
    statistic = frechet_statistic(outputs, targets)
    rows = rng.integers(0, 20, 33)
    assert len(np.unique(rows)) < 20
    assert statistic(rows) == pytest.approx(distance(outputs[rows], targets[rows]))
    low, high = statistics.bootstrap_interval(statistic, np.repeat(np.arange(5), 4), repeats=50)
    assert 0 < low < high < np.inf


def test_less_than_two_rows_have_no_distance(rng):
    features = rng.normal(size=(5, 3)).astype(np.float32)
    assert np.isnan(distance(features[:0], features[:0]))
    assert np.isnan(frechet_statistic(features, features)(np.array([2])))


def test_features_that_do_not_fit_are_refused(rng):
    features = rng.normal(size=(5, 3))
    with pytest.raises(ValueError, match="allowed are equal shapes"):
        frechet_statistic(features, features[:, :2])
    with pytest.raises(ValueError, match="allowed are equal shapes"):
        frechet_statistic(features, features[:4])
