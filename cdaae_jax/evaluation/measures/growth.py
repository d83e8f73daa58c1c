"""Growth: whether pictures at evenly spaced amounts of a label show evenly growing expressions.

A path is P pictures of one person, at amounts 0, 1 / (P - 1), ..., 1 of a label, 0 being neutral. How strong the
expression is in each of them is measured by any meter: AUs along the requested ones (`intensity_along`), a
classifier's probability, a distance between landmarks.
"""

import functools

import numpy as np
from jaxtyping import Float, Int, UInt8

from cdaae_jax.evaluation.measures import pixels, statistics
from cdaae_jax.evaluation.measures.statistics import Statistic

Rows = Int[np.ndarray, "rows"]
Measured = Float[np.ndarray, "n steps"]
MeasuredUnits = Float[np.ndarray, "n steps aus"]
Requested = Float[np.ndarray, "n aus"]
Paths = UInt8[np.ndarray, "n steps side side 3"]


def intensity_along(measured: MeasuredUnits, requested: Requested) -> Measured:
    """How much of a requested expression [N, P] the measured AUs show: 0 is none of it, 1 all of it.

    Args:
      measured: [N, P, A], intensities of the pictures of each path.
      requested: [N, A], those of the label at amount 1, in the same unit and order, not all 0.

    It is the projection onto the request, in units of the request: sum(measured * requested) / sum(requested^2).
    """
    requested = np.asarray(requested, np.float64)
    return np.einsum("npa,na->np", measured, requested) / np.square(requested).sum(axis=-1)[:, None]


def growth_statistics(measured: Measured) -> dict[str, Statistic]:
    """How intensity, as measured in the pictures of paths [N, P], grows along them; means over paths.

    - `path_monotone`: the share of the P - 1 steps that go up. 0..1; chance is a half.
    - `path_spearman`: Spearman's correlation of intensity and amount, -1..1; 0 for a path along which nothing changes.
    - `path_evenness`: how much of the change happens in even steps, 0..1. Of all change along the path, p_i of which
      happens in step i (steps down have p_i = 0), it is the sum of min(p_i, 1 / (P - 1)): the overlap (one less the
      total variation distance) with P - 1 equal steps up. 1 for equal steps up, 1 / (P - 1) if all change happens in
      one step, 0 if nothing rises. It is our own measure; it stays bounded even if the ends hardly differ. A meter's
      noise lowers it a lot, so compare it with that of true pictures: 0.7 to 0.8 where the AU meter reads true paths of
      9 pictures of the synthetic faces (straightness 0.93 to 0.98), 0.37 (0.07) where it is given noise.
    - `path_straightness`: r^2 of the rising straight line through intensity over amount, 0..1; 0 where nothing rises.
    - `path_range`: the last intensity minus the first, in the unit of `measured`. The other numbers describe the shape
      of the growth, this one its size.

    Measure without clipping (`AUMeter.measure(..., clip=False)`), because clipping hides steps. Paths with a NaN (no
    face was found) are left out. Raises ValueError for fewer than two pictures a path.
    """
    measured = np.asarray(measured, np.float64)
    if measured.ndim != 2 or measured.shape[1] < 2:
        raise ValueError(f"measured is {list(measured.shape)}, allowed is [N, P] with two pictures a path or more")
    found = np.isfinite(measured).all(axis=1)
    measured = np.where(found[:, None], measured, 0.0)
    num_steps = measured.shape[1] - 1
    amounts, steps = np.arange(num_steps + 1.0), np.diff(measured, axis=1)
    change = np.abs(steps).sum(axis=1, keepdims=True)
    share = np.divide(np.maximum(steps, 0), change, out=np.zeros_like(steps), where=change > 0)
    # A correlation with a constant is undefined; a path along which nothing changes counts as 0.
    ranks = np.array([statistics.spearman(amounts, path) if np.ptp(path) else 0.0 for path in measured])
    lines = np.array([statistics.pearson(amounts, path) if np.ptp(path) else 0.0 for path in measured])
    per_path = {
        "path_monotone": (steps > 0).mean(axis=1),
        "path_spearman": ranks,
        "path_evenness": np.minimum(share, 1 / num_steps).sum(axis=1),
        "path_straightness": np.maximum(lines, 0) ** 2,
        "path_range": measured[:, -1] - measured[:, 0],
    }
    return {
        name: functools.partial(_mean_of_known, np.where(found, values, np.nan)) for name, values in per_path.items()
    }


def distance_to_truth(made: Paths, truth: Paths, lpips: Measured | None = None) -> dict[str, Statistic]:
    """How far the pictures of paths are from the true graded pictures, both [N, P, S, S, 3]: means over paths.

    `path_l1`: mean absolute difference, 0..1, of all pictures of a path; `path_l1_between`: of those between its ends,
    whose amounts need not occur in training. With `lpips` [N, P], computed elsewhere, `path_lpips` and
    `path_lpips_between`. Raises ValueError where shapes differ, or a path has nothing between its ends.
    """
    if made.shape != truth.shape or made.ndim != 5 or made.shape[1] < 3:
        raise ValueError(
            f"made is {list(made.shape)} and truth {list(truth.shape)}, allowed are two of one shape [N, P, S, S, 3] "
            "with three pictures a path or more"
        )
    flat = [paths.reshape(-1, *paths.shape[2:]) for paths in (made, truth)]
    distances = {"path_l1": pixels.l1(*flat).reshape(made.shape[:2])}
    if lpips is not None:
        if np.shape(lpips) != made.shape[:2]:
            raise ValueError(
                f"lpips is {list(np.shape(lpips))}, allowed is {list(made.shape[:2])}: one for each picture"
            )
        distances["path_lpips"] = np.asarray(lpips, np.float64)
    return {
        name + suffix: functools.partial(_mean_of_known, values[:, part].mean(axis=1))
        for name, values in distances.items()
        for suffix, part in (("", slice(None)), ("_between", slice(1, -1)))
    }


def _mean_of_known(values: Float[np.ndarray, " n"], rows: Rows) -> float:
    chosen = values[rows]
    chosen = chosen[~np.isnan(chosen)]
    return float(chosen.mean()) if len(chosen) else float("nan")
