"""Scores of interpolation paths whose values can be said by hand."""

import math

import numpy as np
import pytest

from cdaae_jax.evaluation.measures import growth

ALL = np.arange(1)


def scores(*path):
    return {name: score(ALL) for name, score in growth.growth_statistics(np.array([path])).items()}


def names(**values):
    return {f"path_{name}": pytest.approx(value) for name, value in values.items()}


def test_even_uneven_and_falling_paths():
    even = names(monotone=1, spearman=1, evenness=1, straightness=1, range=8)
    assert scores(-3, -1, 1, 3, 5) == even
    jump = scores(0, 0, 0, 0, 2)
    assert jump["path_monotone"] == 0.25 and jump["path_evenness"] == 0.25
    assert jump["path_straightness"] == pytest.approx(0.5)
    falling = names(monotone=0, spearman=-1, evenness=0, straightness=0, range=-3)
    assert scores(3, 2, 1, 0) == falling
    still = names(monotone=0, spearman=0, evenness=0, straightness=0, range=0)
    assert scores(0.1, 0.1, 0.1) == still
    # Up 3, down 1: three quarters of the change go up, half of it even.
    assert scores(0, 3, 2) == names(monotone=0.5, spearman=0.5, evenness=0.5, straightness=3 / 7, range=2)


def test_rising_ever_faster_is_monotone_but_not_even():
    bent = scores(0, 1, 4, 9, 16)
    assert bent["path_monotone"] == bent["path_spearman"] == pytest.approx(1)
    assert bent["path_evenness"] == pytest.approx((1 + 3 + 4 + 4) / 16)
    assert 0.9 < bent["path_straightness"] < 0.95


def test_scores_are_means_over_the_rows_asked_for_without_those_that_have_no_face():
    measured = np.array([[0, 1, 2], [2, 1, 0], [0, math.nan, 2]])
    monotone = growth.growth_statistics(measured)["path_monotone"]
    assert monotone(np.array([0, 0, 0, 1])) == 0.75
    assert monotone(np.array([0, 2])) == 1
    assert math.isnan(monotone(np.array([2])))
    with pytest.raises(ValueError, match="two pictures a path"):
        growth.growth_statistics(np.zeros((3, 1)))


def test_intensity_along_the_request():
    requested = np.array([[4.0, 3.0], [0.0, 2.0]])
    measured = np.array([[[0, 0], [4, 3], [2, 1.5], [-3, 4]], [[5, 0], [0, 2], [9, 1], [0, -2]]])
    expected = [[0, 1, 0.5, 0], [0, 1, 0.5, -1]]
    np.testing.assert_allclose(growth.intensity_along(measured, requested), expected)


def test_distance_to_the_true_path():
    truth = np.random.default_rng(0).integers(0, 200, (2, 5, 16, 16, 3), np.uint8)
    made = truth.copy()
    made[0, 0] += 51  # a fifth of the range, in one of five pictures, at an end
    made[1, 2] += 51
    lpips = np.array([[0.5, 0, 0, 0, 0], [0, 0, 0.3, 0, 0]])
    distances = growth.distance_to_truth(made, truth, lpips)
    assert {name: [score(np.array([i])) for i in (0, 1)] for name, score in distances.items()} == {
        "path_l1": pytest.approx([0.04, 0.04]),
        "path_l1_between": pytest.approx([0, 0.2 / 3]),
        "path_lpips": pytest.approx([0.1, 0.06]),
        "path_lpips_between": pytest.approx([0, 0.1]),
    }
    assert distances["path_lpips"](np.array([0, 1, 1])) == pytest.approx(0.22 / 3)
    assert set(growth.distance_to_truth(made, truth)) == {"path_l1", "path_l1_between"}
    with pytest.raises(ValueError, match="one shape"):
        growth.distance_to_truth(made, truth[:, :4])
    with pytest.raises(ValueError, match="three pictures"):
        growth.distance_to_truth(made[:, :2], truth[:, :2])
    with pytest.raises(ValueError, match="one for each picture"):
        growth.distance_to_truth(made, truth, lpips[:1])
