"""Which faces are in each frame of a video, each under a number that it keeps from frame to frame."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import numpy as np
from jaxtyping import UInt8

from cdaae_jax.errors import UserError
from cdaae_jax.faces import Face
from cdaae_jax.video import steady

Picture = UInt8[np.ndarray, "height width 3"]

WHICH = ("largest", "all")
_SEARCH_SECONDS = 0.2  # between two searches where a face is missing: to search takes ten times as long as to follow
_NEW_FACES_SECONDS = 1.0  # between two searches for further faces where all are asked for
_LARGEST_STEP = 0.3  # sizes of the face from one frame to the next; more is a cut to another picture


class Finder(Protocol):
    """What `tracked` asks for faces: `faces.FaceFinder`."""

    def find(self, photo: Picture, most: int = 20) -> list[Face]:
        """Returns the faces of a picture."""
        ...

    def follow(self, photo: Picture, face: Face) -> Face | None:
        """Returns a face of the last picture in this one; None where it is gone."""
        ...


@dataclasses.dataclass(frozen=True)
class Frame:
    """A picture of a video.

    Attributes:
      picture: the pixels.
      faces: by their numbers.
    """

    picture: Picture
    faces: dict[int, Face]


def tracked(pictures: Iterable[Picture], rate: float, finder: Finder, which: str = "largest") -> Iterator[Frame]:
    """Yields the pictures with their faces.

    A face is followed by its landmarks. The detector is asked where there is none to follow, and now and then where all
    faces are wanted. A face that jumps is taken for another one: the scene has changed.

    Args:
      pictures: in order.
      rate: pictures in a second.
      finder: finds and follows faces.
      which: "largest" follows the face that is the largest when it is found, until it is gone; "all" follows each.

    Raises:
      UserError: another `which`.
    """
    if which not in WHICH:
        raise UserError(f"--face={which} cannot be used with a video; allowed: {', '.join(WHICH)}")
    most = 1 if which == "largest" else 20
    between = max(1, round(rate * (_SEARCH_SECONDS if which == "largest" else _NEW_FACES_SECONDS)))
    tracks: dict[int, _Track] = {}
    numbers = itertools.count()
    next_search = 0
    for index, picture in enumerate(pictures):
        seen_before = sum(not track.missing for track in tracks.values())
        tracks = _followed(picture, tracks, finder, steady.reach(rate))
        seen = sum(not track.missing for track in tracks.values())
        if seen < most and (seen < seen_before or index >= next_search):
            next_search = index + between
            _add_found(finder.find(picture, most), tracks, numbers)
        seen_now = {number: track for number, track in tracks.items() if not track.missing}
        if len(seen_now) >= most:  # nobody is waited for any more
            tracks = seen_now
        yield Frame(picture, {number: track.face for number, track in seen_now.items()})


@dataclasses.dataclass(frozen=True)
class _Track:
    """A face where it was last seen, and for how many frames it has been missing since."""

    face: Face
    missing: int = 0


def _followed(picture: Picture, tracks: Mapping[int, _Track], finder: Finder, longest: int) -> dict[int, _Track]:
    """Returns the tracks after one more frame, without those that were missing for more than `longest`."""
    now: dict[int, _Track] = {}
    for number, track in tracks.items():
        face = finder.follow(picture, track.face)
        # Two that have slipped onto the same face are one.
        if face and _near(face, track.face) and not any(_near(face, other.face) for other in now.values()):
            now[number] = _Track(face)
        elif track.missing < longest:
            now[number] = _Track(track.face, track.missing + 1)
    return now


def _add_found(found: Iterable[Face], tracks: dict[int, _Track], numbers: Iterator[int]) -> None:
    """Adds faces to the tracks; one that was missing for a moment goes on under its number."""
    for face in found:
        known = [number for number, track in tracks.items() if _near(face, track.face)]
        number = known[0] if known else next(numbers)
        if not known or tracks[number].missing:
            tracks[number] = _Track(face)


def _near(face: Face, other: Face) -> bool:
    """Says whether two faces can be the same one in neighbouring frames."""
    step = np.linalg.norm(face.points.mean(axis=0) - other.points.mean(axis=0))
    sizes = sorted((face.size, other.size))
    return bool(step < _LARGEST_STEP * sizes[1] and sizes[0] > sizes[1] * (1 - _LARGEST_STEP))
