"""AU scores: against the plain definitions, and where they are undefined."""

import math

import numpy as np
import pytest

from cdaae_jax.evaluation.measures import statistics
from cdaae_jax.evaluation.measures.au_agreement import au_statistics

NAMES = ("AU1", "AU12", "AU26")


def made_up(count=50):
    rng = np.random.default_rng(1)
    requested = rng.integers(0, 6, (count, len(NAMES))).astype(float)
    return requested, requested * [1.0, 0.5, -0.3] + rng.normal(size=requested.shape) + 1


def icc_3_1(ratings):
    """Shrout & Fleiss 1979, by the mean squares of a two-way analysis of variance; ratings [targets, judges]."""
    num_targets, num_judges = ratings.shape
    rows, columns, mean = ratings.mean(axis=1, keepdims=True), ratings.mean(axis=0), ratings.mean()
    between = num_judges * ((rows - mean) ** 2).sum() / (num_targets - 1)
    residual = ((ratings - rows - columns + mean) ** 2).sum() / ((num_targets - 1) * (num_judges - 1))
    return (between - residual) / (between + (num_judges - 1) * residual)


def test_scores_are_those_of_the_plain_definitions():
    requested, measured = made_up()
    scores = au_statistics(requested, measured, NAMES)
    assert len(scores) == 3 * 3 + 4
    for rows in (np.arange(50), np.random.default_rng(2).integers(0, 50, 80)):
        for unit, name in enumerate(NAMES):
            x, y = requested[rows, unit], measured[rows, unit]
            assert scores[f"mse_{name}"](rows) == pytest.approx(((x - y) ** 2).mean())
            assert scores[f"pearson_{name}"](rows) == pytest.approx(statistics.pearson(x, y))
            assert scores[f"icc_{name}"](rows) == pytest.approx(icc_3_1(np.stack([x, y], axis=1)))
        for key in ("mse", "pearson", "icc"):
            mean = np.mean([scores[f"{key}_{name}"](rows) for name in NAMES])
            assert scores[f"au_{key}"](rows) == pytest.approx(mean)


def test_perfect_and_weak_answers():
    requested, _ = made_up()
    rows = np.arange(50)
    perfect = au_statistics(requested, requested, NAMES)
    assert [perfect[f"au_{key}"](rows) for key in ("mse", "pearson", "icc")] == pytest.approx([0, 1, 1])
    # Half the asked strength: the correlation does not see it, the agreement does (2 * 0.5 / (1 + 0.25)).
    weak = au_statistics(requested, requested / 2, NAMES)
    assert [weak[f"au_{key}"](rows) for key in ("pearson", "icc")] == pytest.approx([1, 0.8])


def test_where_the_request_is_not_known_nothing_is_counted_of_this_unit_alone():
    requested, measured = made_up()
    whole = au_statistics(requested, measured, NAMES)
    partly = requested.copy()
    partly[:30, 1] = math.nan
    partly[:, 2] = math.nan
    scores, rows = au_statistics(partly, measured, NAMES), np.arange(50)
    for key in ("mse", "pearson", "icc"):
        assert scores[f"{key}_AU1"](rows) == pytest.approx(whole[f"{key}_AU1"](rows))
        assert scores[f"{key}_AU12"](rows) == pytest.approx(whole[f"{key}_AU12"](np.arange(30, 50)))
        assert math.isnan(scores[f"{key}_AU26"](rows))
        assert scores[f"au_{key}"](rows) == pytest.approx(
            (scores[f"{key}_AU1"](rows) + scores[f"{key}_AU12"](rows)) / 2
        )
    assert scores["au_found"](rows) == 1


def test_rows_without_a_face_are_left_out_and_counted():
    requested, measured = made_up()
    gaps = measured.copy()
    gaps[10:20] = math.nan
    with_gaps, without = au_statistics(requested, gaps, NAMES), au_statistics(requested, measured, NAMES)
    known = np.r_[0:10, 20:50]
    for name, score in with_gaps.items():
        expected = 0.8 if name == "au_found" else without[name](known)
        assert score(np.arange(50)) == pytest.approx(expected), name
    nobody = au_statistics(requested, np.full_like(measured, math.nan), NAMES)
    assert nobody.pop("au_found")(np.arange(50)) == 0
    assert all(math.isnan(score(np.arange(50))) for score in nobody.values())
    assert all(math.isnan(score(np.array([], int))) for score in without.values())


def test_an_au_never_requested_is_left_out_and_one_never_shown_counts_as_nothing():
    requested, measured = made_up()
    requested[:, 0], measured[:, 1] = 0.1, 0.1  # no float32 number, so that rounding would show
    rows = np.arange(50)
    scores = au_statistics(requested, measured, NAMES)
    for key in ("pearson", "icc"):
        assert math.isnan(scores[f"{key}_AU1"](rows))
        assert scores[f"{key}_AU12"](rows) == 0
        assert scores[f"au_{key}"](rows) == pytest.approx(scores[f"{key}_AU26"](rows) / 2)
    assert scores["au_mse"](rows) == pytest.approx(((requested - measured) ** 2).mean())


def test_shapes_must_fit_the_names():
    requested, measured = made_up()
    for wrong in ((requested[:, :2], measured), (requested[:9], measured), (requested[:, :2], measured[:, :2])):
        with pytest.raises(ValueError, match="a column for each of AU1, AU12, AU26"):
            au_statistics(*wrong, NAMES)
