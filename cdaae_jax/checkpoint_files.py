"""The folders that checkpoints lie in: which there are, where damaged ones go, and why one cannot be read."""

import errno
import itertools
import os
import pathlib
import re
import shutil
from collections.abc import Iterator

from cdaae_jax.errors import UserError

FOLDER = "checkpoints"
_UNFINISHED = ".orbax-checkpoint-tmp"  # is in the name of what orbax is writing
DAMAGED = "damaged"
_OS_ERROR = re.compile(r"OS error (\d+)")  # how tensorstore writes an errno into the text of a ValueError


def steps(workdir: pathlib.Path) -> list[int]:
    """Returns the steps of the complete checkpoints, oldest first.

    Raises:
      UserError: the folder is there, but cannot be read.
    """
    # orbax writes under another name and renames at the end, so a number is a complete checkpoint.
    try:
        return sorted(int(name) for name in os.listdir(workdir / FOLDER) if name.isdigit())
    except OSError as error:
        if isinstance(error, FileNotFoundError) or workdir.is_file():
            return []
        raise _cannot_read(error, workdir / FOLDER) from error


def newest_first(workdir: pathlib.Path) -> Iterator[int]:
    """Yields each step once; looks again each time, because a run may write and delete checkpoints meanwhile."""
    seen: set[int] = set()
    while left := [step for step in steps(workdir) if step not in seen]:
        seen.add(left[-1])
        yield left[-1]


def refuse_unreadable(folder: pathlib.Path, error: Exception) -> None:
    """Tells damage from what the system does not let us read.

    Args:
      folder: the checkpoint's.
      error: what reading it raised.

    Raises:
      UserError: it was the system; names the file and the system's reason.
    """
    found = _OS_ERROR.search(str(error))
    number = int(found[1]) if found else getattr(error, "errno", None)
    if number not in (None, errno.ENOENT):
        raise _cannot_read(OSError(number, os.strerror(number), getattr(error, "filename", None)), folder) from error
    # orbax reports a folder that it may not open as "not found", so we look ourselves.
    try:
        for place, _, names in os.walk(folder, onerror=_raise):
            for name in names:
                with open(os.path.join(place, name), "rb") as file:
                    while file.read(1 << 20):
                        pass
    except FileNotFoundError:
        return
    except OSError as reason:
        raise _cannot_read(reason, folder) from error


def move_aside(workdir: pathlib.Path, step: int) -> None:
    """Moves a checkpoint to workdir/damaged/STEP, or STEP.1, STEP.2 ... if there is one already.

    Raises:
      UserError: the system does not allow it.
    """
    source = workdir / FOLDER / str(step)
    try:
        (workdir / DAMAGED).mkdir(exist_ok=True)
        for number in itertools.count():
            try:
                source.rename(workdir / DAMAGED / (f"{step}.{number}" if number else str(step)))
                return
            except FileNotFoundError:
                return  # another process of this run was faster
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                    raise
    except OSError as error:
        raise UserError(
            f"cannot move the damaged checkpoint {source} to {workdir / DAMAGED}: {error.strerror}; move it away "
            "yourself, then run the same command again"
        ) from error


def remove_unfinished(folder: pathlib.Path) -> None:
    """Removes what writers that were killed, or that failed, left in a folder of checkpoints.

    Nobody else may be writing there; a run holds its workdir. What cannot be removed stays for the next time: a thread
    of a failed save may still be at work in it.
    """
    for left in [path for path in folder.iterdir() if _UNFINISHED in path.name]:
        shutil.rmtree(left, ignore_errors=True)


def _raise(error: OSError) -> None:
    raise error


def _cannot_read(error: OSError, place: pathlib.Path) -> UserError:
    return UserError(
        f"cannot read {error.filename or place}: {error.strerror or error}; nothing was changed, so run the same "
        "command again when it can be read"
    )
