"""The edits that are judged: every person's most neutral photo, changed to each of the person's others."""

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from cdaae_jax import images
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.data.records import Record
from cdaae_jax.errors import UserError, named
from cdaae_jax.evaluation.measures.identity import other_people
from cdaae_jax.labels import MAX_AU, LabelSpace

OTHER = "other person"

_LOG = logging.getLogger(__name__)

Images = UInt8[np.ndarray, "n s s 3"]
Labels = Float[np.ndarray, "n l"]


class Truth(Protocol):
    """Draws the true picture of a person under any label; there is no such thing for photographed people."""

    def pictures(self, person: Sequence[str], label: Labels, size: int, space: LabelSpace) -> Images:
        """Returns the true picture of each of N people under a label each, `size` pixels high and wide."""

    def aus(self, label: Labels, space: LabelSpace, names: Sequence[str]) -> Float[np.ndarray, "n aus"]:
        """Returns the FACS intensities 0..5 of the action units `names` in the true pictures of labels."""


@dataclasses.dataclass(frozen=True)
class Task:
    """What a model is asked for, and the truth.

    Attributes:
      source: [n, s, s, 3], the photo to change.
      target: [n, s, s, 3], the same person's real photo under the label.
      label: [n, l], the target's label.
      person: [n], ids.
      space: what labels mean.
      truth: draws true pictures of these people under other labels; None where nothing can.
      known: [n, l], which entries of the labels the data knows, the others being 0; None if it knows all.
    """

    source: Images
    target: Images
    label: Labels
    person: tuple[str, ...]
    space: LabelSpace
    truth: Truth | None = None
    known: Bool[np.ndarray, "n l"] | None = None

    @property
    def names(self) -> list[str]:
        """Each label as text."""
        return [self.space.describe(label) for label in self.label]

    @property
    def is_one_hot(self) -> Bool[np.ndarray, " n"]:
        """Whether each label is a single expression at full strength."""
        return (self.label.max(axis=-1) == 1) & (self.label.sum(axis=-1) == 1)

    def requested_aus(self, names: Sequence[str]) -> Float[np.ndarray, "n aus"]:
        """Returns the FACS intensities of action units that the labels ask for.

        A unit that is not in `space` is asked for at 0. The action units of an emotion are known only for people who
        are drawn.

        Raises:
          ValueError: labels are emotions, and nothing knows the truth.
        """
        if self.space.kind == "au":
            asked = np.zeros((len(self.label), len(names)), self.label.dtype)
            for i, name in enumerate(names):
                if name in self.space.names:
                    asked[:, i] = self.label[:, self.space.names.index(name)]
            return asked * MAX_AU
        if self.truth is None:
            raise ValueError("labels are emotions, whose action units are known of drawn people only")
        return self.truth.aus(self.label, self.space, names)

    def knows_aus(self, names: Sequence[str]) -> Bool[np.ndarray, "n aus"]:
        """Returns which of `requested_aus` are known; sets code different units."""
        if self.space.kind != "au" or self.known is None:
            return np.ones((len(self.label), len(names)), bool)
        columns = [self.space.names.index(name) if name in self.space.names else None for name in names]
        asked = [np.ones(len(self.label), bool) if k is None else self.known[:, k] for k in columns]
        return np.stack(asked, axis=1)

    def of(self, rows: Int[np.ndarray, " m"] | Sequence[int]) -> "Task":
        """Returns these edits only."""
        return dataclasses.replace(
            self,
            source=self.source[rows],
            target=self.target[rows],
            label=self.label[rows],
            person=tuple(self.person[i] for i in rows),
            known=None if self.known is None else self.known[rows],
        )


def held_out_task(
    data: FaceDataset,
    judged: Sequence[str],
    image_size: int,
    others: FaceDataset | None = None,
    truth: Truth | None = None,
) -> Task:
    """Returns the task on people whom a training kept apart.

    Args:
      data: everybody of the models' data set, those trained on included.
      judged: ids of the people kept apart.
      image_size: of the photos, in pixels.
      others: pictures to use as targets instead. An id means the same person in both sets. People of `judged` keep
        their source, the most neutral photo in `data`; of people who are not in `data`, the last ones are taken, as
        many as `judged` has. Nobody else takes part.
      truth: draws true pictures of the people; None for photographed ones.

    Raises:
      UserError: `others` has nobody who may be judged, or no picture to reach.
    """
    people = data.of(tuple(judged))
    sources = {person: people.records[i] for person, i in zip(people.people, people.most_neutral(), strict=True)}
    if others is not None:
        allowed = tuple(person for person in others.people if person in sources or person not in data.people)
        if not allowed:
            raise UserError("manifests: everybody in these pictures was trained on; name pictures of other people")
        people = others.of(allowed[-len(judged) :])
        if strangers := [person for person in people.people if person not in sources]:
            _LOG.warning(
                "judged on people of whom the training's data knows nothing, the last of these pictures (%d): %s",
                *(len(strangers), named(strangers)),
            )
        nearest = zip(people.people, people.most_neutral(), strict=True)
        sources = {person: people.records[i] for person, i in nearest} | sources
    pairs = [(sources[people.people[who]], i) for i, who in enumerate(people.person)]
    pairs = [(source, i) for source, i in pairs if source.name != people.records[i].name]
    if not pairs:
        raise UserError("manifests: there is no picture but the sources; name pictures with other labels")
    _say_expressive({people.people[who]: sources[people.people[who]] for who in people.person})
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
        truth=truth,
        known=None if people.known is None else people.known[targets],
    )


def _say_expressive(sources: Mapping[str, Record]) -> None:
    """Warns of people who have no neutral photo: what is measured starts from another expression."""
    if other := [person for person, record in sources.items() if record.expression not in (None, "neutral")]:
        _LOG.warning(
            "%d of %d people have no neutral photo, and are changed from another expression: %s",
            *(len(other), len(sources), named(other)),
        )


def in_space(task: Task, space: LabelSpace) -> Task:
    """Returns the edits whose labels can be expressed in another space, with labels of that space.

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
    known = None if task.known is None else np.zeros(label.shape, bool)
    for i, name in enumerate(task.space.names):
        if name in space.names:
            label[:, space.names.index(name)] = task.label[rows, i]
            if known is not None and task.known is not None:
                known[:, space.names.index(name)] = task.known[rows, i]
    return dataclasses.replace(task.of(rows), label=label, space=space, known=known)


def neutral_label(space: LabelSpace) -> Float[np.ndarray, " l"]:
    """Returns the label of a face without expression."""
    return space.parse("neutral=1" if "neutral" in space.names else np.zeros(space.size))


def other_person(task: Task) -> dict[str, Images]:
    """Returns {OTHER: the source of the next person judged, for every edit}; {} if there is only one."""
    if len(set(task.person)) < 2:
        return {}
    return {OTHER: task.source[other_people(np.asarray(task.person))]}
