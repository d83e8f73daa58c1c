"""A workdir in a bucket: the run works in a copy on this machine, and what it finishes is copied to the bucket.

checkpoints/STEP/...       the files of a checkpoint
checkpoints/STEP/UPLOADED  written last; a checkpoint without it does not count
RUNNING                    who trains here, see `bucket_owner`
"""

import contextlib
import logging
import os
import pathlib
import re
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import jax

from cdaae_jax import processes
from cdaae_jax.bucket_owner import OWNER, Owner, TakenOver
from cdaae_jax.buckets import Bucket, at_hand, in_parallel, is_address, place_of_copy
from cdaae_jax.checkpoint_files import DAMAGED, FOLDER, steps
from cdaae_jax.errors import UserError

SECONDS = 15.0  # between two looks at what is new
_DONE = "UPLOADED"
_ARRIVING = "arriving-"
_METRICS = ("metrics.jsonl", "config.json")
_HELD = ".copying"  # in the folder: links to the files of the checkpoint that is being copied
_UNCOPIED = ".uncopied"  # in the folder of a run that may hold what the bucket has not got
_Stamp = tuple[int, int]  # size and time of change of a file
_Listing = dict[str, _Stamp]
_LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def mirrored(address: str, taken_over: Callable[[], None] = lambda: None) -> Iterator[pathlib.Path]:
    """Yields a folder on this machine that stands for a workdir in a bucket until the block ends.

    It has the bucket's complete checkpoints and the metrics, and later ones that an earlier run here could not copy any
    more. The primary process copies what is new to the bucket, every `SECONDS` and at the end.

    Args:
      address: of the workdir.
      taken_over: is called, from another thread, when another run has taken the workdir over; nothing is copied from
        then on, so the block had better end.

    Raises:
      UserError: another run uses the workdir or has taken it over, or the bucket cannot be read or written.
    """
    bucket, folder = Bucket(address), place_of_copy(address, f"process {jax.process_index()}")
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_ARRIVING}*"):  # by a start that was killed
        shutil.rmtree(left)
    with processes.on_primary(_Mirror(bucket, folder, taken_over)):
        if not processes.is_primary():
            _fetch_all(bucket, folder)
        yield folder


def model_at_hand(place: str | os.PathLike) -> pathlib.Path:
    """Returns a folder with a model as it is, and of an address a copy: of a workdir, its newest checkpoint.

    Args:
      place: of a workdir, of one of its checkpoints, or of an export.

    Raises:
      UserError: there is nothing at the address, or it cannot be read.
    """
    if not is_address(place):
        return pathlib.Path(place)
    one = re.fullmatch(rf"(.+)/{FOLDER}/(\d+)/?", str(place))
    workdir = one[1] if one else str(place)
    bucket, folder = Bucket(workdir), place_of_copy(workdir, "to read")
    complete = _complete(bucket.versions())
    step = int(one[2]) if one else max(complete, default=-1)
    if step not in complete:
        return at_hand(place)
    _fetch(bucket, folder, step)
    return folder / FOLDER / str(step)


def _fetch_all(bucket: Bucket, folder: pathlib.Path) -> None:
    """Makes a folder hold the complete checkpoints of a workdir, because the newest may turn out to be damaged.

    What the folder has and the bucket has not was removed there, by somebody or by a run elsewhere, and goes here too;
    only an earlier run's that it could not copy any more stays.
    """
    names = bucket.versions()
    there = _complete(names)
    uncopied = (folder / _UNCOPIED).exists()
    if not uncopied and not names.keys() - {OWNER}:
        shutil.rmtree(folder)
        folder.mkdir()
    if not uncopied or steps(folder)[-1:] <= there[-1:]:
        for step in set(steps(folder)) - set(there):
            shutil.rmtree(folder / FOLDER / str(step))
    here = steps(folder)
    if here[-1:] > there[-1:]:
        _LOG.warning("%s: going on from step %d, which is in %s alone", bucket.address, here[-1], folder)
    # Older ones than are here have given way to newer ones.
    for step in [step for step in there if step not in here and step > min(here, default=-1)]:
        _fetch(bucket, folder, step)
    if here[-1:] < there[-1:]:
        bucket.fetch(folder, wanted=lambda name: name in _METRICS)


def _fetch(bucket: Bucket, folder: pathlib.Path, step: int) -> None:
    """Makes a folder hold a complete checkpoint of the bucket."""
    name = f"{FOLDER}/{step}"
    if (folder / name).exists():
        return
    # Under another name until all is there: a number is a complete checkpoint, also to who reads this copy later.
    arriving = folder / f"{_ARRIVING}{uuid.uuid4().hex}"
    bucket.fetch(arriving, name)
    (arriving / name / _DONE).unlink()
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    (arriving / name).rename(folder / name)
    shutil.rmtree(arriving)


