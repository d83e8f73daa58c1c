"""The edits of a task that ask for what training never showed together."""

import math

import numpy as np
from jaxtyping import Float

from cdaae_jax.evaluation import combinations
from cdaae_jax.evaluation.edits import Task
from cdaae_jax.labels import LabelSpace

PER_PERSON = 8  # of people whose true pictures can be drawn
SEED = 0

Labels = Float[np.ndarray, "n labels"]


def rows_of_new_kind(label: Labels, seen: Labels, space: LabelSpace) -> list[int]:
    """Returns which labels have a set of names that no label in `seen` has; amounts do not count."""
    active = _active(space)
    known = {tuple(row[active] > 0) for row in seen}
    return [i for i, row in enumerate(label) if tuple(row[active] > 0) not in known]


def drawn_task(task: Task, seen: Labels) -> Task | None:
    """Returns `PER_PERSON` unseen mixtures of each of a task's people, who can be drawn; None where too few exist."""
    active = _active(task.space)
    sizes = combinations.AUS_TOGETHER if task.space.kind == "au" else combinations.EMOTIONS_TOGETHER
    known = {tuple(row[active] > 0) for row in seen}
    num_unseen = sum(math.comb(len(active), size) for size in sizes) - sum(sum(names) in sizes for names in known)
    if num_unseen < PER_PERSON:
        return None
    labels = combinations.combinations(task.space, PER_PERSON, SEED, seen)
    return combinations.truth_task(sorted(set(task.person)), labels, task.source.shape[1], task.space)


def _active(space: LabelSpace) -> list[int]:
    return [i for i, name in enumerate(space.names) if name != "neutral"]
