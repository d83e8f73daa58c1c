"""Checkpoints that cannot be written: said in one line, with what is left."""

import contextlib
import logging
import pathlib
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

    def save(self, *what: Any) -> None:
        """Starts to write a checkpoint; see `Checkpointer.save`.

        Raises:
          SaveFailed: this one, or the one before it, cannot be written.
        """
        with self._explained():
            self._checkpointer.save(*what)

    def __enter__(self) -> "Saver":
        logging.getLogger("absl").addFilter(_is_no_failed_save)
        self._checkpointer.__enter__()
        return self

    def __exit__(self, *how: Any) -> None:
        try:
            with self._explained():
                self._checkpointer.__exit__(*how)
        finally:
            logging.getLogger("absl").removeFilter(_is_no_failed_save)

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


def _is_no_failed_save(record: logging.LogRecord) -> bool:
    # orbax logs a failure once for each of its threads, with tracebacks; `SaveFailed` says it once.
    return not (record.levelno >= logging.ERROR and "orbax" in record.pathname)
