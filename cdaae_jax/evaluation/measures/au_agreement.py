"""How well measured AU intensities follow the requested ones: error, correlation and agreement, per AU and mean.

Every score is a function of row numbers, as `statistics.bootstrap_interval` takes it. All of them follow
from sums over rows, so a thousand bootstrap draws cost a thousand small matrix products.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int

from cdaae_jax.evaluation.measures.statistics import Statistic

Rows = Int[np.ndarray, "rows"]
Intensities = Float[np.ndarray, "n aus"]
PerUnit = Float[np.ndarray, "aus"]

# A column with less variance counts as constant; this is far below any rounding of FACS intensities.
CONSTANT = 1e-9


def au_statistics(requested: Intensities, measured: Intensities, names: Sequence[str]) -> dict[str, Statistic]:
    """The scores of requested against measured intensities.

    Args:
      requested: [N, A], FACS 0..5, one column for each of `names`; NaN where it is not known. Such places are left out.
      measured: [N, A] likewise. Rows with a NaN (no face was found) are left out of all scores but `au_found`.
      names: of the A action units.

    Returns:
      For every AU `mse_AU12` (FACS intensities squared), `pearson_AU12` and `icc_AU12`, their means over the AUs
      `au_mse`, `au_pearson` and `au_icc`, and `au_found`, the share of rows that are not left out.

    The correlation is Pearson's, the agreement ICC(3,1) of Shrout & Fleiss (1979): for two judges twice the covariance
    over the sum of the variances, which unlike the correlation suffers when all answers are too weak. Both are NaN
    for an AU that is requested at one intensity only, and means leave such AUs out. If the request changes
    and the measured intensity never does, both are 0, and such AUs count.

    Raises ValueError where the shapes do not fit.
    """
    requested, measured = np.asarray(requested, np.float64), np.asarray(measured, np.float64)
    if requested.ndim != 2 or requested.shape != measured.shape or requested.shape[1] != len(names):
        raise ValueError(
            f"requested is {list(requested.shape)} and measured {list(measured.shape)}, allowed are two of one shape "
            f"[N, {len(names)}], a column for each of {', '.join(names)}"
        )
    table = _Table(requested, measured)

    def of_one(score: Callable[["_Table", Rows], PerUnit], unit: int) -> Statistic:
        return lambda rows: float(score(table, rows)[unit])

    def of_all(score: Callable[["_Table", Rows], PerUnit]) -> Statistic:
        return lambda rows: _mean(score(table, rows))

    scores = {"mse": _Table.squared_error, "pearson": _Table.correlation, "icc": _Table.agreement}
    single = {f"{key}_{name}": of_one(f, unit) for key, f in scores.items() for unit, name in enumerate(names)}
    return single | {f"au_{key}": of_all(f) for key, f in scores.items()} | {"au_found": table.share_found}


class _Table:
    """Per row and AU: 1, x, y, x^2, y^2, x y, where x is requested and y measured, both less the mean request."""

    def __init__(self, requested: Intensities, measured: Intensities):
        found = np.isfinite(measured).all(axis=1)
        counts = found[:, None] & np.isfinite(requested)
        # Without the shift, small variations would be lost in differences of large sums; one shift for both keeps their
        # difference, the error.
        shift = np.where(counts, requested, 0.0).sum(axis=0) / np.maximum(1, counts.sum(axis=0))
        x, y = (np.where(counts, values - shift, 0.0) for values in (requested, measured))
        powers = np.stack([counts, x, y, x * x, y * y, x * y], axis=1)
        self._powers = powers.reshape(len(x), -1)
        self._shape = powers.shape[1:]
        self._found = found.astype(np.float64)
        self._rows: Rows | None = None
        self._last = np.empty(0)

    def share_found(self, rows: Rows) -> float:
        return float(self._found[rows].mean()) if len(rows) else float("nan")

    def squared_error(self, rows: Rows) -> PerUnit:
        count, _, _, xx, yy, xy = self._sums(rows)
        return _ratio(xx + yy - 2 * xy, count, count > 0)

    def correlation(self, rows: Rows) -> PerUnit:
        xx, yy, xy = self._scatter(rows)
        return _follows(xy, np.sqrt(xx * yy), xx, yy)

    def agreement(self, rows: Rows) -> PerUnit:
        xx, yy, xy = self._scatter(rows)
        return _follows(2 * xy, xx + yy, xx, yy)

    def _sums(self, rows: Rows) -> Float[np.ndarray, "6 aus"]:
        # All scores of a draw ask for the sums of the same rows, one after the other.
        if rows is not self._rows:
            self._rows, self._last = rows, self._summed(rows)
        return self._last

    def _summed(self, rows: Rows) -> Float[np.ndarray, "6 aus"]:
        counts = np.bincount(rows, minlength=len(self._powers)).astype(np.float64)
        return (counts @ self._powers).reshape(self._shape)

    def _scatter(self, rows: Rows) -> tuple[PerUnit, PerUnit, PerUnit]:
        """Mean squares and products of the deviations from the rows' own mean; 0 where a column is constant."""
        sums = self._sums(rows)
        _, x, y, xx, yy, xy = sums / np.maximum(1.0, sums[0])
        xx, yy, xy = xx - x * x, yy - y * y, xy - x * y
        return np.where(xx > CONSTANT, xx, 0.0), np.where(yy > CONSTANT, yy, 0.0), xy


def _follows(shared: PerUnit, whole: PerUnit, requested: PerUnit, measured: PerUnit) -> PerUnit:
    """`shared / whole`; NaN if the request does not vary, 0 if only the answer does not."""
    both = _ratio(shared, whole, (requested > 0) & (measured > 0))
    return np.where((requested > 0) & (measured == 0), 0.0, both)


def _ratio(above: PerUnit, below: PerUnit, defined: np.ndarray) -> PerUnit:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=defined)


def _mean(values: PerUnit) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
