"""One photo with what is known of it, and the count of what readers left out."""

import collections
import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from cdaae_jax.errors import UserError

SPLITS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True, slots=True)  # there may be a million of them
class Record:
    """A photo of a person.

    Attributes:
      name: for messages, e.g. the file's path.
      subject: who it is.
      expression: canonical name (`cdaae_jax.labels.EMOTIONS` where it is one of these); None if not known.
      aus: FACS intensities 0..5 of the action units that are coded; None if none is.
      load: returns the photo, uint8 [H, W, 3].
      split: which of `SPLITS` the data set puts the person in; None if it does not say.
      amount: how much of the expression is shown, 0..1.5: at 0.5 the other half is neutral.
      key: the photo's name within its data set, which stays the same when the data folder moves.
      num_bytes: size of the photo's file; 0 if not known.
    """

    name: str
    subject: str
    expression: str | None
    aus: Mapping[str, float] | None
    load: Callable[[], np.ndarray]
    split: str | None = None
    amount: float = 1.0
    key: str = ""
    num_bytes: int = 0


def split_named(text: str, place: str) -> str:
    """Returns the split that a data set names.

    Args:
      text: as written in the set.
      place: where it is written, for the message.

    Raises:
      UserError: not one of `SPLITS`.
    """
    name = text.strip().lower()
    if name not in SPLITS:
        raise UserError(f"{place}: split is {text!r}; allowed: {', '.join(SPLITS)}")
    return name


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
