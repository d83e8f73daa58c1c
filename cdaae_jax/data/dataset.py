"""A set of labelled photos in memory order, and its split by person."""

import dataclasses
import hashlib
import json
import logging
import operator
import os
import pathlib
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from cdaae_jax.config import Data
from cdaae_jax.data import folder, registration
from cdaae_jax.data.records import SPLITS, Record, Skipped
from cdaae_jax.errors import UserError
from cdaae_jax.labels import ACTION_UNITS, EMOTIONS, LabelSpace, canonical_emotion, nearest

TFDS_PREFIX = "tfds:"


@dataclasses.dataclass(frozen=True)
class FaceDataset:
    """Photos sorted by person.

    Attributes:
      records: the photos, N of them.
      labels: float32 [N, L], label vectors in the network's range.
      person: [N], each photo's person as an index into `people`.
      people: their ids, sorted.
      space: what the label vectors mean.
      fingerprint: of all that was loaded, see `fingerprint`; a part of a set keeps the whole set's.
    """

    records: tuple[Record, ...]
    labels: Float[np.ndarray, "n l"]
    person: Int[np.ndarray, " n"]
    people: tuple[str, ...]
    space: LabelSpace
    fingerprint: str = ""

    def __len__(self) -> int:
        return len(self.records)

    def of(self, people: tuple[str, ...]) -> "FaceDataset":
        """Returns the photos of these people only."""
        places = {name: k for k, name in enumerate(people)}
        place = np.array([places.get(name, -1) for name in self.people], np.int64)[self.person]
        chosen = np.flatnonzero(place >= 0)
        return FaceDataset(
            records=tuple(map(self.records.__getitem__, chosen.tolist())),
            labels=self.labels[chosen],
            person=place[chosen],
            people=people,
            space=self.space,
            fingerprint=self.fingerprint,
        )

    def groups(self) -> list[list[int]]:
        """Returns each person's photos, in order."""
        ends = np.cumsum(np.bincount(self.person, minlength=len(self.people)))
        return [group.tolist() for group in np.split(np.argsort(self.person, kind="stable"), ends[:-1])]

    def most_neutral(self) -> list[int]:
        """Returns the index of each person's most neutral photo: most of `neutral`, or the smallest sum of AUs."""
        names = self.space.names
        expressiveness = -self.labels[:, names.index("neutral")] if "neutral" in names else self.labels.sum(axis=1)
        order = np.lexsort((expressiveness, self.person))  # stable: of equal ones the first
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
    """Returns the data folder: the one given, else the environment's CDAAE_DATA, else None."""
    folder = data_dir or os.environ.get("CDAAE_DATA")
    return pathlib.Path(folder) if folder else None


def load(data: Data, root: pathlib.Path | None, image_size: int, varied: bool = True) -> FaceDataset:
    """Reads the configured data set; photos are decoded later.

    Args:
      data: the configuration.
      root: the data folder that `data.manifests` are relative to; only TFDS builders need none.
      image_size: photos smaller than this are left out.
      varied: leave out people who do not have at least two different labels, as training cannot use them.

    Returns:
      Everybody who is left. What was left out is logged.

    Raises:
      UserError: nothing is configured, something cannot be read, a person is in two splits, or nobody is left.
    """
    if not data.manifests:
        raise UserError("config.data.manifests is empty; name a CSV, a folder, or a builder such as tfds:frl_london")
    skipped = Skipped()
    records: list[Record] = []
    for spec in data.manifests:
        if spec.startswith(TFDS_PREFIX):
            from cdaae_jax.data import tfds_source  # importing TFDS takes seconds, so do it only if it is needed

            records += tfds_source.read(spec.removeprefix(TFDS_PREFIX), root, image_size, skipped)
        elif root is None:
            raise UserError("no data folder; name it with --data_dir or the environment variable CDAAE_DATA")
        else:
            records += folder.read(spec, root, data.label_kind, image_size, skipped)
    if not records:
        raise UserError(f"no photo in {', '.join(data.manifests)} can be used: {'; '.join(skipped.lines())}")
    records = _with_one_split(records)
    space = _label_space(data, records)
    records = _with_known_labels(records, space, skipped)
    vectors = _Vectors(space)
    if varied:
        records = _with_varied_people(records, vectors, skipped)
    if not records:
        raise UserError(
            f"nobody is left in {', '.join(data.manifests)}: a person needs photos with at least two different labels "
            f"among {', '.join(space.names)}; {'; '.join(skipped.lines())}"
        )
    for line in skipped.lines():
        logging.getLogger(__name__).warning(line)
    people = tuple(sorted({record.subject for record in records}))
    index = {name: i for i, name in enumerate(people)}
    records.sort(key=operator.attrgetter("subject", "name"))
    labels = vectors.of(records)
    everyone = FaceDataset(
        records=tuple(records),
        labels=labels,
        person=np.array([index[record.subject] for record in records], np.int64),
        people=people,
        space=space,
        fingerprint=fingerprint(records, labels, space, data.registered),
    )
    return _registered(everyone) if data.registered else everyone


