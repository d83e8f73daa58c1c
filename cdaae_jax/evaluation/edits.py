"""The edits that are judged: every held-out person's most neutral photo, changed to each of the person's others."""

import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax import images
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.identity import other_people
from cdaae_jax.labels import LabelSpace

OTHER = "other person"


@dataclasses.dataclass(frozen=True)
class Task:
    """What a model is asked for, and the truth.

    Attributes:
      source: [n, s, s, 3], the photo to change.
      target: [n, s, s, 3], the same person's real photo under the label.
      label: [n, l], the target's label.
      person: [n], ids.
      space: what labels mean.
    """

    source: UInt8[np.ndarray, "n s s 3"]
    target: UInt8[np.ndarray, "n s s 3"]
    label: Float[np.ndarray, "n l"]
    person: tuple[str, ...]
    space: LabelSpace

    @property
    def names(self) -> list[str]:
        """Each label as text."""
        return [self.space.describe(label) for label in self.label]


def held_out_task(data: Data, root: pathlib.Path | None, image_size: int, manifests: Sequence[str] = ()) -> Task:
    """Returns the task on the people whom a configuration keeps out of training.

    Args:
      data: the configuration the model was trained with.
      root: the data folder; only TFDS builders can do without.
      image_size: of the photos.
      manifests: other pictures to reach, written as `data.manifests`: of the same people, whose source is still the
        most neutral one of `data`, or of others, of whom the last `data.held_out` are taken. An id means the same
        person in both, and nobody who is trained on is asked for.

    Raises:
      UserError: the data cannot be read, or nobody is held out.
    """
    own = datasets.load(data, root, image_size)
    people = datasets.split(own, data).test
    if not len(people):
        raise UserError("config.data.held_out is 0: there is nobody to judge on; train with people held out")
    sources = {person: people.records[i] for person, i in zip(people.people, people.most_neutral(), strict=True)}
    if manifests:
        other = dataclasses.replace(data, manifests=tuple(manifests), label_names=())
        # A person may have a single picture there, as long as the source is elsewhere.
        judged = datasets.load(other, root, image_size, varied=False)
        strangers = tuple(person for person in judged.people if person in sources or person not in own.people)
        if not strangers:
            raise UserError(f"everybody in {', '.join(manifests)} was trained on; name pictures of other people")
        people = judged.of(strangers[-data.held_out :])
        nearest = zip(people.people, people.most_neutral(), strict=True)
        sources = {person: people.records[i] for person, i in nearest} | sources
    pairs = [(sources[people.people[who]], i) for i, who in enumerate(people.person)]
    pairs = [(source, i) for source, i in pairs if source.name != people.records[i].name]
    if not pairs:
        raise UserError(f"{', '.join(manifests)} has no picture but the sources; name pictures with other labels")
    photos: dict[str, np.ndarray] = {}
    for record in [source for source, _ in pairs] + [people.records[i] for _, i in pairs]:
        if record.name not in photos:
            photos[record.name] = images.fit(record.load(), image_size)
    targets = [i for _, i in pairs]
    return Task(
        source=np.stack([photos[source.name] for source, _ in pairs]),
        target=np.stack([photos[people.records[i].name] for i in targets]),
        label=people.labels[targets],
        person=tuple(people.people[people.person[i]] for i in targets),
        space=people.space,
    )


def in_space(task: Task, space: LabelSpace) -> Task:
    """Returns the edits of a task whose labels another space can express, in that space.

    Raises:
      UserError: there are none.
    """
    if task.space == space:
        return task
    unknown = [i for i, name in enumerate(task.space.names) if name not in space.names]
    rows = np.flatnonzero((task.label[:, unknown] == 0).all(axis=1))
    if task.space.kind != space.kind or not len(rows):
        raise UserError(
            f"the set to judge on has only {', '.join(task.space.names)}, and the model knows "
            f"{', '.join(space.names)}; name a set with labels that the model knows"
        )
    label = np.zeros((len(rows), space.size), np.float32)
    for i, name in enumerate(task.space.names):
        if name in space.names:
            label[:, space.names.index(name)] = task.label[rows, i]
    return Task(task.source[rows], task.target[rows], label, tuple(task.person[i] for i in rows), space)


def training_labels(data: Data, root: pathlib.Path | None, image_size: int) -> Float[np.ndarray, "m l"]:
    """Returns the label vectors [M, L] that a configuration trains on; errors as in `held_out_task`."""
    return datasets.split(datasets.load(data, root, image_size), data).train.labels


def neutral_label(space: LabelSpace) -> Float[np.ndarray, "l"]:
    """Returns the label of a face without expression."""
    return space.parse("neutral=1" if "neutral" in space.names else np.zeros(space.size))


def other_person(task: Task) -> dict[str, UInt8[np.ndarray, "n s s 3"]]:
    """Returns {OTHER: the source of the next held-out person, for every edit}; {} where there is one only."""
    if len(set(task.person)) < 2:
        return {}
    return {OTHER: task.source[other_people(task.person)]}
