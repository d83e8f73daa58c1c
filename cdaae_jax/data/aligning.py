"""Photos become aligned pictures, several at a time, each in a process of its own."""

import concurrent.futures
import dataclasses
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax import images
from cdaae_jax.data.alignment import align, similarity, to_aligned
from cdaae_jax.data.journal import stamp
from cdaae_jax.data.unaligned import Unaligned
from cdaae_jax.errors import UserError
from cdaae_jax.photos.formats import open_photo

Photo = UInt8[np.ndarray, "height width 3"]
Points = Float[np.ndarray, "p 2"]


@dataclasses.dataclass(frozen=True)
class Aligned:
    """An aligned face.

    Attributes:
      picture: the aligned picture.
      points: MediaPipe's landmarks in it, (x, y) in sides of the picture from its top left corner.
      face_size: pixels of the face in the photo.
    """

    picture: UInt8[np.ndarray, "size size 3"]
    points: Points
    face_size: float


# Takes a photo and a size in pixels. Raises UserError where there is no face.
Aligner = Callable[[Photo, int], Aligned]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a photo.

    Attributes:
      photo: which one.
      was: `journal.stamp` of its file before it was read.
      face_size: pixels of the face in the photo.
      points: as in `Aligned`; None if it is rejected.
      why: why it was rejected; None if it is aligned.
    """

    photo: Unaligned
    was: list[int] | None
    face_size: float = 0.0
    points: Points | None = None
    why: str | None = None


@dataclasses.dataclass(frozen=True)
class FaceAligner:
    """Aligns the largest face of a photo.

    Attributes:
      finder: finds it.
    """

    finder: Any

    @classmethod
    def load(cls) -> "FaceAligner":
        """Loads the networks; UserError where they, or the package that runs them, are missing."""
        from cdaae_jax.faces import FaceFinder  # needs the extra `photo`

        return cls(FaceFinder.load())

    def __call__(self, photo: Photo, size: int) -> Aligned:
        """Returns the aligned face.

        Raises:
          UserError: there is no face.
        """
        found = self.finder.find(photo, most=1)
        if not found:
            raise UserError("no face was found")
        face = found[0]
        points = to_aligned(face.points, similarity(face.eyes[0], face.eyes[1], 1))
        photo, eyes = turned_upright(photo, face.eyes)
        return Aligned(align(photo, eyes[0], eyes[1], size), points, float(face.size))


def turned_upright(photo: Photo, eyes: Sequence[tuple[float, float]]) -> tuple[Photo, list[tuple[float, float]]]:
    """Turns a photo by quarters, so that the face in it is rolled by 45 degrees at most.

    Args:
      photo: the photo.
      eyes: the person's right and left eye (as an upright face shows them: left and right), in its pixels.

    Returns:
      The photo and the eyes in it, the one with the smaller x first.
    """
    (right_x, right_y), (left_x, left_y) = eyes
    quarters = round(np.arctan2(left_y - right_y, left_x - right_x) / (np.pi / 2)) % 4
    for _ in range(quarters):
        width = photo.shape[1]
        photo, eyes = np.rot90(photo), [(y, width - x) for x, y in eyes]
    return np.ascontiguousarray(photo), [(float(x), float(y)) for x, y in eyes]


def align_all(
    photos: Sequence[Unaligned], output: pathlib.Path, size: int, workers: int, load_aligner: Callable[[], Aligner]
) -> Iterator[Outcome]:
    """Writes the aligned picture of each photo into `output`; yields what became of them, in any order.

    Args:
      photos: what to align.
      output: the folder that `Unaligned.aligned` is relative to.
      size: pixels of the pictures' sides.
      workers: processes; 1 works in this one.
      load_aligner: called once in each process.

    Raises:
      UserError: a picture cannot be written.
      BrokenProcessPool: a process was killed, by the system for its memory as a rule.
    """
    if workers == 1 or len(photos) < 2:
        aligner = load_aligner()
        yield from (_align_one(aligner, photo, output, size) for photo in photos)
        return
    # Not forked: the parent may have threads, and a fork copies what they hold locked.
    pool = concurrent.futures.ProcessPoolExecutor(
        min(workers, len(photos)), multiprocessing.get_context("spawn"), _start_worker, (load_aligner,)
    )
    try:
        jobs = [pool.submit(_align_in_worker, photo, output, size) for photo in photos]
        for job in concurrent.futures.as_completed(jobs):
            yield job.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _align_one(aligner: Aligner, photo: Unaligned, output: pathlib.Path, size: int) -> Outcome:
    was = stamp(photo.source)
    try:
        aligned = aligner(open_photo(photo.source).pixels, size)
    except UserError as error:
        return Outcome(photo, was, why=str(error))
    images.write(output / photo.aligned, aligned.picture)
    return Outcome(photo, was, aligned.face_size, aligned.points)


_worker: dict[str, Aligner] = {}  # of a worker process: what `_start_worker` loads and `_align_in_worker` uses


def _start_worker(load_aligner: Callable[[], Aligner]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent ends them
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker["aligner"] = load_aligner()


def _end_with_parent() -> None:
    """Ends this process when its parent is gone without a word; it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)


def _align_in_worker(photo: Unaligned, output: pathlib.Path, size: int) -> Outcome:
    return _align_one(_worker["aligner"], photo, output, size)