class _Mirror:
    """Copies what is new in a folder to the bucket, in a thread of its own; a context manager."""

    def __init__(self, bucket: Bucket, folder: pathlib.Path, taken_over: Callable[[], None]):
        self._bucket, self._folder, self._when_taken_over = bucket, folder, taken_over
        self._copied: dict[str, _Stamp] = {}  # files in the bucket, as they were when they were copied
        self._checkpoints: dict[int, _Listing] = {}  # the same of whole checkpoints
        self._owner = Owner(bucket, SECONDS)
        self._lost: TakenOver | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="mirror", daemon=True)

    def __enter__(self) -> None:
        self._owner.claim()
        _fetch_all(self._bucket, self._folder)
        there = _complete(self._bucket.versions(FOLDER))
        self._checkpoints = {step: self._listing(step) for step in steps(self._folder) if step in there}
        (self._folder / _UNCOPIED).touch()
        self._copy()  # what an earlier run could not, before other processes look
        self._thread.start()

    def __exit__(self, *_: Any) -> None:
        self._end.set()
        self._thread.join()
        try:
            if self._lost:
                raise self._lost
            self._owner.beat()
            self._copy()
        except TakenOver:
            (self._folder / _UNCOPIED).unlink()
            raise
        except UserError as error:
            raise UserError(
                f"{error}; what the run wrote is in {self._folder}, and the same command on this machine copies it"
            ) from error
        (self._folder / _UNCOPIED).unlink()
        self._owner.leave()

    def _watch(self) -> None:
        while not self._end.wait(SECONDS):
            try:
                self._owner.beat()
                self._copy()
            except TakenOver as error:
                self._lost = error
                self._when_taken_over()
                return
            except (UserError, OSError) as error:  # the network comes back, and what is new is still here
                _LOG.warning("%s; trying again", error)

    def _copy(self) -> None:
        """Copies checkpoints that are complete and files that have changed; removes checkpoints that are gone."""
        here = steps(self._folder)
        names = self._bucket.versions(FOLDER)
        there = _complete(names)
        for step in reversed(here):
            if step not in there or self._checkpoints.get(step) != self._listing(step):
                self._copy_checkpoint(step)
        # A copy that starts empty, or from which nothing could be copied, must not empty the bucket.
        begun = {int(one[1]) for one in (re.match(rf"{FOLDER}/(\d+)/", name) for name in names) if one}
        if any(step in self._checkpoints for step in here):
            for step in sorted(begun - set(here)):
                self._remove_checkpoint(step)
        in_parallel(self._upload, self._new_files())

    def _copy_checkpoint(self, step: int) -> None:
        """Copies a checkpoint, unless the run removes it just now because newer ones have taken its place."""
        # From links to its files: it may be removed while they are copied, as all others before could be.
        held, listing = self._folder / _HELD, self._listing(step)
        shutil.rmtree(held, ignore_errors=True)
        try:
            for name in listing:
                (held / name).parent.mkdir(parents=True, exist_ok=True)
                _link(self._folder / name, held / name)
        except FileNotFoundError:
            return
        if not listing or self._listing(step) != listing:
            return
        self._remove_checkpoint(step)  # of a copy that was cut short, or that was damaged
        in_parallel(lambda name: self._bucket.upload(held / name, name), list(listing))
        self._bucket.write(f"{FOLDER}/{step}/{_DONE}", b"complete")
        self._checkpoints[step] = listing
        shutil.rmtree(held)

    def _remove_checkpoint(self, step: int) -> None:
        self._checkpoints.pop(step, None)
        self._bucket.remove(f"{FOLDER}/{step}/{_DONE}")
        self._bucket.remove(f"{FOLDER}/{step}")

    def _listing(self, step: int) -> "_Listing":
        """Returns the files of a checkpoint here, each with its size and time of change; none while it is removed."""
        try:
            return {
                self._name_of(pathlib.Path(place) / name): _stamp(pathlib.Path(place) / name)
                for place, _, names in os.walk(self._folder / FOLDER / str(step))
                for name in names
            }
        except FileNotFoundError:
            return {}

    def _new_files(self) -> list[pathlib.Path]:
        """Returns the run's own files, without checkpoints, that are not in the bucket as they are now."""
        found = []
        for place, folders, names in os.walk(self._folder):
            # Hidden ones are the lock, and files that are being written.
            folders[:] = [name for name in folders if not name.startswith((".", _ARRIVING))]
            if pathlib.Path(place) == self._folder:
                folders[:] = [name for name in folders if name not in (FOLDER, DAMAGED)]
            found += [pathlib.Path(place) / name for name in names if not name.startswith(".")]
        return [path for path in found if self._copied.get(self._name_of(path)) != _stamp(path)]

    def _name_of(self, path: pathlib.Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _upload(self, path: pathlib.Path) -> None:
        was = _stamp(path)
        self._bucket.upload(path, self._name_of(path))
        self._copied[self._name_of(path)] = was


def _link(source: pathlib.Path, target: pathlib.Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


def _complete(names: Any) -> list[int]:
    """Returns the steps of the complete checkpoints among a bucket's objects, oldest first."""
    found = (re.fullmatch(rf"{FOLDER}/(\d+)/{_DONE}", name) for name in names)
    return sorted(int(one[1]) for one in found if one)


def _stamp(path: pathlib.Path) -> _Stamp:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