def _registered(dataset: FaceDataset) -> FaceDataset:
    neutral = dataset.most_neutral()
    over = [neutral[person] for person in dataset.person]
    return dataclasses.replace(dataset, records=registration.registered(dataset.records, over))


def fingerprint(
    records: Sequence[Record], labels: Float[np.ndarray, "n l"], space: LabelSpace, registered: bool = False
) -> str:
    """Returns a hex string that identifies photos and labels, in their order, but not the folder they lie in.

    It is computed from each photo's person, name within its data set, file size and label. Photos are not read for it,
    so a file that was replaced by another of the same size goes unnoticed.
    """
    digest = hashlib.sha256(json.dumps([space.kind, space.names]).encode())
    if registered:
        digest.update(b"registered")
    quoted = json.encoder.encode_basestring_ascii
    numbers = labels.astype("<f4")
    for record, label in zip(records, numbers, strict=True):
        # What json.dumps writes, in a fifth of its time.
        digest.update(f"[{quoted(record.subject)}, {quoted(record.key)}, {record.num_bytes}]".encode())
        digest.update(label.data)
    return digest.hexdigest()


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


def _label_space(data: Data, records: list[Record]) -> LabelSpace:
    if data.label_kind == "emotion":
        found = {record.expression for record in records if record.expression}
        vocabulary: tuple[str, ...] = EMOTIONS
    else:
        found = {name for record in records for name in record.aus or ()}
        vocabulary = tuple(ACTION_UNITS)
    canonical = canonical_emotion if data.label_kind == "emotion" else lambda name: name.strip().upper()
    asked = tuple(map(canonical, data.label_names))
    unknown = [name for name in asked if name not in found]
    if unknown:
        raise UserError(
            f"config.data.label_names holds {unknown[0]!r}, which no photo has; "
            f"the data has {', '.join(nearest(unknown[0], sorted(found)))}"
        )
    if not found:
        raise UserError(f"no photo of {', '.join(data.manifests)} has a label of kind {data.label_kind!r}")
    # Known names in the vocabulary's order, then whatever else a folder calls its expressions.
    in_order = [name for name in vocabulary if name in found] + sorted(found - set(vocabulary))
    return LabelSpace(data.label_kind, asked or tuple(in_order))


def _with_known_labels(records: list[Record], space: LabelSpace, skipped: Skipped) -> list[Record]:
    kept = []
    for record in records:
        if space.kind == "emotion" and record.expression is None:
            skipped.add("photo without an expression", record.name)
        elif space.kind == "emotion" and record.expression not in space.names:
            skipped.add(f"photo of an expression that is not among {', '.join(space.names)}", record.name)
        elif space.kind == "au" and record.aus is None:
            skipped.add("photo without AU intensities", record.name)
        else:
            kept.append(record)
    return kept


def _with_varied_people(records: list[Record], vectors: "_Vectors", skipped: Skipped) -> list[Record]:
    labels_of: dict[str, set[int]] = {}
    for record in records:
        labels_of.setdefault(record.subject, set()).add(vectors.index(record))
    for subject, labels in sorted(labels_of.items()):
        if len(labels) < 2:
            what = "expression" if vectors.space.kind == "emotion" else "AU vector"
            skipped.add(f"person with one {what} only", subject)
    return [record for record in records if len(labels_of[record.subject]) > 1]


class _Vectors:
    """The label vectors of records; each different one is made once, however many photos have it."""

    def __init__(self, space: LabelSpace):
        self.space = space
        self._index_of_label: dict[Hashable, int] = {}
        self._index_of_vector: dict[bytes, int] = {}
        self._vectors: list[Float[np.ndarray, " l"]] = []

    def index(self, record: Record) -> int:
        """Returns a number that records of equal vectors share."""
        emotional = self.space.kind == "emotion"
        label: Hashable = (record.expression, record.amount) if emotional else tuple((record.aus or {}).items())
        index = self._index_of_label.get(label)
        if index is None:
            vector = _vector(record, self.space)
            index = self._index_of_vector.setdefault(vector.tobytes(), len(self._vectors))
            if index == len(self._vectors):
                self._vectors.append(vector)
            self._index_of_label[label] = index
        return index

    def of(self, records: Sequence[Record]) -> Float[np.ndarray, "n l"]:
        """Returns the vectors of records."""
        indices = np.fromiter(map(self.index, records), np.int64, len(records))
        return np.stack(self._vectors)[indices]


def _vector(record: Record, space: LabelSpace) -> Float[np.ndarray, " l"]:
    if space.kind == "emotion":
        assert record.expression is not None  # `_with_known_labels` left the others out
        # The rest of a weak expression is neutral; a neutral face stays neutral whatever its amount.
        neutral = {"neutral": max(0.0, 1.0 - record.amount)} if "neutral" in space.names else {}
        return space.parse(neutral | {record.expression: 1.0 if record.expression == "neutral" else record.amount})
    return space.parse({name: (record.aus or {}).get(name, 0.0) for name in space.names})
