"""Stopping a run from outside without losing a step."""

import signal
import threading


class StopSignals:
    """Turns SIGTERM (a preempted machine) and Ctrl-C into a clean stop after the current step.

    The first signal sets the event. A second one ends the process at once, by the signal's default action: no Python
    code runs any more, and a checkpoint that is being written is never taken for a complete one.
    """

    def __enter__(self) -> threading.Event:
        self._event = threading.Event()
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._stop)
        return self._event

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, *_) -> None:
        self._event.set()
        # Not a second Python handler, which would have to wait for XLA or for the disk.
        for number in self._before:
            signal.signal(number, signal.SIG_DFL)
