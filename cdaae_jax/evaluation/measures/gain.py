"""The expression gain: how much of what the true pictures show an output shows. 0 is the source, 1 the true picture.

Identity alone rewards doing nothing, and reading alone rewards overdoing; the gain has a scale on which doing nothing
is 0 and the truth is 1. Above 1 is overdone.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int64

from cdaae_jax.evaluation.measures.statistics import Statistic

Strength = Float[np.ndarray, " n"]
SMALLEST_SPAN = 1e-6  # true pictures that differ less from their sources show nothing that could be gained


def gain(output: Strength, source: Strength, target: Strength, requested: Sequence[str]) -> Statistic:
    """Returns the gain as a function of row numbers with repetitions.

    The strengths are averaged for each request first, so that a frequent one does not outweigh the others; the gain is
    that of the means, because single true pictures may show hardly more than their source.

    Args:
      output: [N], how strongly each output shows what was requested, by any meter. Rows with a NaN (no face was
        found) are left out.
      source: the same meter on the sources.
      target: the same meter on the true pictures.
      requested: [N], the names of the requests.

    Returns:
      The statistic; NaN where the true pictures show no more than their sources.
    """
    strengths = np.stack([output, source, target], axis=1).astype(np.float64)
    names = {name: i for i, name in enumerate(sorted({*requested}))}
    number = np.array([names[name] for name in requested])
    known = np.asarray(np.isfinite(strengths).all(axis=1))

    def statistic(rows: Int64[np.ndarray, " rows"]) -> float:
        rows = rows[known[rows]]
        times = np.bincount(number[rows], minlength=len(names))
        sums = [np.bincount(number[rows], column, minlength=len(names)) for column in strengths[rows].T]
        made, before, true = (column[times > 0] / times[times > 0] for column in sums)
        span = float((true - before).sum())
        return float((made - before).sum()) / span if span > SMALLEST_SPAN else float("nan")

    return statistic


def harmonic_mean(kept: Statistic, gained: Statistic) -> Statistic:
    """Returns the harmonic mean of two statistics, each cut to 0..1: high only where both are."""

    def statistic(rows: Int64[np.ndarray, " rows"]) -> float:
        first, second = (float(np.clip(one(rows), 0.0, 1.0)) for one in (kept, gained))
        return 2 * first * second / (first + second) if first + second else 0.0

    return statistic
