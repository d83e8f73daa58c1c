"""What a run shows and writes: progress bar, metrics.jsonl, TensorBoard events, PNG grids, a profile."""

import contextlib
import json
import logging
import pathlib
from collections.abc import Iterator
from time import monotonic
from typing import Any

import jax
import numpy as np
from tqdm.auto import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from cdaae_jax import files, images
from cdaae_jax.errors import UserError
from cdaae_jax.training.saving import SaveFailed, tolerated
from cdaae_jax.training.tensorboard import Events

_LOG = logging.getLogger(__name__)


_COMPILING, _TIMED = 5, 25  # steps that say nothing about the others, and steps that the forecast rests on


def duration(seconds: float) -> str:
    """Returns "about 40 s", "about 3 min" or "about 2.5 h"."""
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 90 * 60 else f"about {seconds / 3600:.1f} h"


class Writer:
    """Writes for one run; a context manager.

    On a resumed run, lines of metrics.jsonl past the restored step are dropped: these steps are taken again.
    """

    def __init__(
        self, workdir: pathlib.Path, start: int, steps: int, batch_size: int, active: bool, tolerant: bool = False
    ):
        """Writes nothing at all unless `active` (only the primary process is).

        What cannot be written later is a warning if `tolerant`, and else `SaveFailed`.
        """
        self._active = active
        self._tolerant = tolerant
        self._advanced = 0
        self._batch_size = batch_size
        self._workdir = workdir
        if not active:
            return
        self._jsonl = _reopen(workdir / "metrics.jsonl", start)
        self._tensorboard = Events(workdir / "tensorboard", start + 1)
        self._bar = tqdm(
            total=steps * batch_size,
            initial=start * batch_size,
            unit="img",
            unit_scale=True,
            dynamic_ncols=True,
            smoothing=0.1,
            mininterval=1.0,
        )
        self._redirect = logging_redirect_tqdm()

    def __enter__(self) -> "Writer":
        if self._active:
            self._redirect.__enter__()
        return self

    def __exit__(self, kind, *error) -> None:
        if self._active:
            self._redirect.__exit__(kind, *error)
            self._bar.close()
            # Where writing has failed already, so do the last flushes, and they must not hide why.
            for file in (self._tensorboard, self._jsonl):
                with contextlib.suppress(OSError) if kind else self._explained():
                    file.close()

    def advance(self, steps: int) -> None:
        """Moves the bar by some steps; call it when they are done, or the rate that the bar shows is wrong.

        Once the speed is known, it says how long the rest will take.
        """
        if not self._active:
            return
        self._bar.update(steps * self._batch_size)
        before, self._advanced = self._advanced, self._advanced + steps
        if before < _COMPILING <= self._advanced:
            self._timed_from, self._timed_at = monotonic(), self._advanced
        elif before < _COMPILING + _TIMED <= self._advanced:
            left = (self._bar.total - self._bar.n) // self._batch_size
            seconds = (monotonic() - self._timed_from) / (self._advanced - self._timed_at) * left
            _LOG.info("%s for the remaining %d steps, at the speed so far", duration(seconds), left)

    def scalars(self, step: int, values: dict[str, float], shown: tuple[str, ...] = ()) -> None:
        """Writes named numbers; those in `shown` appear beside the bar.

        Raises:
          SaveFailed: they cannot be written, and that is not tolerated.
        """
        if not self._active:
            return
        with self._explained():
            self._jsonl.write(json.dumps({"step": step, **values}) + "\n")
            self._jsonl.flush()
            self._tensorboard.scalars(step, values)
        self._bar.set_postfix({name: f"{values[name]:.3g}" for name in shown if name in values}, refresh=False)

    def picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """Writes uint8 [H, W, 3] to grids/NAME_STEP.png and TensorBoard; see `scalars`."""
        if self._active:
            with self._explained():
                images.write(self._workdir / "grids" / f"{name}_{step:07d}.png", picture)
                self._tensorboard.picture(step, name, picture)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        with tolerated(self._tolerant):
            try:
                yield
            except (OSError, UserError) as error:
                reason = getattr(error, "strerror", None) or error
                raise SaveFailed(
                    f"cannot write to {self._workdir} ({reason}); the checkpoints there are unharmed"
                ) from error


class Profile:
    """Records a few steps in workdir/profile, for xprof, TensorBoard's profile plugin or Perfetto; a context manager.

    The first steps of a process say nothing about the others, because they compile: recording begins after them.
    """

    _SKIPPED = 10

    def __init__(self, workdir: pathlib.Path, start: int, steps: int, num_steps: int, active: bool):
        """Will record `num_steps` steps of a run from step `start` to `steps`; none unless `active`."""
        self._folder = workdir / "profile"
        self._begin = start + self._SKIPPED
        self._end = self._begin + num_steps
        self._wanted = active and num_steps > 0
        self._running = False
        if self._wanted and self._begin >= steps:
            _LOG.warning(
                "config.run.profile_steps records nothing: %d steps are left, and the first %d are not recorded",
                steps - start, self._SKIPPED,
            )  # fmt: skip

    def __enter__(self) -> "Profile":
        return self

    def __exit__(self, *_) -> None:
        if self._running:
            self._stop()

    def advance(self, step: int, result: Any) -> None:
        """Call it after each call of the devices, with its last step and something that they compute in it."""
        if self._wanted and step >= self._begin:
            jax.profiler.start_trace(self._folder)
            self._wanted, self._running = False, True
        elif self._running and step >= self._end:
            jax.block_until_ready(result)
            self._stop()

    def _stop(self) -> None:
        self._running = False
        jax.profiler.stop_trace()
        _LOG.info("a profile is in %s", self._folder)


def _reopen(path: pathlib.Path, start: int):
    if path.exists():
        # A line that a crash cut short has no line end; its step is taken again.
        lines = [line + "\n" for line in path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]]
        steps = [_step(line) for line in lines]
        kept = [line for line, step in zip(lines, steps, strict=True) if step is not None and step <= start]
        if damaged := steps.count(None):
            _LOG.warning("metrics.jsonl: dropped %d lines that cannot be read", damaged)
        if len(kept) + damaged < len(lines):
            _LOG.info("metrics.jsonl: dropped %d lines past step %d", len(lines) - len(kept) - damaged, start)
        files.write_text(path, "".join(kept))
    return path.open("a")


def _step(line: str) -> int | None:
    """Returns the step of a line of metrics.jsonl; None if something else than a run has written it."""
    try:
        step = json.loads(line)["step"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return step if isinstance(step, int) else None
