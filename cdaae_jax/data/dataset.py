"""A set of labelled photos in memory order, and its split by person."""

import dataclasses
import logging
import operator
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from cdaae_jax.buckets import at_hand
from cdaae_jax.config import Data
from cdaae_jax.data import fingerprints, label_vectors, manifests, registration
from cdaae_jax.data.records import SPLITS, Record, Skipped
from cdaae_jax.errors import UserError
from cdaae_jax.labels import LabelSpace


@dataclasses.dataclass(frozen=True)
class FaceDataset:
    """Photos sorted by person.

    Attributes:
      records: the photos, N of them.
      labels: float32 [N, L], label vectors in the network's range.
      person: [N], each photo's person as an index into `people`.
      people: their ids, sorted.
      space: what the label vectors mean.
      fingerprint: of all that was loaded, see `fingerprints`; a part of a set keeps the whole set's.
      known: bool [N, L], which entries of the labels the data knows; the others are 0. None if it knows all.
      set_of: [P], each person's place among the configured manifests; None without weights.
      set_weights: how much each of the manifests is to make up.
    """

    records: tuple[Record, ...]
    labels: Float[np.ndarray, "n l"]
    person: Int[np.ndarray, " n"]
    people: tuple[str, ...]
    space: LabelSpace
    fingerprint: str = ""
    known: Bool[np.ndarray, "n l"] | None = None
    set_of: Int[np.ndarray, " p"] | None = None
    set_weights: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.records)

    def of(self, people: tuple[str, ...]) -> "FaceDataset":
        """Returns the photos of these people only."""
        places = {name: k for k, name in enumerate(people)}
        place = np.array([places.get(name, -1) for name in self.people], np.int64)[self.person]
        chosen = np.flatnonzero(place >= 0)
        set_of = None
        if self.set_of is not None:
            before = {name: k for k, name in enumerate(self.people)}
            set_of = self.set_of[[before[name] for name in people]]
        return FaceDataset(
            records=tuple(map(self.records.__getitem__, chosen.tolist())),
            labels=self.labels[chosen],
            person=place[chosen],
            people=people,
            space=self.space,
            fingerprint=self.fingerprint,
            known=None if self.known is None else self.known[chosen],
            set_of=set_of,
            set_weights=self.set_weights,
        )

    def with_labels(self, space: LabelSpace) -> "FaceDataset":
        """Returns the same photos with these of their labels only, in this order."""
        columns = [self.space.names.index(name) for name in space.names]
        return dataclasses.replace(
            self,
            labels=np.ascontiguousarray(self.labels[:, columns]),
            known=None if self.known is None else np.ascontiguousarray(self.known[:, columns]),
            space=space,
        )

    def rows(self, chosen: Int[np.ndarray, " m"]) -> "FaceDataset":
        """Returns these photos only, in their order, and the people whom they show."""
        here, person = np.unique(self.person[chosen], return_inverse=True)
        return dataclasses.replace(
            self,
            records=tuple(map(self.records.__getitem__, chosen.tolist())),
            labels=self.labels[chosen],
            person=person,
            people=tuple(self.people[k] for k in here),
            known=None if self.known is None else self.known[chosen],
            set_of=None if self.set_of is None else self.set_of[here],
        )

    def shares(self) -> Float[np.ndarray, " p"]:
        """Returns how likely each person is to be drawn: sets by their weights, people of a set alike."""
        assert self.set_of is not None
        share = np.array(self.set_weights)[self.set_of] / np.bincount(self.set_of)[self.set_of]
        return share / share.sum()

    def groups(self) -> list[list[int]]:
        """Returns each person's photos, in order."""
        ends = np.cumsum(np.bincount(self.person, minlength=len(self.people)))
        return [group.tolist() for group in np.split(np.argsort(self.person, kind="stable"), ends[:-1])]

    def most_neutral(self, rather: Bool[np.ndarray, " n"] | None = None) -> list[int]:
        """Returns the index of each person's most neutral photo: most of `neutral`, or the smallest sum of AUs.

        Args:
          rather: which photos are preferred, where a person has any of them.
        """
        names = self.space.names
        # Where some sets know `neutral` and others only units, each photo is judged by what is known of it.
        signs = [-1.0 if name == "neutral" else float(self.space.is_unit(name)) for name in names]
        expressiveness = self.labels @ np.array(signs if "neutral" in names else np.ones(len(names)), np.float32)
        others = np.zeros(len(self), bool) if rather is None else ~rather
        order = np.lexsort((expressiveness, others, self.person))  # stable: of equal ones the first
        return order[np.searchsorted(self.person[order], np.arange(len(self.people)))].tolist()


class Split(NamedTuple):
    """A data set in three parts; nobody is in two of them.

    Attributes:
      train: the people to train on.
      validation: the people on whom decisions during development are made; may be empty.
      test: the people on whom models are judged; may be empty.
    """

    train: FaceDataset
    validation: FaceDataset
    test: FaceDataset

    @property
    def shown(self) -> FaceDataset:
        """The people for previews: the first of validation, test and train that is not empty."""
        return next(part for part in (self.validation, self.test, self.train) if len(part))

    def people(self) -> dict[str, list[str]]:
        """Returns the ids of each part by its name."""
        return {name: list(part.people) for name, part in self._asdict().items()}


def root(data_dir: str | os.PathLike | None) -> pathlib.Path | None:
    """Returns the data folder: the one given, else the environment's CDAAE_DATA, else None; of an address a copy."""
    folder = data_dir or os.environ.get("CDAAE_DATA")
    return at_hand(folder) if folder else None


