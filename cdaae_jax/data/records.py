"""One photo with what is known of it, and the notes that readers leave about what they passed over."""

import collections
import dataclasses
from collections.abc import Callable, Mapping

import numpy as np


@dataclasses.dataclass(frozen=True)
class Record:
    """A photo of a person.

    Attributes:
      name: for messages, e.g. the file's path.
      subject: who it is.
      expression: canonical name (`cdaae_jax.labels.EMOTIONS` where it is one of these); None if not known.
      aus: FACS intensities 0..5 by action unit; None if not coded.
      load: returns the photo, uint8 [H, W, 3].
    """

    name: str
    subject: str
    expression: str | None
    aus: Mapping[str, float] | None
    load: Callable[[], np.ndarray]


class Skipped:
    """Counts what is left out, by reason, with the first example of each."""

    def __init__(self):
        self._counts: collections.Counter[str] = collections.Counter()
        self._examples: dict[str, str] = {}

    def add(self, reason: str, example: str) -> None:
        """Notes one thing that was left out."""
        self._counts[reason] += 1
        self._examples.setdefault(reason, example)

    def __len__(self) -> int:
        return self._counts.total()

    def lines(self) -> list[str]:
        """Returns one line per reason, e.g. "skipped 2: person with one expression only (first: S012)"."""
        return [f"skipped {n}: {reason} (first: {self._examples[reason]})" for reason, n in self._counts.items()]
