"""Whose a workdir in a bucket is: an object with a name, and a number that rises while its run is at work.

A bucket has no locks. Who starts a second run sees the number rise and is refused. A run that finds another's name,
because it was paused for a time or because both started in the same second, gives the workdir up.
"""

import logging
import os
import socket
import time
import uuid

from cdaae_jax.buckets import Bucket
from cdaae_jax.errors import UserError

OWNER = "RUNNING"  # the object
_LOG = logging.getLogger(__name__)


class TakenOver(UserError):
    """Another run has the workdir now."""


class Owner:
    """A run that trains in a workdir."""

    def __init__(self, bucket: Bucket, seconds: float):
        """Claims nothing yet.

        Args:
          bucket: the workdir.
          seconds: between two calls of `beat`; who is not heard of for three times as long is gone.
        """
        self._bucket, self._seconds = bucket, seconds
        self._name = f"process {os.getpid()} on {socket.gethostname()}, {uuid.uuid4().hex[:8]}"
        self._beats = 0

    def claim(self) -> None:
        """Takes the workdir, after a wait if another run may still be at work there.

        Raises:
          UserError: it is, or the bucket cannot be read or written.
        """
        if before := self._bucket.read(OWNER):
            other = _name(before)
            _LOG.warning(
                "%s is said to be used by %s; waiting %.0f s to see", self._bucket.address, other, 3 * self._seconds
            )
            time.sleep(3 * self._seconds)
            if self._bucket.read(OWNER) not in (before, None):
                raise UserError(
                    f"{self._bucket.address} is in use: {other} is training there; wait until it ends, stop it, or "
                    "choose another --workdir"
                )
        self._write()

    def beat(self) -> None:
        """Says that this run is at work.

        Raises:
          TakenOver: another one says so of itself.
          UserError: the bucket cannot be read or written.
        """
        said = self._bucket.read(OWNER)
        if said is not None and _name(said) != self._name:
            raise TakenOver(
                f"{self._bucket.address} was taken over by {_name(said)} while this run was not heard of; let that one "
                "train on"
            )
        self._write()

    def leave(self) -> None:
        """Leaves the workdir to others; UserError if the bucket cannot be written."""
        self._bucket.remove(OWNER)

    def _write(self) -> None:
        self._beats += 1
        self._bucket.write(OWNER, f"{self._name} {self._beats}".encode())


def _name(said: bytes) -> str:
    return said.decode(errors="replace").rsplit(" ", 1)[0]
