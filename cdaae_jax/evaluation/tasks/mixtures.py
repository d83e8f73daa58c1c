"""Mixtures: labels that combine several names as training never did, and the edits to them."""

import itertools

import numpy as np
from jaxtyping import Float, Float32

from cdaae_jax.evaluation.tasks.edits import Task, neutral_label
from cdaae_jax.labels import MAX_AU, LabelSpace

Labels = Float32[np.ndarray, "count labels"]
SeenLabels = Float[np.ndarray, "seen labels"]

PER_PERSON = 8  # of people whose true pictures can be drawn
SEED = 0
EMOTIONS_TOGETHER = (2, 3)
LEAST_TENTHS = 2  # tenths of each emotion in a mixture; less is hardly visible
AUS_TOGETHER = (2, 3, 4)
LEAST_HALVES, MOST_HALVES = 2, 10  # FACS 1 to 5 in steps of a half


def rows_of_new_kind(label: SeenLabels, seen: SeenLabels, space: LabelSpace) -> list[int]:
    """Returns which labels have a set of names that no label in `seen` has, whatever the amounts."""
    known = {_names_in(row, space) for row in seen}
    return [i for i, row in enumerate(label) if _names_in(row, space) not in known]


def drawn_task(task: Task, seen: SeenLabels) -> Task | None:
    """Returns `PER_PERSON` mixtures that are not in `seen`, for each of a task's people, with their true pictures.

    The source is the person's neutral picture. None where nothing can draw the people, or too few mixtures are unseen.
    """
    if task.truth is None:
        return None
    labels = unseen_mixtures(task.space, PER_PERSON, SEED, seen)
    if len(labels) < PER_PERSON:
        return None
    people, size = sorted(set(task.person)), task.source.shape[1]
    neutral = np.stack([neutral_label(task.space)] * len(people))
    everybody = tuple(person for person in people for _ in labels)
    everything = np.tile(labels, (len(people), 1))
    return Task(
        source=task.truth.pictures(people, neutral, size, task.space).repeat(len(labels), axis=0),
        target=task.truth.pictures(everybody, everything, size, task.space),
        label=everything,
        person=everybody,
        space=task.space,
        truth=task.truth,
    )


def unseen_mixtures(space: LabelSpace, count: int, seed: int, seen: SeenLabels) -> Labels:
    """Returns mixtures of names that no label in `seen` has together; fewer than `count` if there are no more.

    Args:
      space: emotions give pairs and triples with weights in tenths, 0.2 or more each, that add up to 1
        ("happy=0.7,surprised=0.3"); AUs give 2 to 4 with FACS intensities 1..5 in halves.
      count: the number of mixtures; no two have the same names.
      seed: the same seed gives the same mixtures.
      seen: [M, L], the label vectors of training. A set of names counts as seen if a label has exactly these names
        above 0. So the mixtures are of new names, not just of new amounts.

    All sizes (pairs, triples, ...) are equally likely as long as they have unseen sets.
    """
    rng = np.random.default_rng(seed)
    known = {_names_in(row, space) for row in seen}
    sizes = AUS_TOGETHER if space.kind == "au" else EMOTIONS_TOGETHER
    unseen = [[names for names in itertools.combinations(_active(space), size) if names not in known] for size in sizes]
    labels = np.zeros((min(count, sum(map(len, unseen))), space.size), np.float32)
    for label in labels:
        unseen = [group for group in unseen if group]
        group = unseen[rng.integers(len(unseen))]
        chosen = list(group.pop(rng.integers(len(group))))
        label[chosen] = _intensities(rng, len(chosen)) if space.kind == "au" else _weights(rng, len(chosen))
    return labels


def _active(space: LabelSpace) -> list[int]:
    """The columns of names that change a face."""
    return [i for i, name in enumerate(space.names) if name != "neutral"]


def _names_in(label: Float[np.ndarray, " labels"], space: LabelSpace) -> tuple[int, ...]:
    return tuple(i for i in _active(space) if label[i] > 0)


def _weights(rng: np.random.Generator, count: int) -> np.ndarray:
    """Weights [count] in tenths that add up to 1, each at least LEAST_TENTHS; all possibilities are equally likely."""
    free = 10 - count * LEAST_TENTHS
    # Stars and bars: count - 1 bars, placed among the free tenths, divide them up.
    bars = np.sort(rng.choice(free + count - 1, count - 1, replace=False))
    tenths = np.diff([-1, *bars, free + count - 1]) - 1 + LEAST_TENTHS
    return tenths / 10


def _intensities(rng: np.random.Generator, count: int) -> np.ndarray:
    """Intensities [count] as a network sees them, FACS divided by 5."""
    return rng.integers(LEAST_HALVES, MOST_HALVES, count, endpoint=True) / 2 / MAX_AU
