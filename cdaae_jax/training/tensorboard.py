"""TensorBoard events, written by the thread that has them.

tensorboardX's `SummaryWriter` hands them to a thread over a queue. On a full disk that thread dies, the queue fills,
and the run waits for it for ever. Its parts do without.
"""

import pathlib
import time

import numpy as np
from jaxtyping import UInt8
from tensorboardX import summary
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog


class Events:
    """A file of events in a folder."""

    def __init__(self, folder: pathlib.Path, first_step: int):
        """Begins a file; what earlier files say of `first_step` and later steps is hidden by TensorBoard.

        Raises:
          OSError: the file cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = EventsWriter(str(folder / "events"))
        if first_step > 1:
            self._write(Event(session_log=SessionLog(status=SessionLog.START)), first_step)

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Writes named numbers, and hands the file to the system.

        Raises:
          OSError: the file cannot be written.
        """
        for name, value in values.items():
            self._write(Event(summary=summary.scalar(name, value)), step)
        self._writer.flush()

    def picture(self, step: int, name: str, picture: UInt8[np.ndarray, "h w 3"]) -> None:
        """Writes a picture; see `scalars`."""
        self._write(Event(summary=summary.image(name, picture, dataformats="HWC")), step)
        self._writer.flush()

    def close(self) -> None:
        """Closes the file; see `scalars`."""
        self._writer.close()

    def _write(self, event: Event, step: int) -> None:
        event.wall_time, event.step = time.time(), step
        self._writer.write_event(event)
