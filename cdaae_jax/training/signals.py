"""Stopping a run from outside without losing a step."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import jax

from cdaae_jax import processes
from cdaae_jax.errors import Stopped


class StopSignals:
    """Turns SIGTERM (a preempted machine) and Ctrl-C into a clean stop; a context manager.

    Until `deferred` is called there is nothing to save, and the first signal raises `Stopped` where the program is.
    From then on it only sets the event that `deferred` returns, and the loop stops after the current step. A second
    signal ends the process at once, by the signal's default action: no Python code runs any more, and a checkpoint that
    is being written is never taken for a complete one.

    Of several processes each hands its signal to JAX, which tells the others, see `processes.stop_is_due`.
    """

    def __enter__(self) -> "StopSignals":
        self._event = threading.Event()
        self._deferred = False
        self._before: dict[signal.Signals, Any] = {}
        self._several = jax.process_count() > 1
        if threading.current_thread() is threading.main_thread():
            # JAX has a handler of its own for SIGTERM in each of several processes.
            numbers = (signal.SIGINT,) if self._several else (signal.SIGTERM, signal.SIGINT)
            for number in numbers:
                self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def deferred(self) -> Callable[[int], bool]:
        """From now on signals wait for the end of a step; returns the function that says whether to stop after one."""
        self._deferred = True
        return processes.stop_is_due if self._several else lambda step: self._event.is_set()

    def stop_soon(self) -> None:
        """Stops the run after its next step, as a signal would; may be called from any thread."""
        self._event.set()
        if self._several:
            os.kill(os.getpid(), signal.SIGTERM)  # JAX tells the others

    def _stop(self, *_) -> None:
        self._event.set()
        # Not a second Python handler, which would have to wait for XLA or for the disk.
        for number in self._before:
            signal.signal(number, signal.SIG_DFL)
        if self._several:
            os.kill(os.getpid(), signal.SIGTERM)
        elif not self._deferred:
            raise Stopped()
