"""What judges say of the pictures along paths: how strong the expression is at each amount."""

import numpy as np
from jaxtyping import Bool, Float, UInt8

from cdaae_jax.evaluation.judges.face_api import EXPRESSIONS
from cdaae_jax.evaluation.judges.panel import Panel
from cdaae_jax.evaluation.measures.growth import distance_to_truth, growth_statistics, intensity_along
from cdaae_jax.evaluation.measures.statistics import Statistic
from cdaae_jax.evaluation.tasks.edits import Task
from cdaae_jax.evaluation.tasks.paths import PathTask

Pictures = UInt8[np.ndarray, "n steps s s 3"]


def measurable(task: Task, panel: Panel) -> Bool[np.ndarray, " n"]:
    """Returns of each edit whether the panel can say how strong its expression is."""
    if panel.meter:
        return np.asarray(task.requested_aus(panel.meter.names).any(axis=-1))
    if panel.expressions:
        known = np.array([name in EXPRESSIONS for name in task.space.names])
        return task.is_one_hot & known[task.label.argmax(axis=-1)]
    return np.zeros(len(task.label), bool)


def unit(panel: Panel) -> str:
    """Returns what the intensity is, for the report."""
    if panel.meter:
        return "requested AUs by the AU meter (1: as requested)"
    return "probability of the requested expression"


def intensity(task: PathTask, panel: Panel, made: Pictures) -> Float[np.ndarray, "n steps"]:
    """Returns how strong the expression is in each of a path's pictures: see `unit`."""
    flat = made.reshape(-1, *made.shape[2:])
    steps = made.shape[1]
    if panel.meter:
        measured = panel.meter.measure(task.ends.source.repeat(steps, axis=0), flat, clip=False)
        requested = task.ends.requested_aus(panel.meter.names)
        return intensity_along(measured.reshape(len(made), steps, -1), requested)
    assert panel.expressions is not None  # or no path would be `measurable`
    probabilities = panel.expressions(flat).reshape(len(made), steps, -1)
    column = [EXPRESSIONS.index(task.ends.space.names[i]) for i in task.ends.label.argmax(axis=-1)]
    return probabilities[np.arange(len(made)), :, column].astype(np.float64)


def true_intensity(task: PathTask, panel: Panel) -> Float[np.ndarray, "n steps"]:
    """Returns the intensity of the true pictures. NaN where there are none: of photos, only the ends are known."""
    if task.true is not None:
        return intensity(task, panel, task.true)
    ends = intensity(task, panel, np.stack([task.ends.source, task.ends.target], axis=1))
    measured = np.full(task.label.shape[:2], np.nan)
    measured[:, [0, -1]] = ends
    return measured


def path_statistics(
    task: PathTask, panel: Panel, made: Pictures, measured: Float[np.ndarray, "n steps"]
) -> dict[str, Statistic]:
    """Returns the statistics of `growth_statistics`, and of `distance_to_truth` where true pictures are known."""
    statistics = growth_statistics(measured)
    if task.true is None:
        return statistics
    pairs = [pictures.reshape(-1, *pictures.shape[2:]) for pictures in (made, task.true)]
    lpips = panel.lpips(*pairs).reshape(made.shape[:2]) if panel.lpips else None
    return statistics | distance_to_truth(made, task.true, lpips)
