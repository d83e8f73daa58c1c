"""What goes into a file of records: the aligned pictures, with what is known of them."""

import dataclasses
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cdaae_jax.data.building import pieces
from cdaae_jax.data.building.found import Found
from cdaae_jax.data.journal import Journal


@dataclasses.dataclass(frozen=True)
class Shard:
    """The examples of one file; it can be pickled, for TFDS hands it to other machines where a Beam runner is given.

    Attributes:
      set_name: the builder's.
      found: what the examples are made of.
      split: that they are in.
      aus: the action units that the set codes.
      work: the folder with the aligned pictures.
      journal: of this folder.
    """

    set_name: str
    found: Sequence[Found]
    split: str
    aus: Sequence[str]
    work: pathlib.Path
    journal: Journal

    def __call__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yields a key and an example each, as TFDS takes them."""
        for found in self.found:
            photo = pieces.photo_of(found)
            example: dict[str, Any] = {
                "image": str(self.work / photo.aligned),
                "subject": f"{self.set_name}-{found.subject}",
                "expression": found.expression,
                "amount": found.amount,
                "camera": found.camera,
                "gaze": found.gaze,
                "intensity": found.intensity,
                "age": found.age,
                "gender": found.gender,
                "split": self.split,
                "frame": self.journal.frame(photo) or 0,
                "landmarks": self.journal.points(photo).astype(np.float32),
                "id": found.name,
            }
            if self.aus:
                example["aus"] = {name: found.aus.get(name, 0.0) for name in self.aus}
                example["aus_coded"] = {name: name in found.aus for name in self.aus}
            yield found.name, example