def load(
    data: Data,
    root: pathlib.Path | None,
    image_size: int,
    varied: bool = True,
    report: Callable[[str], None] | None = None,
) -> FaceDataset:
    """Reads the configured data set; photos are decoded later.

    Args:
      data: the configuration.
      root: the data folder that `data.manifests` are relative to; only TFDS builders need none.
      image_size: photos smaller than this are left out.
      varied: leave out people who do not have at least two different labels, as training cannot use them; and refuse
        `data.registered` where it would change no photo at all.
      report: is called with a line for each reason for which something was left out; None logs it.

    Returns:
      Everybody who is left.

    Raises:
      UserError: nothing is configured, something cannot be read, a person is in two splits, or nobody is left.
    """
    if not data.manifests:
        raise UserError("config.data.manifests is empty; name a CSV, a folder, or a builder such as tfds:frl_london")
    skipped = Skipped()
    records: list[Record] = []
    listed: set[str] = set()  # action units that are columns of a table; they are labels even if no photo shows them
    first_set: dict[str, int] = {}
    for place, spec in enumerate(data.manifests):
        found = manifests.read(spec, data, root, image_size, skipped)
        if not spec.startswith(manifests.TFDS_PREFIX):
            listed |= {name for record in found[:1] for name in record.aus or ()}
        for record in found:
            first_set.setdefault(record.subject, place)
        records += found
    if not records:
        raise UserError(f"no photo in {', '.join(data.manifests)} can be used: {'; '.join(skipped.lines())}")
    records = _with_one_split(records)
    space = label_vectors.label_space(data, records, listed)
    records = label_vectors.with_known_labels(records, space, skipped)
    vectors = label_vectors.Vectors(space)
    if varied:
        records = label_vectors.with_varied_people(records, vectors, skipped)
    if not records:
        raise UserError(
            f"nobody is left in {', '.join(data.manifests)}: a person needs photos with at least two different labels "
            f"among {', '.join(space.names)}; {'; '.join(skipped.lines())}"
        )
    for line in skipped.lines():
        (report or logging.getLogger(__name__).warning)(line)
    people = tuple(sorted({record.subject for record in records}))
    index = {name: i for i, name in enumerate(people)}
    records.sort(key=operator.attrgetter("subject", "name"))
    labels = vectors.of(records)
    known = label_vectors.known_entries(records, space)
    points = registration.points_of(records) if data.registered else None
    has_points = None if points is None else np.array([each is not None for each in points])
    everyone = FaceDataset(
        records=tuple(records),
        labels=labels,
        person=np.array([index[record.subject] for record in records], np.int64),
        people=people,
        space=space,
        fingerprint=fingerprints.fingerprint(records, labels, space, has_points, known),
        known=known,
        set_of=np.array([first_set[name] for name in people]) if data.set_weights else None,
        set_weights=tuple(data.set_weights),
    )
    if points is None or has_points is None:
        return everyone
    if varied and not has_points.any():
        raise UserError(
            f"config.data.registered is set, but no photo of {', '.join(data.manifests)} has landmarks (first: "
            f"{records[0].name}); use photos prepared by cdaae-prepare, a set whose builder keeps landmarks "
            "(docs/data.md), or config.data.registered=False"
        )
    for line in _without_landmarks(records, has_points):
        (report or logging.getLogger(__name__).warning)(line)
    neutral = everyone.most_neutral(rather=has_points)
    over = [neutral[person] for person in everyone.person]
    return dataclasses.replace(everyone, records=registration.registered(records, points, over))


def _without_landmarks(records: Sequence[Record], has_points: Bool[np.ndarray, " n"]) -> list[str]:
    """Returns what to say of photos that are not registered."""
    without = np.flatnonzero(~has_points)
    return [
        f"{len(without)} of {len(records)} photos have no landmarks and are used as they are, not registered (first: "
        f"{records[i].name})"
        for i in without[:1]
    ]


def split(dataset: FaceDataset, data: Data) -> Split:
    """Splits by person: as the data set says, else the last `data.held_out` ids are for the test.

    `data.held_out` applies only to people whose split the set does not give. `data.max_people` shortens the training
    part alone.

    Raises:
      UserError: nobody is left to train on, or `data.held_out` is more than the people it applies to.
    """
    part_of = {record.subject: record.split for record in dataset.records if record.split}
    unassigned = [person for person in dataset.people if person not in part_of]
    num_training = len(unassigned) - data.held_out
    if unassigned and (num_training < 0 or (not part_of and num_training < 1)):
        whose = "people without a split of their own" if part_of else "people"
        raise UserError(
            f"config.data.held_out is {data.held_out}, but there are only {len(unassigned)} {whose}; hold out fewer"
        )
    part_of |= {person: "train" if i < num_training else "test" for i, person in enumerate(unassigned)}
    members = {name: tuple(person for person in dataset.people if part_of[person] == name) for name in SPLITS}
    if not members["train"]:
        raise UserError(
            f"nobody in {', '.join(data.manifests)} is in split train: {len(members['validation'])} are for validation "
            f"and {len(members['test'])} for the test; give some people the split train"
        )
    members["train"] = members["train"][: data.max_people or None]
    return Split(**{name: dataset.of(people) for name, people in members.items()})


def _with_one_split(records: list[Record]) -> list[Record]:
    """Gives all photos of a person the person's split, also those from a manifest without splits."""
    says: dict[str, Record] = {}
    for record in records:
        if record.split is None:
            continue
        first = says.setdefault(record.subject, record)
        if first.split != record.split:
            raise UserError(
                f"person {record.subject!r} is in two splits, {first.split} ({first.name}) and {record.split} "
                f"({record.name}); give all photos of a person the same"
            )
    return [
        dataclasses.replace(record, split=says[record.subject].split)
        if record.split is None and record.subject in says
        else record
        for record in records
    ]
