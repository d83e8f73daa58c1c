"""A folder that a program fills: made if missing, and used by one run at a time."""

import contextlib
import errno
import logging
import os
import pathlib
import socket
import sys
from collections.abc import Iterator
from typing import IO

from cdaae_jax.errors import UserError

if sys.platform != "win32":
    import fcntl

_LOG = logging.getLogger(__name__)
# What file systems without locks answer (Lustre mounted without them says ENOSYS).
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS)


@contextlib.contextmanager
def hold(workdir: pathlib.Path, flag: str = "--workdir", doing: str = "training", wait: bool = False) -> Iterator[None]:
    """Keeps other runs out of `workdir`, which is made if missing, until the block ends.

    The lock belongs to the open file `workdir/.lock`, so the system releases it however the process ends, and it goes
    with the folder when that is moved or renamed. The file itself stays: removing it would let two runs lock two
    different files of this name. Where locks do not exist (some network file systems, Windows), a warning says so.

    Args:
      workdir: the folder.
      flag: the flag that names it, for messages.
      doing: what runs there do, for messages.
      wait: whether to wait until the run that holds the folder ends, or is gone, which is said.

    Raises:
      UserError: the folder cannot be written to; another run holds it and `wait` is False; or this process would wait
        for the one that started it.
    """
    try:
        try:
            file = _lock_file(workdir)
        except FileNotFoundError:  # a run that ended took its folder away in between
            file = _lock_file(workdir)
    except OSError as error:
        raise UserError(f"cannot write to {flag} {workdir} ({error.strerror}); choose another folder") from error
    with file:
        _lock(file, workdir, flag, doing, wait)
        file.truncate(0)
        file.write(f"{_name(os.getpid())}\n")
        file.flush()
        yield


def _name(process: int) -> str:
    return f"process {process} on {socket.gethostname()}"


def _lock_file(workdir: pathlib.Path) -> IO[str]:
    workdir.mkdir(parents=True, exist_ok=True)
    # Appending keeps the holder's name in the file if the lock turns out to be taken.
    return (workdir / ".lock").open("a+", encoding="utf-8")


def _lock(file: IO[str], workdir: pathlib.Path, flag: str, doing: str, wait: bool) -> None:
    if sys.platform == "win32":
        _warn_no_locks(workdir, "this system has no flock")
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "another program"
        if wait:
            if holder == _name(os.getppid()):
                raise UserError(
                    f"{workdir} is in use by the process that started this one, and each would wait for the other: put "
                    'what your program does under: if __name__ == "__main__":'
                ) from None
            _LOG.warning("%s is in use: %s is %s there; waiting until it ends", workdir, holder, doing)
            fcntl.flock(file, fcntl.LOCK_EX)
            return
        raise UserError(
            f"{workdir} is in use: {holder} is {doing} there; wait until it ends, stop it, or choose another {flag}"
        ) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        _warn_no_locks(workdir, error.strerror or str(error))


def _warn_no_locks(workdir: pathlib.Path, reason: str) -> None:
    _LOG.warning("%s cannot be locked (%s); do not start a second run in it", workdir, reason)
