"""Paths from neutral to the labels of a task, and the pictures that models and the truth make along them."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, UInt8

from cdaae_jax.evaluation.tasks.edits import Task, neutral_label
from cdaae_jax.sampling import Sampler

Pictures = UInt8[np.ndarray, "n steps s s 3"]

AMOUNTS = (0.0, 0.25, 0.5, 0.75, 1.0)
LABELS_PER_PERSON = 8  # labels of a person; of more, such as the rig's 40 AU pictures, so many spread evenly


@dataclasses.dataclass(frozen=True)
class PathTask:
    """N paths of P pictures at `AMOUNTS`.

    Attributes:
      ends: the N edits at amount 1.
      label: [N, P, L], at each amount.
      true: the true pictures; None where nothing can draw them.
    """

    ends: Task
    label: Float[np.ndarray, "n steps l"]
    true: Pictures | None


def held_out_paths(task: Task, measurable: Bool[np.ndarray, " n"]) -> PathTask | None:
    """Returns the paths to those of a task's labels that are measurable; None where none is."""
    rows = [i for i in _spread(task) if measurable[i]]
    if not rows:
        return None
    ends = task.of(rows)
    neutral = neutral_label(ends.space)
    label = np.stack([[ends.space.mix(neutral, one, amount) for amount in AMOUNTS] for one in ends.label])
    true = None
    if ends.truth is not None:
        everybody = [person for person in ends.person for _ in AMOUNTS]
        true = ends.truth.pictures(everybody, label.reshape(-1, ends.space.size), ends.source.shape[1], ends.space)
        true = true.reshape(*label.shape[:2], *true.shape[1:])
    return PathTask(ends, label, true)


def draw(sampler: Sampler, task: PathTask) -> Pictures:
    """Returns a model's pictures along the paths."""
    sources = task.ends.source.repeat(task.label.shape[1], axis=0)
    made = sampler.edit(sources, list(task.label.reshape(len(sources), -1)))
    return made.reshape(*task.label.shape[:2], *made.shape[1:])


def _spread(task: Task) -> list[int]:
    person, rows = np.asarray(task.person), []
    for one in dict.fromkeys(task.person):
        mine = np.flatnonzero(person == one)
        rows += mine[np.unique(np.linspace(0, len(mine) - 1, min(LABELS_PER_PERSON, len(mine))).astype(int))].tolist()
    return rows
