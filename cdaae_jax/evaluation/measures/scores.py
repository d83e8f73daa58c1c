"""Scores with intervals: the value for the people judged, and its range if other people had been drawn."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64, Shaped

from cdaae_jax.evaluation.measures.statistics import Statistic, bootstrap_draws, interval

REPEATS = 1000  # sets of people drawn with replacement
SEED = 0
LEVEL = 0.95


class Score(NamedTuple):
    """A score and its 95 % bootstrap interval over people (`REPEATS`, `SEED`)."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float | None]:
        """Returns the score as JSON holds it: what is not finite (a perfect PSNR) is null."""
        return {name: value if math.isfinite(value) else None for name, value in self._asdict().items()}


Row = dict[str, Score]


def with_intervals(
    statistics: Mapping[str, Statistic],
    people: Shaped[np.ndarray, " rows"],
    only: Int64[np.ndarray, " counted"] | None = None,
) -> Row:
    """Returns each statistic over all rows, and its interval.

    Args:
      statistics: by name; all count the same rows.
      people: [N], who each row is of: see `statistics.bootstrap_draws`.
      only: the rows that are counted; None counts all.
    """
    only = np.arange(len(people)) if only is None else only
    values = {name: float(statistic(only)) for name, statistic in statistics.items()}
    # the infinite PSNR of equal pictures has no quantiles
    known = [name for name, value in values.items() if math.isfinite(value)]
    draws = (only[drawn] for drawn in bootstrap_draws(people[only], REPEATS, SEED))
    drawn = [[statistics[name](rows) for name in known] for rows in draws]
    intervals = {name: interval(scores, LEVEL) for name, *scores in zip(known, *drawn, strict=True)}
    return {name: Score(value, *intervals.get(name, (math.nan, math.nan))) for name, value in values.items()}


def mean_of(values: Float[np.ndarray, " n"]) -> Statistic:
    """Returns the statistic that is the mean of [N] numbers."""
    values = np.asarray(values, np.float64)
    return lambda rows: float(values[rows].mean())
