"""Combination: label mixtures that training never saw, and for drawn people their true pictures."""

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from cdaae_jax.data.synthetic_faces import truth
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.edits import Task
from cdaae_jax.labels import MAX_AU, LabelSpace

Labels = Float32[np.ndarray, "count labels"]
SeenLabels = Float[np.ndarray, "seen labels"]

EMOTIONS_TOGETHER = (2, 3)
LEAST_TENTHS = 2  # of each emotion in a mixture; less is hardly seen
AUS_TOGETHER = (2, 3, 4)
LEAST_HALVES, MOST_HALVES = 2, 10  # FACS 1 to 5 in steps of a half


def combinations(space: LabelSpace, count: int, seed: int, seen: SeenLabels | None = None) -> Labels:
    """Returns mixtures [count, L] of names that no label in `seen` has together.

    Args:
      space: emotions give pairs and triples with weights in tenths, 0.2 or more each, that add up to 1
        ("happy=0.7,surprised=0.3"); AUs give 2 to 4 with FACS intensities 1..5 in halves.
      count: how many, each of other names.
      seed: the same seed gives the same mixtures.
      seen: [M, L], the label vectors of training. A set of names is seen if a label has these above 0 and no others;
        so what is returned is new in kind, and not just in amounts.

    Each size (pairs, triples, ...) is as likely as another while it has unseen sets. Raises UserError where there are
    fewer than `count` unseen sets of names.
    """
    rng = np.random.default_rng(seed)
    active = [i for i, name in enumerate(space.names) if space.kind == "au" or name != "neutral"]
    rows = np.zeros((0, space.size)) if seen is None else np.asarray(seen)
    known = {tuple(i for i in active if row[i] > 0) for row in rows}
    sizes = AUS_TOGETHER if space.kind == "au" else EMOTIONS_TOGETHER
    unseen = [[chosen for chosen in itertools.combinations(active, size) if chosen not in known] for size in sizes]
    if sum(map(len, unseen)) < count:
        raise UserError(
            f"there are {sum(map(len, unseen))} unseen mixtures of {len(active)} names, and {count} are asked for; "
            "ask for fewer, or train on a set with fewer combinations"
        )
    labels = np.zeros((count, space.size), np.float32)
    for label in labels:
        unseen = [group for group in unseen if group]
        group = unseen[rng.integers(len(unseen))]
        chosen = list(group.pop(rng.integers(len(group))))
        label[chosen] = _intensities(rng, len(chosen)) if space.kind == "au" else _weights(rng, len(chosen))
    return labels


def truth_task(people: Sequence[str], labels: Labels, size: int, space: LabelSpace) -> Task:
    """Returns the task of every label [M, L] for every person, with true pictures, person by person.

    Only for people of the synthetic faces ("p000113"), who can be drawn under any label; the source is the person's
    neutral picture. `size` is the side in pixels. Raises UserError for anybody else, or a label that has no picture.
    """
    labels = np.asarray(labels, np.float32)
    neutral = truth.truth_batch(people, ["neutral"], size)
    everybody = [person for person in people for _ in labels]
    everything = np.tile(labels, (len(people), 1))
    return Task(
        source=neutral.repeat(len(labels), axis=0),
        target=truth.truth_batch(everybody, list(everything), size, space),
        label=everything,
        person=tuple(everybody),
        space=space,
    )


def _weights(rng: np.random.Generator, count: int) -> np.ndarray:
    """Weights [count] in tenths that add up to 1, each at least LEAST_TENTHS of them; all such are as likely."""
    free = 10 - count * LEAST_TENTHS
    # Stars and bars: where count - 1 bars stand among the free tenths says who gets how many.
    bars = np.sort(rng.choice(free + count - 1, count - 1, replace=False))
    tenths = np.diff([-1, *bars, free + count - 1]) - 1 + LEAST_TENTHS
    return tenths / 10


def _intensities(rng: np.random.Generator, count: int) -> np.ndarray:
    """Intensities [count] as a network sees them, FACS divided by 5."""
    return rng.integers(LEAST_HALVES, MOST_HALVES, count, endpoint=True) / 2 / MAX_AU
