"""Paths from neutral to the labels of a task: what models draw along them, and how strong it is measured to be."""

import dataclasses

import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax.data.synthetic_faces import truth
from cdaae_jax.evaluation.edits import Task, neutral_label
from cdaae_jax.evaluation.judges import EXPRESSIONS
from cdaae_jax.evaluation.measures import is_one_hot, requested_aus
from cdaae_jax.evaluation.panel import Panel
from cdaae_jax.evaluation.paths import distance_to_truth, intensity_along, path_statistics
from cdaae_jax.evaluation.scores import Statistic
from cdaae_jax.labels import LabelSpace
from cdaae_jax.sampling import Sampler

Pictures = UInt8[np.ndarray, "n steps s s 3"]

AMOUNTS = (0.0, 0.25, 0.5, 0.75, 1.0)
LABELS_PER_PERSON = 8  # sets with more have that many of them, spread evenly: of the rig's 40 AU pictures


@dataclasses.dataclass(frozen=True)
class PathTask:
    """N paths of P pictures at `AMOUNTS`.

    Attributes:
      source: [N, S, S, 3], the photo to change.
      target: [N, S, S, 3], the true picture at amount 1.
      label: [N, L], at amount 1.
      path: [N, P, L], at each amount.
      person: [N], ids.
      space: what labels mean.
      truth: the true pictures; None where nobody knows them.
    """

    source: UInt8[np.ndarray, "n s s 3"]
    target: UInt8[np.ndarray, "n s s 3"]
    label: Float[np.ndarray, "n l"]
    path: Float[np.ndarray, "n steps l"]
    person: tuple[str, ...]
    space: LabelSpace
    truth: Pictures | None


def held_out_paths(task: Task, panel: Panel, drawn: bool) -> PathTask | None:
    """Returns the paths to a task's labels whose intensity the panel can measure; None where there are none.

    `drawn` says that all people are the package's synthetic faces, whose graded pictures can be drawn.
    """
    rows = [i for i in _spread(task) if _measurable(task, panel)[i]]
    if not rows:
        return None
    neutral, label = neutral_label(task.space), task.label[rows]
    path = np.stack([[task.space.mix(neutral, one, amount) for amount in AMOUNTS] for one in label])
    person = tuple(task.person[i] for i in rows)
    true = None
    if drawn:
        everybody = [one for one in person for _ in AMOUNTS]
        side = task.source.shape[1]
        true = truth.truth_batch(everybody, list(path.reshape(-1, task.space.size)), side, task.space)
        true = true.reshape(*path.shape[:2], *true.shape[1:])
    return PathTask(task.source[rows], task.target[rows], label, path, person, task.space, true)


def draw(sampler: Sampler, task: PathTask) -> Pictures:
    """Returns a model's pictures along the paths."""
    sources = task.source.repeat(task.path.shape[1], axis=0)
    made = sampler.edit(sources, list(task.path.reshape(len(sources), -1)))
    return made.reshape(*task.path.shape[:2], *made.shape[1:])


def intensity(task: PathTask, panel: Panel, made: Pictures) -> Float[np.ndarray, "n steps"]:
    """Returns how strong the expression is in each of a path's pictures: see `unit`."""
    flat = made.reshape(-1, *made.shape[2:])
    steps = made.shape[1]
    if panel.meter:
        measured = panel.meter.measure(task.source.repeat(steps, axis=0), flat, clip=False)
        requested = requested_aus(task.label, task.space, panel.meter.names)
        return intensity_along(measured.reshape(len(made), steps, -1), requested)
    probabilities = panel.expressions(flat).reshape(len(made), steps, -1)
    column = [EXPRESSIONS.index(task.space.names[i]) for i in task.label.argmax(axis=-1)]
    return probabilities[np.arange(len(made)), :, column].astype(np.float64)


def statistics(task: PathTask, panel: Panel, made: Pictures, measured: np.ndarray) -> dict[str, Statistic]:
    """Returns the figures of `path_statistics`, and of `distance_to_truth` where that is known."""
    figures = path_statistics(measured)
    if task.truth is None:
        return figures
    pairs = [pictures.reshape(-1, *pictures.shape[2:]) for pictures in (made, task.truth)]
    lpips = panel.lpips(*pairs).reshape(made.shape[:2]) if panel.lpips else None
    return figures | distance_to_truth(made, task.truth, lpips)


def true_intensity(task: PathTask, panel: Panel) -> Float[np.ndarray, "n steps"]:
    """Returns the intensity of the true pictures: NaN where there are none, which is all but the ends of photos."""
    if task.truth is not None:
        return intensity(task, panel, task.truth)
    ends = intensity(task, panel, np.stack([task.source, task.target], axis=1))
    measured = np.full(task.path.shape[:2], np.nan)
    measured[:, [0, -1]] = ends
    return measured


def unit(panel: Panel) -> str:
    """Returns what the intensity is, for the report."""
    if panel.meter:
        return "requested AUs by the AU meter (1: as requested)"
    return "probability of the requested expression"


def _measurable(task: Task, panel: Panel) -> np.ndarray:
    if panel.meter:
        return requested_aus(task.label, task.space, panel.meter.names).any(axis=-1)
    if panel.expressions:
        known = np.array([name in EXPRESSIONS for name in task.space.names])
        return is_one_hot(task.label) & known[task.label.argmax(axis=-1)]
    return np.zeros(len(task.label), bool)


def _spread(task: Task) -> list[int]:
    person, rows = np.asarray(task.person), []
    for one in dict.fromkeys(task.person):
        mine = np.flatnonzero(person == one)
        rows += mine[np.unique(np.linspace(0, len(mine) - 1, min(LABELS_PER_PERSON, len(mine))).astype(int))].tolist()
    return rows
