"""The page's video: taken, edited and handed back, one at a time, in a folder that the program's end removes."""

import contextlib
import io
import json
import logging
import pathlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from PIL import Image

from cdaae_jax.errors import UserError
from cdaae_jax.sampling import Sampler
from cdaae_jax.video import clip, editing, reading
from cdaae_jax.video.tracks import Finder

MOST_BYTES = 2_000_000_000  # of a video's file
_AT_ONCE = 1 << 20  # bytes that are read at a time
_LOG = logging.getLogger(__name__)


class _Stopped(Exception):
    """A person has stopped the work."""


class Videos:
    """Holds one video, and what is made of it; the next one that comes takes its place."""

    def __init__(self, samplers: Mapping[str, Sampler], finder: Callable[[], Finder]):
        """Makes the folder; `finder` is called for each video, and what it returns is used for nothing else."""
        self._samplers = samplers
        self._finder = finder
        self._folder = tempfile.TemporaryDirectory(prefix="cdaae_video_")
        self._changing = threading.Lock()
        self._source = self._target = pathlib.Path()
        self._number = 0  # of the video, so that the page cannot ask for one that is gone
        self._work: threading.Thread | None = None
        self._stop = threading.Event()
        self._progress: dict[str, Any] = {}

    def take(self, name: str, stream: io.BufferedIOBase, length: int) -> dict[str, Any]:
        """Takes a video in, and returns what the page has to know of it.

        Args:
          name: of the person's file.
          stream: of its content; `length` bytes are read in any case, so that the connection can go on.
          length: in bytes.

        Returns:
          Its `number`, the `frames` and `seconds` that it lasts, 0 where the file does not say, and the `ending` of
          what is made of it.

        Raises:
          UserError: PyAV is missing, another video is being made, or this is none.
        """
        with self._changing:
            folder = pathlib.Path(self._folder.name)
            came = folder / f"came{pathlib.PurePath(name).suffix.lower()}"
            self._receive(stream, length, came)
            try:
                if self._work is not None and self._work.is_alive():
                    raise UserError("a video is being made; wait for it or stop it, then choose the next")
                if came.suffix not in clip.SUFFIXES:
                    raise UserError(f"{name} is no video by its name; allowed: {', '.join(clip.SUFFIXES)}")
                with _named(came, name):
                    frames, seconds = reading.length(came)
            except UserError:
                came.unlink()
                raise
            for old in (self._source, self._target):
                if old.parent == folder:
                    old.unlink(missing_ok=True)
            self._number += 1
            self._source = came.replace(folder / f"source{came.suffix}")
            self._target = folder / f"edited{clip.target_ending(self._source)}"
            self._progress = {"state": "waiting", "done": 0, "of": frames}
            return {"number": self._number, "frames": frames, "seconds": seconds, "ending": self._target.suffix[1:]}

    def first_frame(self) -> bytes:
        """Returns the video's first frame, upright, as a PNG; UserError if there is no video."""
        if not self._number:
            raise UserError("there is no video; choose one first")
        for _, picture in reading.frames(self._source, lambda number: number == 1):
            file = io.BytesIO()
            Image.fromarray(picture).save(file, "PNG", compress_level=1)
            return file.getvalue()
        raise UserError("the video holds no frames; give one that plays")

    def start(self, content: bytes) -> None:
        """Begins to make the video, and returns at once.

        Args:
          content: JSON with the video's `number`, the `model`'s name and the `label`, amounts by name.

        Raises:
          UserError: they cannot be used, the video is gone, or one is being made.
        """
        try:
            asked = json.loads(content)
            number, model, label = asked["number"], asked["model"], dict(asked["label"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"this is no request for a video ({error!r})") from None
        if model not in self._samplers:
            raise UserError(f"there is no model {model!r}; allowed: {', '.join(self._samplers)}")
        self._samplers[model].labels.parse(label)
        with self._changing:
            if number != self._number:
                raise UserError("the program holds another video by now; choose this one again")
            if self._work is not None and self._work.is_alive():
                raise UserError("a video is being made; wait for it or stop it")
            self._stop.clear()
            self._progress |= {"state": "making", "done": 0}
            self._work = threading.Thread(target=self._make, args=(self._samplers[model], label), daemon=True)
            self._work.start()

    def progress(self) -> dict[str, Any]:
        """Returns `state` ("waiting", "making", "made", "stopped" or "failed"), frames `done` and `of` all, `error`."""
        return dict(self._progress)

    def stop(self) -> None:
        """Stops the work, and waits until nothing is left of it."""
        self._stop.set()
        if self._work is not None:
            self._work.join()

    def result(self) -> pathlib.Path:
        """Returns the file that was made; UserError if there is none."""
        if self._progress.get("state") != "made":
            raise UserError("there is no edited video yet; make it first")
        return self._target

    def close(self) -> None:
        """Stops the work and removes all files."""
        self.stop()
        self._folder.cleanup()

    def _receive(self, stream: io.BufferedIOBase, length: int, file: pathlib.Path) -> None:
        try:
            with file.open("wb") as writing:
                while length and (piece := stream.read(min(_AT_ONCE, length))):
                    length -= len(piece)
                    writing.write(piece)
        except OSError as error:
            while length and (piece := stream.read(min(_AT_ONCE, length))):  # the browser listens when it has sent all
                length -= len(piece)
            file.unlink(missing_ok=True)
            raise UserError(f"the video cannot be kept ({error.strerror}); make room and choose it again") from error
        if length:
            file.unlink()
            raise UserError("the video did not come whole; choose it again")

    def _make(self, sampler: Sampler, label: dict[str, float]) -> None:
        try:
            with _named(self._source, "the video"):
                editing.edit_video(
                    sampler, self._source, self._target, label, finder=self._finder(), on_frame=self._count
                )
        except _Stopped:
            self._progress |= {"state": "stopped"}
        except UserError as error:
            self._progress |= {"state": "failed", "error": str(error)}
        except Exception as error:
            _LOG.exception("the video could not be made")
            self._progress |= {"state": "failed", "error": f"the video could not be made ({error})"}
        else:
            self._progress |= {"state": "made"}

    def _count(self) -> None:
        self._progress["done"] += 1
        if self._stop.is_set():
            raise _Stopped


@contextlib.contextmanager
def _named(file: pathlib.Path, name: str) -> Iterator[None]:
    """Calls a file of this folder by the person's own name for it."""
    try:
        yield
    except UserError as error:
        raise UserError(str(error).replace(str(file), name)) from error
