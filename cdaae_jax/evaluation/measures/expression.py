"""Whether outputs show the requested expression, as read by a classifier."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int64

from cdaae_jax.evaluation.measures.statistics import Statistic

Probabilities = Float[np.ndarray, "n classes"]
Counts = Int64[np.ndarray, "requested read"]


def expression_statistics(
    probabilities: Probabilities, classes: Sequence[str], requested: Sequence[str]
) -> dict[str, Statistic]:
    """How often a classifier reads what was requested.

    Args:
      probabilities: [N, C], how far each picture shows each class (`ExpressionJudge.probabilities`).
      classes: [C], their names.
      requested: [N], the expression that each picture was made to show. Rows of an expression that the classifier does
        not know (contemptuous) are not counted.

    Returns, as functions of row numbers with repetitions, 0..1, NaN where there is nothing to count:
      read_as_requested: the share of pictures read as requested, for each expression, averaged over the expressions
        among the rows, so that a frequent one (happy) does not outweigh the others.
      read_as_NAME: that share for each expression requested, in the classifier's order.
    Empty where the classifier knows none of the expressions.
    """
    names, asked = np.asarray(classes), np.asarray(requested)
    hits = (_read(probabilities, names) == asked).astype(np.float64)
    known = [name for name in names if name in asked]
    # unknown expressions are numbered after the known ones, and cut off again
    number = np.full(len(requested), len(known))
    for i, name in enumerate(known):
        number[asked == name] = i

    def shares(rows: Int64[np.ndarray, " rows"]) -> Float[np.ndarray, " known"]:
        times = np.bincount(number[rows], minlength=len(known) + 1)[: len(known)]
        right = np.bincount(number[rows], hits[rows], minlength=len(known) + 1)[: len(known)]
        return np.divide(right, times, out=np.full(len(known), np.nan), where=times > 0)

    def read_as_requested(rows: Int64[np.ndarray, " rows"]) -> float:
        present = shares(rows)
        present = present[~np.isnan(present)]
        return float(present.mean()) if len(present) else float("nan")

    def read_as(i: int) -> Statistic:
        return lambda rows: float(shares(rows)[i])

    if not known:
        return {}
    return {"read_as_requested": read_as_requested} | {f"read_as_{name}": read_as(i) for i, name in enumerate(known)}


def confusion_matrix(
    probabilities: Probabilities, classes: Sequence[str], requested: Sequence[str], names: Sequence[str]
) -> Counts:
    """Counts [R, C] of pictures by the expression requested, in the order of `names` [R], and the class read.

    The other arguments as in `expression_statistics`; `names` also holds what the classifier does not know. Raises
    ValueError if something requested is not in `names`.
    """
    names = list(names)
    strange = sorted({*requested} - {*names})
    if strange:
        raise ValueError(f"requested is {strange[0]!r}, allowed is one of {', '.join(names)}")
    counts = np.zeros((len(names), len(classes)), np.int64)
    rows = [names.index(name) for name in requested]
    np.add.at(counts, (rows, np.asarray(probabilities).argmax(axis=1)), 1)
    return counts


def _read(probabilities: Probabilities, classes: np.ndarray) -> np.ndarray:
    """The name of the likeliest class of each picture, [N]; in a tie, the first one."""
    return classes[np.asarray(probabilities).argmax(axis=1)]
