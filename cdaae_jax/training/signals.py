"""Stopping a run from outside without losing a step."""

import signal
import threading


class StopSignals:
    """Turns SIGTERM (a preempted machine) and Ctrl-C into a clean stop after the current step."""

    def __enter__(self) -> threading.Event:
        self._event = threading.Event()
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, lambda *_: self._event.set())
        return self._event

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
