"""From the labels of photos, as data sets name them, to the vectors that networks see."""

from collections.abc import Hashable, Sequence

import numpy as np
from jaxtyping import Bool, Float

from cdaae_jax.config import Data
from cdaae_jax.data.records import Record, Skipped
from cdaae_jax.errors import UserError
from cdaae_jax.labels import ACTION_UNITS, EMOTIONS, LabelSpace, canonical, canonical_emotion, nearest


def label_space(data: Data, records: list[Record], listed: set[str]) -> LabelSpace:
    """Returns what label vectors mean: what the configuration asks for, else what photos show or tables list.

    Args:
      data: the configuration.
      records: all photos.
      listed: action units that are columns of a table.

    Raises:
      UserError: a label is asked for that no photo has, or there are none of this kind.
    """
    found: set[str] = set()
    if data.label_kind != "au":
        found |= {record.expression for record in records if record.expression}
    if data.label_kind != "emotion":
        found |= {name for record in records for name, amount in (record.aus or {}).items() if amount > 0} | listed
    vocabulary = (*EMOTIONS, *ACTION_UNITS)
    named = {"emotion": canonical_emotion, "au": lambda name: name.strip().upper(), "both": canonical}[data.label_kind]
    asked = tuple(map(named, data.label_names))
    # A unit that is coded and never shown is no label by itself, but can be asked for.
    coded = {name for record in records for name in record.aus or ()} if data.label_kind != "emotion" else set()
    unknown = [name for name in asked if name not in found | coded]
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


def with_known_labels(records: list[Record], space: LabelSpace, skipped: Skipped) -> list[Record]:
    """Returns the records that have a label of the space; counts the others as skipped."""
    kept = []
    for record in records:
        if space.kind == "emotion" and record.expression is None:
            skipped.add("photo without an expression", record.name)
        elif space.kind == "emotion" and record.expression not in space.names:
            skipped.add(f"photo of an expression that is not among {', '.join(space.names)}", record.name)
        elif space.kind == "au" and record.aus is None:
            skipped.add("photo without AU intensities", record.name)
        elif space.kind == "both" and record.expression not in space.names and not record.aus:
            skipped.add("photo without an expression or AU intensities that are asked for", record.name)
        else:
            kept.append(record)
    return kept


class Vectors:
    """The label vectors of records; each different one is made once, however many photos have it."""

    def __init__(self, space: LabelSpace):
        """`space` says what the vectors mean."""
        self.space = space
        self._index_of_label: dict[Hashable, int] = {}
        self._index_of_vector: dict[bytes, int] = {}
        self._vectors: list[Float[np.ndarray, " l"]] = []

    def index(self, record: Record) -> int:
        """Returns a number that records of equal vectors share."""
        expression = (record.expression, record.amount) if self.space.kind != "au" else ()
        label: Hashable = (expression, tuple((record.aus or {}).items()) if self.space.kind != "emotion" else ())
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


def with_varied_people(records: list[Record], vectors: Vectors, skipped: Skipped) -> list[Record]:
    """Returns the records of people with at least two different labels; counts the other people as skipped."""
    labels_of: dict[str, set[int]] = {}
    for record in records:
        labels_of.setdefault(record.subject, set()).add(vectors.index(record))
    for subject, labels in sorted(labels_of.items()):
        if len(labels) < 2:
            what = {"emotion": "expression", "au": "AU vector", "both": "label"}[vectors.space.kind]
            skipped.add(f"person with one {what} only", subject)
    return [record for record in records if len(labels_of[record.subject]) > 1]


def _vector(record: Record, space: LabelSpace) -> Float[np.ndarray, " l"]:
    label: dict[str, float] = {}
    if space.kind != "au" and record.expression in space.names:
        # The rest of a weak expression is neutral; a neutral face stays neutral whatever its amount.
        label = {"neutral": max(0.0, 1.0 - record.amount)} if "neutral" in space.names else {}
        label[record.expression] = 1.0 if record.expression == "neutral" else record.amount
    if space.kind != "emotion":
        label |= {name: amount for name, amount in (record.aus or {}).items() if name in space.names}
    return space.parse(label) if label else np.zeros(space.size, np.float32)


def known_entries(records: Sequence[Record], space: LabelSpace) -> Bool[np.ndarray, "n l"] | None:
    """Returns which entries of the labels are known; None if all are."""
    if space.kind == "emotion":
        return None
    rows: dict[tuple[bool, tuple[str, ...]], int] = {}  # sets code few different collections of units
    which = [
        rows.setdefault((record.expression in space.names, tuple(record.aus or ())), len(rows)) for record in records
    ]
    known = np.array(
        [[name in coded if space.is_unit(name) else expression for name in space.names] for expression, coded in rows]
    )[which]
    return None if known.all() else known
