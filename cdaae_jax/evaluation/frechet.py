"""The Frechet distance between two sets of pictures, each seen as a Gaussian cloud of feature rows; NumPy, float64.

On features of any network, which its name has to tell: only with those of one Inception network is it the FID. Here it
is for VGG16 (`perceptual.PerceptualJudge.features`) or identity embeddings (`judges.IdentityJudge.embed`).
"""

import numpy as np
from jaxtyping import Float, Int

from cdaae_jax.evaluation.statistics import Statistic

# Shapes have names here, because the linter takes a shape written inside an annotation for code.
First = Float[np.ndarray, "n features"]
Second = Float[np.ndarray, "m features"]
Counts = Int[np.ndarray, " rows"]


def frechet_distance(first: First, second: Second) -> float:
    """The squared distance |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of two sets of feature rows; 0 is equal.

    m and C are mean and sample covariance (divided by N - 1) of each set: Dowson & Landau 1982, for features of
    pictures Heusel et al. 2017. It falls with N, M even where both sets are from one source: compare only figures
    of equal numbers of rows. NaN where a set has fewer than two rows; exact also with fewer rows than features.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            f"features are {list(first.shape)} and {list(second.shape)}, allowed are two sets of rows of one length; "
            "take both from the same network"
        )
    products = _products(first, second)
    return _distance(*products, np.ones(len(first), int), np.ones(len(second), int))


def frechet_statistic(output_features: First, target_features: First) -> Statistic:
    """The Frechet distance of outputs and targets as a function of row numbers [M], which select pairs of rows.

    Args:
      output_features: one row per output.
      target_features: one row for the target of each.

    A row drawn k times weighs k times, so a bootstrap repeat takes the time of its different rows: 1 ms for 100
    rows, 0.1 s for 640. A repeat has fewer different rows than the data, and the distance rises with fewer: its
    intervals lie too high, and may leave out the distance itself.
    """
    output_features, target_features = np.asarray(output_features), np.asarray(target_features)
    if output_features.shape != target_features.shape or output_features.ndim != 2:
        raise ValueError(
            f"features are {list(output_features.shape)} and {list(target_features.shape)}, allowed are equal shapes "
            "[N, D]; give one target row for each output"
        )
    products = _products(output_features.astype(np.float64), target_features.astype(np.float64))

    def statistic(rows: np.ndarray) -> float:
        rows, counts = np.unique(rows, return_counts=True)
        block = np.ix_(rows, rows)
        return _distance(*(product[block] for product in products), counts, counts)

    return statistic


def _products(first: First, second: Second) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The inner products of rows [N, N], [M, M] and [N, M]: the distance needs nothing else of the features."""
    # The distance does not change when all rows move; near the origin the least is lost to rounding.
    centre = np.concatenate([first, second]).mean(axis=0) if len(first) + len(second) else 0.0
    first, second = first - centre, second - centre
    return first @ first.T, second @ second.T, first @ second.T


def _distance(
    first: np.ndarray, second: np.ndarray, between: np.ndarray, first_counts: Counts, second_counts: Counts
) -> float:
    """The distance from the three `_products`, each row counting as often as said."""
    first_total, second_total = first_counts.sum(), second_counts.sum()
    if first_total < 2 or second_total < 2:
        return float("nan")
    first_share, second_share = first_counts / first_total, second_counts / second_total
    # Squared lengths of the means, their inner product, and the traces of the covariances.
    first_mean, second_mean = first_share @ first @ first_share, second_share @ second @ second_share
    means = first_share @ between @ second_share
    first_trace = (first_share @ first.diagonal() - first_mean) * first_total / (first_total - 1)
    second_trace = (second_share @ second.diagonal() - second_mean) * second_total / (second_total - 1)
    # With X and Y the centred rows over the root of N - 1, C1 = X'X and C2 = Y'Y, and the eigenvalues of C1 C2 that are
    # not 0 are the squared singular values of XY': the trace of its root is their sum. No root of a matrix is
    # taken, which is inexact where a covariance has not full rank.
    centred = between - (first_share @ between)[None, :] - (between @ second_share)[:, None] + means
    weights = np.sqrt(np.outer(first_counts / (first_total - 1), second_counts / (second_total - 1)))
    trace_of_root = np.linalg.svd(centred * weights, compute_uv=False).sum()
    distance = first_mean + second_mean - 2.0 * means + first_trace + second_trace - 2.0 * trace_of_root
    return float(max(distance, 0.0))  # rounding may go below
