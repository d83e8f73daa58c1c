"""The Frechet distance between two sets of pictures, each seen as a Gaussian cloud of feature rows; NumPy, float64.

It can be taken of any network's features and must be named after it; only with one Inception network is it the FID.
Here they are those of VGG16 (`judges.perceptual.PerceptualJudge.features`).
"""

import numpy as np
from jaxtyping import Float, Int

from cdaae_jax.evaluation.measures.statistics import Statistic

# The shapes that this file uses.
Features = Float[np.ndarray, "n features"]
Products = Float[np.ndarray, "n n"]
Counts = Int[np.ndarray, " rows"]


def frechet_statistic(output_features: Features, target_features: Features) -> Statistic:
    """The Frechet distance of outputs and targets as a function of row numbers [M], which select pairs of rows.

    Args:
      output_features: one row per output.
      target_features: one row for the target of each.

    The squared distance |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), where m and C are mean and sample covariance
    (divided by M - 1) of each set: Dowson & Landau 1982, for features of pictures Heusel et al. 2017. 0 means equal. It
    falls as M grows, even if both sets come from one source, so compare only distances of equal numbers of rows. NaN
    for fewer than two rows; exact also with fewer rows than features.

    A row that is drawn k times counts k times, so a bootstrap repeat takes 1 ms for 100 different rows and 0.1 s for
    640. A repeat has fewer different rows than the data, and with fewer rows the distance rises: so intervals lie too
    high, and may not contain the distance itself.

    Raises:
      ValueError: the shapes are not equal, or not [N, D].
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
        first, second, between = (product[block] for product in products)
        return _distance(first, second, between, counts)

    return statistic


def _products(first: Features, second: Features) -> tuple[Products, Products, Products]:
    """The inner products within and between two sets of rows: the distance needs nothing else of the features."""
    # Moving all rows does not change the distance, and rounding errors are smallest near the origin.
    centre = np.concatenate([first, second]).mean(axis=0) if len(first) else 0.0
    first, second = first - centre, second - centre
    return first @ first.T, second @ second.T, first @ second.T


def _distance(first: Products, second: Products, between: Products, counts: Counts) -> float:
    """The distance from the three `_products`; the counts say how often each row is taken."""
    total = counts.sum()
    if total < 2:
        return float("nan")
    share = counts / total
    # Squared lengths of the means, their inner product, and the traces of the covariances.
    first_mean, second_mean = share @ first @ share, share @ second @ share
    means = share @ between @ share
    first_trace = (share @ first.diagonal() - first_mean) * total / (total - 1)
    second_trace = (share @ second.diagonal() - second_mean) * total / (total - 1)
    # With X and Y the centred rows over the root of M - 1, C1 = X'X and C2 = Y'Y, and the eigenvalues of C1 C2 that are
    # not 0 are the squared singular values of XY': the trace of its root is their sum. The root of a matrix is
    # not needed; it would be inexact if a covariance does not have full rank.
    centred = between - (share @ between)[None, :] - (between @ share)[:, None] + means
    weights = np.sqrt(np.outer(counts / (total - 1), counts / (total - 1)))
    trace_of_root = np.linalg.svd(centred * weights, compute_uv=False).sum()
    distance = first_mean + second_mean - 2.0 * means + first_trace + second_trace - 2.0 * trace_of_root
    return float(max(distance, 0.0))  # rounding may give a negative number
