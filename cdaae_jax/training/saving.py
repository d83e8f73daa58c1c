"""What cannot be written: said in one line, with what is left; and tolerated, if the run is to go on."""

import contextlib
import logging
import os
import pathlib
import re
import sys
from collections.abc import Iterator
from typing import Any

from cdaae_jax.checkpoint import Checkpointer
from cdaae_jax.checkpoint_files import steps

_LOG = logging.getLogger(__name__)


class SaveFailed(Exception):
    """Something could not be written; the checkpoints before it are still there.

    The programs in `cdaae_jax.cli` print the message as one line on standard error and exit with status 1.

    Attributes:
      what: could not be written, and what is unharmed.
    """

    def __init__(self, what: str):
        super().__init__(f"{what}: make room, then run the same command again")
        self.what = what


@contextlib.contextmanager
def tolerated(yes: bool) -> Iterator[None]:
    """Makes a warning of `SaveFailed`, if `yes`."""
    try:
        yield
    except SaveFailed as error:
        if not yes:
            raise
        _LOG.warning("%s; training goes on without it", error.what)


class Saver:
    """A `Checkpointer` whose failures are `SaveFailed`; a context manager like it."""

    def __init__(self, checkpointer: Checkpointer, workdir: pathlib.Path, tolerant: bool = False):
        """Failures are warnings if `tolerant`, except that of the last checkpoint."""
        self._checkpointer = checkpointer
        self._workdir = workdir
        self._tolerant = tolerant
        self._failed = False

    def save(self, *what: Any) -> None:
        """Starts to write a checkpoint; see `Checkpointer.save`. Leaving the block waits for the last one.

        Raises:
          SaveFailed: this one cannot be begun, or, unless that is tolerated, the one before it was not written.
        """
        with tolerated(self._tolerant), self._explained():
            self._checkpointer.wait()
        with self._explained():
            self._checkpointer.save(*what)

    def __enter__(self) -> "Saver":
        self._hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        for logger in _LOGGERS:
            logger.addFilter(_is_no_failed_save)
        self._checkpointer.__enter__()
        return self

    def __exit__(self, *how: Any) -> None:
        with self._explained():
            self._checkpointer.__exit__(*how)
        if self._failed:
            return  # some of orbax's threads complain only when the process ends
        sys.unraisablehook = self._hook
        for logger in _LOGGERS:
            logger.removeFilter(_is_no_failed_save)

    def _unraisable(self, what: Any) -> None:
        if "Event loop is closed" not in str(what.exc_value):
            self._hook(what)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # ValueError is what tensorstore makes of the system's refusals
            self._failed = True
            kept = ", ".join(map(str, steps(self._workdir))) or "none"
            raise SaveFailed(
                f"a checkpoint could not be written to {self._workdir} ({_reason(error)}); the checkpoints of steps "
                f"{kept} are unharmed"
            ) from error


def _reason(error: Exception) -> str:
    """Returns the system's reason, which tensorstore wraps into long texts, and else the beginning of the text."""
    found = _OS_ERROR.search(str(error))
    if found:
        return os.strerror(int(found[1]))
    return getattr(error, "strerror", None) or " ".join(str(error).split())[:160]


_OS_ERROR = re.compile(r"(?:os_error_code='|OS error )(\d+)")
# orbax's threads tell of a failed save here, with a traceback each; `SaveFailed` says it once.
_LOGGERS = (logging.getLogger("absl"), logging.getLogger("asyncio"))


def _is_no_failed_save(record: logging.LogRecord) -> bool:
    by_threads = "orbax" in record.pathname or "exception was never retrieved" in record.getMessage()
    return not (record.levelno >= logging.ERROR and by_threads)
