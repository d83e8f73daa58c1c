"""Statistics of measurements: areas, rates, correlations and intervals, in numpy float64.

Undefined results (a correlation with a constant, a rate over nothing) are NaN, never a guess.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Float64, Int64, Shaped

# From row numbers (with repetitions) to a score: what `bootstrap_interval` draws people for.
Statistic = Callable[[Int64[np.ndarray, " rows"]], float]
Values = Float64[np.ndarray, "n"]


def average_ranks(values: Values) -> Values:
    """Ranks from 1 of values [N], the smallest first; equal values share the mean of their ranks."""
    _, which, counts = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[which]


def area_under_roc(positives: Values, negatives: Values) -> float:
    """How often a positive's score is above a negative's, 0..1, ties counted half; NaN without both.

    Args:
      positives: scores [P] of what should score high.
      negatives: scores [N] of what should score low.

    This is the area under the receiver operating characteristic (Hanley & McNeil 1982) by the Mann-Whitney rank
    sum, so it takes (P + N) log(P + N) and not P N. For distances, hand over their negatives.
    """
    num_positives, num_negatives = len(positives), len(negatives)
    if not num_positives or not num_negatives:
        return float("nan")
    rank_sum = average_ranks(np.concatenate([positives, negatives]))[:num_positives].sum()
    return float((rank_sum - num_positives * (num_positives + 1) / 2) / (num_positives * num_negatives))


def verification_rate(same: Values, different: Values, false_accept_rate: float) -> float:
    """The share of same-person pairs accepted at the threshold that accepts few enough pairs of two people.

    Args:
      same: distances [S] of pairs of one person.
      different: distances [D] of pairs of two people; there should be at least 1 / false_accept_rate of them.
      false_accept_rate: the largest share of `different` that may be accepted, 0 <= rate < 1.

    A pair is accepted if it is below the threshold: the smallest different distance that may no longer be accepted
    (Phillips et al. 2005, "verification rate at a fixed false accept rate"). 0..1; NaN without both kinds of pairs.
    """
    if not 0 <= false_accept_rate < 1:
        raise ValueError(f"false_accept_rate is {false_accept_rate}, allowed is 0 up to below 1")
    if not len(same) or not len(different):
        return float("nan")
    # The small addition guards against 0.001 * 1000 being 0.99999.
    allowed = int(false_accept_rate * len(different) + 1e-9)
    return float((np.asarray(same) < np.sort(different)[allowed]).mean())


def pearson(first: Values, second: Values) -> float:
    """Pearson's correlation of two rows of numbers [N], -1..1; NaN where one of them is constant."""
    first, second = (np.asarray(values, np.float64) - np.mean(values) for values in (first, second))
    length = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / length) if length > 0 else float("nan")


def spearman(first: Values, second: Values) -> float:
    """Spearman's rank correlation (1904), -1..1: Pearson's of the ranks; NaN where one of them is constant."""
    return pearson(average_ranks(first), average_ranks(second))


def bootstrap_interval(
    statistic: Statistic,
    people: Shaped[np.ndarray, " rows"],
    repeats: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """The percentile bootstrap interval of a statistic over people: its range if other people had been drawn.

    Args:
      statistic: from row numbers [M], with repetitions, to the score (`lambda rows: hits[rows].mean()`).
      people: who each of the N measurements is of. People are drawn with replacement and bring all their rows:
        measurements of one person are not independent, and drawing rows would give too narrow an interval.
      repeats: how many sets of people are drawn.
      seed: the same seed gives the same interval.
      level: the share of the drawn scores that the interval holds.

    Returns:
      (low, high), see Efron & Tibshirani 1993, chapter 13. Scores that are NaN are left out; NaN if all are.
    """
    return interval([statistic(rows) for rows in bootstrap_draws(people, repeats, seed)], level)


def bootstrap_draws(
    people: Shaped[np.ndarray, " rows"], repeats: int = 1000, seed: int = 0
) -> Iterator[Int64[np.ndarray, " drawn"]]:
    """Yields the row numbers of each set of people that `bootstrap_interval` draws; nothing if there is nobody.

    One draw may serve many statistics, which can then share what they compute from it.
    """
    people = np.asarray(people)
    rows_of = [np.flatnonzero(people == person) for person in np.unique(people)]
    if not rows_of:
        return
    rng = np.random.default_rng(seed)
    for draw in rng.integers(0, len(rows_of), (repeats, len(rows_of))):
        yield np.concatenate([rows_of[person] for person in draw])


def interval(scores: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """The quantiles (low, high) that hold a share `level` of drawn scores, without those that are NaN."""
    known = np.asarray(scores, np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
