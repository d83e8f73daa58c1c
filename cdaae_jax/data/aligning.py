"""Photos become aligned pictures, several at a time, each in a process of its own."""

import concurrent.futures
import dataclasses
import functools
import itertools
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float, Float32, UInt8

from cdaae_jax import images
from cdaae_jax.data.alignment import GEOMETRY, Geometry, align, similarity, to_aligned
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
      blendshapes: MediaPipe's, in the order of `faces.networks.BLENDSHAPE_NAMES`.
    """

    picture: UInt8[np.ndarray, "size size 3"]
    points: Points
    face_size: float
    blendshapes: Float32[np.ndarray, "52"] | None = None


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
      frame: which frame of a video it is, counted from 1; None for a photo.
    """

    photo: Unaligned
    was: list[int] | None
    face_size: float = 0.0
    points: Points | None = None
    why: str | None = None
    frame: int | None = None


@dataclasses.dataclass(frozen=True)
class FaceAligner:
    """Aligns the largest face of a photo.

    Attributes:
      finder: finds it.
      geometry: where the pupils come to lie.
    """

    finder: Any
    geometry: Geometry = GEOMETRY

    @classmethod
    def load(cls, geometry: Geometry = GEOMETRY) -> "FaceAligner":
        """Loads the networks; UserError where they, or the package that runs them, are missing."""
        from cdaae_jax.faces import FaceFinder  # needs the extra `photo`

        return cls(FaceFinder.load(), geometry)

    def __call__(self, photo: Photo, size: int) -> Aligned:
        """Returns the aligned face.

        Raises:
          UserError: there is no face.
        """
        found = self.finder.find(photo, most=1)
        if not found:
            raise UserError("no face was found")
        face = found[0]
        points = to_aligned(face.points, similarity(face.eyes[0], face.eyes[1], 1, self.geometry))
        photo, eyes = turned_upright(photo, face.eyes)
        picture = align(photo, eyes[0], eyes[1], size, self.geometry)
        return Aligned(picture, points, float(face.size), face.blendshapes)


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
    return run_all(photos, functools.partial(_align_one, output=output, size=size), workers, load_aligner)


Job = TypeVar("Job")
Result = TypeVar("Result")


def run_all(
    jobs: Sequence[Job],
    work: Callable[[Aligner, Job], Result],
    workers: int,
    load_aligner: Callable[[], Aligner],
) -> Iterator[Result]:
    """Yields what `work` makes of each job, in any order; few results are in memory at a time.

    Args:
      jobs: what is to be done.
      work: does one; can be pickled.
      workers: processes; 1 works in this one.
      load_aligner: called once in each process.

    Raises:
      BrokenProcessPool: a process was killed, by the system for its memory as a rule.
    """
    if workers == 1 or len(jobs) < 2:
        aligner = load_aligner()
        yield from (work(aligner, job) for job in jobs)
        return
    workers = min(workers, len(jobs))
    # Not forked: the parent may have threads, and a fork copies what they hold locked.
    pool = concurrent.futures.ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _start_worker, (load_aligner, work)
    )
    try:
        waiting = iter(jobs)
        under_way = {pool.submit(_work_in_worker, job) for job in itertools.islice(waiting, 4 * workers)}
        while under_way:
            done, under_way = concurrent.futures.wait(under_way, return_when=concurrent.futures.FIRST_COMPLETED)
            under_way |= {pool.submit(_work_in_worker, job) for job in itertools.islice(waiting, len(done))}
            for job in done:
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


_worker: dict[str, Any] = {}  # of a worker process: what `_start_worker` loads and `_work_in_worker` uses


def _start_worker(load_aligner: Callable[[], Aligner], work: Callable[[Aligner, Job], Result]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent ends them
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker.update(aligner=load_aligner(), work=work)


def _end_with_parent() -> None:
    """Ends this process when its parent is gone without a word; it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)


def _work_in_worker(job: Any) -> Any:
    return _worker["work"](_worker["aligner"], job)
