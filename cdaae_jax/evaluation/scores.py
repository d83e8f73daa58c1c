"""Figures with intervals: what a statistic says of the people judged, and of others who might have been."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64, Shaped

from cdaae_jax.evaluation.statistics import bootstrap_interval

REPEATS = 1000  # sets of people drawn with replacement
SEED = 0
LEVEL = 0.95

# From row numbers (with repetitions) to a figure.
Statistic = Callable[[Int64[np.ndarray, "rows"]], float]


class Figure(NamedTuple):
    """A figure and its 95 % bootstrap interval over people (`REPEATS`, `SEED`)."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float | None]:
        """Returns the figure as JSON holds it: what is not finite (a perfect PSNR) is null."""
        return {name: value if math.isfinite(value) else None for name, value in self._asdict().items()}


Row = dict[str, Figure]


def with_intervals(statistics: Mapping[str, Statistic], people: Shaped[np.ndarray, "rows"]) -> Row:
    """Returns each statistic over all rows, and its interval.

    Args:
      statistics: by name; all count the same rows.
      people: [N], who each row is of: see `statistics.bootstrap_interval`.
    """
    row = {}
    for name, statistic in statistics.items():
        value, interval = float(statistic(np.arange(len(people)))), (math.nan, math.nan)
        if math.isfinite(value):  # a perfect PSNR has no quantiles
            interval = bootstrap_interval(statistic, people, REPEATS, SEED, LEVEL)
        row[name] = Figure(value, *interval)
    return row


def mean_of(values: Float[np.ndarray, "n"]) -> Statistic:
    """Returns the statistic that is the mean of [N] numbers."""
    values = np.asarray(values, np.float64)
    return lambda rows: float(values[rows].mean())
