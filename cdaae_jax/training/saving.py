"""Checkpoints that cannot be written: said in one line, with what is left."""

import contextlib
import logging
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

from cdaae_jax.checkpoint import Checkpointer
from cdaae_jax.checkpoint_files import steps


class SaveFailed(Exception):
    """A checkpoint could not be written; those before it are still there.

    The programs in `cdaae_jax.cli` print the message as one line on standard error and exit with status 1.
    """


class Saver:
    """A `Checkpointer` whose failures are `SaveFailed`; a context manager like it."""

    def __init__(self, checkpointer: Checkpointer, workdir: pathlib.Path):
        self._checkpointer = checkpointer
        self._workdir = workdir
        self._quiet = contextlib.ExitStack()

    def save(self, *what: Any) -> None:
        """Starts to write a checkpoint; see `Checkpointer.save`.

        Raises:
          SaveFailed: this one, or the one before it, cannot be written.
        """
        with self._explained():
            self._checkpointer.save(*what)

    def __enter__(self) -> "Saver":
        self._quiet.enter_context(_quiet_threads())
        self._checkpointer.__enter__()
        return self

    def __exit__(self, *how: Any) -> None:
        with self._quiet, self._explained():
            self._checkpointer.__exit__(*how)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # ValueError is what tensorstore makes of the system's refusals
            reason = " ".join(str(error).split())
            short = reason if len(reason) < 160 else f"{reason[:60]} ... {reason[-90:]}"
            kept = ", ".join(map(str, steps(self._workdir))) or "none"
            raise SaveFailed(
                f"a checkpoint could not be written to {self._workdir} ({short}); the checkpoints of steps {kept} are "
                "unharmed: make room, then run the same command again"
            ) from error


@contextlib.contextmanager
def _quiet_threads() -> Iterator[None]:
    """Hides what orbax's threads say of a failed save, with a traceback each; `SaveFailed` says it once."""
    hook, loggers = sys.unraisablehook, [logging.getLogger(name) for name in ("absl", "asyncio")]
    sys.unraisablehook = lambda what: None if "Event loop is closed" in str(what.exc_value) else hook(what)
    for logger in loggers:
        logger.addFilter(_is_no_failed_save)
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for logger in loggers:
            logger.removeFilter(_is_no_failed_save)


def _is_no_failed_save(record: logging.LogRecord) -> bool:
    by_threads = "orbax" in record.pathname or "exception was never retrieved" in record.getMessage()
    return not (record.levelno >= logging.ERROR and by_threads)
