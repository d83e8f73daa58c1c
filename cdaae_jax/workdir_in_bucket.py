"""A workdir in a bucket: the run works in a copy on this machine, and what it finishes is copied to the bucket.

  checkpoints/STEP/...       the files of a checkpoint
  checkpoints/STEP/UPLOADED  written last; a checkpoint without it does not count
  RUNNING                    who trains here, with a number that rises while they do

A bucket has no locks. Who starts a second run sees the number rise and is refused; two that start in the same second
are not told apart.
"""

import contextlib
import logging
import os
import pathlib
import re
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import jax

from cdaae_jax import processes
from cdaae_jax.buckets import Bucket, at_hand, in_parallel, is_address, place_of_copy
from cdaae_jax.checkpoint_files import DAMAGED, FOLDER, steps
from cdaae_jax.errors import UserError

SECONDS = 15.0  # between two looks at what is new
_DONE = "UPLOADED"
_ARRIVING = "arriving-"
_OWNER = "RUNNING"
_LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def mirrored(address: str) -> Iterator[pathlib.Path]:
    """Yields a folder on this machine that stands for a workdir in a bucket until the block ends.

    It has the bucket's newest complete checkpoint and the metrics, or later ones that an earlier run here could not
    copy any more. The primary process copies what is new to the bucket, every `SECONDS` and at the end.

    Raises:
      UserError: another run uses the workdir, or the bucket cannot be read or written.
    """
    bucket, folder = Bucket(address), place_of_copy(address, f"process {jax.process_index()}")
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_ARRIVING}*"):  # by a start that was killed
        shutil.rmtree(left)
    with processes.on_primary(_Mirror(bucket, folder)):
        if not processes.is_primary():
            fetch_newest(bucket, folder)
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
    if one and int(one[2]) in complete:
        _fetch(bucket, folder, int(one[2]))
        return folder / FOLDER / one[2]
    if one or not complete:
        return at_hand(place)
    fetch_newest(bucket, folder)
    return folder


def fetch_newest(bucket: Bucket, folder: pathlib.Path) -> None:
    """Makes a folder hold a workdir's newest complete checkpoint and its metrics, unless it is as new as the bucket.

    Raises:
      UserError: the bucket cannot be read.
    """
    complete = _complete(bucket.versions())
    if not complete or steps(folder)[-1:] >= complete[-1:]:
        return
    _fetch(bucket, folder, complete[-1])
    bucket.fetch(folder, wanted=lambda name: name in ("metrics.jsonl", "config.json"))


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

    def __init__(self, bucket: Bucket, folder: pathlib.Path):
        self._bucket, self._folder = bucket, folder
        self._copied: dict[str, tuple[int, int]] = {}  # size and time of change of each file in the bucket
        self._name = f"process {os.getpid()} on {socket.gethostname()}, {uuid.uuid4().hex[:8]}"
        self._beats = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="mirror", daemon=True)

    def __enter__(self) -> None:
        self._claim()
        fetch_newest(self._bucket, self._folder)
        self._copy()  # what an earlier run could not, before other processes look
        self._thread.start()

    def __exit__(self, *_: Any) -> None:
        self._end.set()
        self._thread.join()
        try:
            self._copy()
        except UserError as error:
            raise UserError(
                f"{error}; what the run wrote is in {self._folder}, and the same command on this machine copies it"
            ) from error
        self._bucket.remove(_OWNER)

    def _claim(self) -> None:
        if before := self._bucket.read(_OWNER):
            owner = before.decode(errors="replace").rsplit(" ", 1)[0]
            _LOG.warning("%s is said to be used by %s; waiting %.0f s to see", self._bucket.address, owner, 3 * SECONDS)
            time.sleep(3 * SECONDS)
            if self._bucket.read(_OWNER) not in (before, None):
                raise UserError(
                    f"{self._bucket.address} is in use: {owner} is training there; wait until it ends, stop it, or "
                    "choose another --workdir"
                )
        self._beat()

    def _watch(self) -> None:
        while not self._end.wait(SECONDS):
            try:
                self._beat()
                self._copy()
            except UserError as error:  # the network comes back, and what is new is still here
                _LOG.warning("%s; trying again", error)

    def _beat(self) -> None:
        self._beats += 1
        self._bucket.write(_OWNER, f"{self._name} {self._beats}".encode())

    def _copy(self) -> None:
        """Copies checkpoints that are complete and files that have changed; removes checkpoints that are gone."""
        here = steps(self._folder)
        names = self._bucket.versions(FOLDER)
        there = _complete(names)
        for step in [one for one in here if one not in there]:
            folder = self._folder / FOLDER / str(step)
            in_parallel(self._upload, [path for path in folder.rglob("*") if path.is_file()])
            self._bucket.write(f"{FOLDER}/{step}/{_DONE}", b"complete")
        # Only what is older than what is here: a copy that starts empty must not empty the bucket.
        begun = {int(one[1]) for one in (re.match(rf"{FOLDER}/(\d+)/", name) for name in names) if one}
        for step in [one for one in begun if here and one < here[0]]:
            self._bucket.remove(f"{FOLDER}/{step}/{_DONE}")
            self._bucket.remove(f"{FOLDER}/{step}")
        in_parallel(self._upload, [path for path in self._folder.rglob("*") if self._is_told(path)])

    def _is_told(self, path: pathlib.Path) -> bool:
        """Returns whether a file is a run's own, and new."""
        inside = path.relative_to(self._folder).parts
        if inside[0] in (FOLDER, DAMAGED) or inside[0].startswith(_ARRIVING) or not path.is_file():
            return False
        if any(part.startswith(".") for part in inside):  # the lock, and files that are being written
            return False
        return self._copied.get("/".join(inside)) != _stamp(path)

    def _upload(self, path: pathlib.Path) -> None:
        name, was = path.relative_to(self._folder).as_posix(), _stamp(path)
        self._bucket.upload(path, name)
        self._copied[name] = was


def _complete(names: Any) -> list[int]:
    """Returns the steps of the complete checkpoints among a bucket's objects, oldest first."""
    found = (re.fullmatch(rf"{FOLDER}/(\d+)/{_DONE}", name) for name in names)
    return sorted(int(one[1]) for one in found if one)


def _stamp(path: pathlib.Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
