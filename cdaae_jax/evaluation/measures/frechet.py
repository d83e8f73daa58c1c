"""The Frechet distance between two sets of pictures, each seen as a Gaussian cloud of feature rows; NumPy, float64.

On features of any network, which its name has to tell: only with those of one Inception network is it the FID. Here
they are those of VGG16 (`judges.perceptual.PerceptualJudge.features`).
"""

import numpy as np
from jaxtyping import Float, Int

from cdaae_jax.evaluation.measures.statistics import Statistic

# Shapes have names here, because the linter takes a shape written inside an annotation for code.
Features = Float[np.ndarray, "n features"]
Products = Float[np.ndarray, "n n"]
Counts = Int[np.ndarray, " rows"]


def frechet_statistic(output_features: Features, target_features: Features) -> Statistic:
    """The Frechet distance of outputs and targets as a function of row numbers [M], which select pairs of rows.

    Args:
      output_features: one row per output.
      target_features: one row for the target of each.

    The squared distance |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), where m and C are mean and sample covariance
    (divided by M - 1) of each set: Dowson & Landau 1982, for features of pictures Heusel et al. 2017. 0 is equal. It
    falls with M even where both sets are from one source: compare only distances of equal numbers of rows. NaN for
    fewer than two rows; exact also with fewer rows than features.

    A row drawn k times weighs k times, so a bootstrap repeat takes the time of its different rows: 1 ms for 100
    rows, 0.1 s for 640. A repeat has fewer different rows than the data, and the distance rises with fewer: its
    intervals lie too high, and may leave out the distance itself.

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
        return _distance(*(product[block] for product in products), counts)

    return statistic


def _products(first: Features, second: Features) -> tuple[Products, Products, Products]:
    """The inner products within and between two sets of rows: the distance needs nothing else of the features."""
    # The distance does not change when all rows move; near the origin the least is lost to rounding.
    centre = np.concatenate([first, second]).mean(axis=0) if len(first) else 0.0
    first, second = first - centre, second - centre
    return first @ first.T, second @ second.T, first @ second.T


def _distance(first: Products, second: Products, between: Products, counts: Counts) -> float:
    """The distance from the three `_products`, each row counting as often as said."""
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
    # not 0 are the squared singular values of XY': the trace of its root is their sum. No root of a matrix is
    # taken, which is inexact where a covariance has not full rank.
    centred = between - (share @ between)[None, :] - (between @ share)[:, None] + means
    weights = np.sqrt(np.outer(counts / (total - 1), counts / (total - 1)))
    trace_of_root = np.linalg.svd(centred * weights, compute_uv=False).sum()
    distance = first_mean + second_mean - 2.0 * means + first_trace + second_trace - 2.0 * trace_of_root
    return float(max(distance, 0.0))  # rounding may go below
