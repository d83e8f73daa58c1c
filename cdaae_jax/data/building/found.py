"""What the files of a set are, by their names and labels, before any picture is opened."""

import collections
import dataclasses
import pathlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

UNKNOWN_AGE = -1


@dataclasses.dataclass(frozen=True, slots=True)  # there may be hundreds of thousands of them
class Found:
    """A picture of a set, or a frame of one of its videos.

    Attributes:
      name: unique in the set, and the same wherever the set's folder lies.
      source: the picture, the video, or the folder of a video's extracted frames.
      subject: the set's name of the person.
      expression: canonical name (`labels.canonical_emotion`); "" if not known.
      amount: how much of it is shown, 0..1.5.
      aus: FACS intensities 0..5 of the action units that are coded; one that is missing is not known.
      camera: "frontal", or from where else the person is seen, in the set's words.
      gaze: "frontal", "left" or "right"; "" if not known.
      intensity: the set's own word for the strength; "" if it has none.
      age: in years; UNKNOWN_AGE if unknown.
      gender: "female" or "male"; "" if not known.
      frame: which frame of the source it is, counted from 1; None for a picture.
      peak: the expression whose strongest frames are looked for in the source; then `frame` counts from 1 among these,
        in the order of time.
    """

    name: str
    source: pathlib.Path
    subject: str
    expression: str = ""
    amount: float = 1.0
    aus: Mapping[str, float] = dataclasses.field(default_factory=dict)
    camera: str = "frontal"
    gaze: str = ""
    intensity: str = ""
    age: int = UNKNOWN_AGE
    gender: str = ""
    frame: int | None = None
    peak: str = ""


class Shot(NamedTuple):
    """What is photographed of every person of a set.

    Attributes:
      person: the set's name of the person.
      view: camera, gaze, session, or whatever else a set varies.
      expression: in the set's words.
    """

    person: str
    view: tuple[str, ...]
    expression: str


class LeftOut(NamedTuple):
    """A file that is no part of what is built, and why."""

    file: str
    why: str


class Scan:
    """Collects what a set's folder holds.

    Attributes:
      left_out: what cannot be used or is missing, and why.
      not_asked_for: how many files the options leave out, by option.
    """

    def __init__(self) -> None:
        self._found: dict[str, Found] = {}
        self.left_out: list[LeftOut] = []
        self.not_asked_for: collections.Counter[str] = collections.Counter()

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Found]:
        """Yields what was found, sorted by person and name, whatever the order of the files."""
        return iter(sorted(self._found.values(), key=lambda found: (found.subject, found.name)))

    def add(self, found: Found, file: str) -> None:
        """Adds a picture, unless one of its name is there already: copies of a set hold files twice."""
        first = self._found.setdefault(found.name, found)
        if first is not found:
            self.leave_out(file, f"the same picture as {first.source.name}, which is taken")

    def leave_out(self, file: str, why: str) -> None:
        """Notes a file that is not taken."""
        self.left_out.append(LeftOut(file, why))

    def leave_out_missing(
        self, taken: Collection[Shot], expressions: Iterable[str], named: Callable[[Shot], str]
    ) -> None:
        """Notes what the people who are there lack, of the views that are there at all.

        Args:
          taken: what was found.
          expressions: of which a complete person has one in each view.
          named: returns what a missing picture would be called.
        """
        views = sorted({shot.view for shot in taken})
        for person in sorted({shot.person for shot in taken}):
            for shot in (Shot(person, view, expression) for view in views for expression in expressions):
                if shot not in taken:
                    self.leave_out(named(shot), "missing")
