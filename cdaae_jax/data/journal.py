"""What an interrupted job has done already: a line for each photo, written when it is done."""

import base64
import contextlib
import json
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from cdaae_jax import files
from cdaae_jax.data.unaligned import Unaligned
from cdaae_jax.errors import UserError

NAME = ".prepared.jsonl"
_UNIT = 8192  # parts of a side in which landmarks are kept, in two bytes each


class Journal:
    """The photos that are done, with the size and time of the files they were made from.

    A photo is done as long as its file is unchanged and its aligned picture is there. Paths are relative, so the
    journal stays true when the folders are moved.
    """

    def __init__(self, folder: pathlib.Path, settings: Mapping[str, Any]):
        """Opens the journal of a folder.

        Args:
          folder: what the job fills.
          settings: how it fills it; the same in every run.

        Raises:
          UserError: the folder was begun with other settings.
        """
        self._folder = folder
        self._path = folder / NAME
        self._settings = dict(settings)
        self._done = self._read() if self._path.exists() else {}

    def knows(self, photo: Unaligned) -> bool:
        """Returns whether the photo is done and unchanged."""
        entry = self._done.get(photo.name)
        return (
            entry is not None
            and entry["aligned"] == photo.aligned
            and "points" in entry
            and entry["was"] == stamp(photo.source)
            and (self._folder / photo.aligned).is_file()
        )

    def face_size(self, photo: Unaligned) -> float:
        """Returns the pixels of the face of a photo that is done."""
        return self._done[photo.name]["face"]

    def points(self, photo: Unaligned) -> Float[np.ndarray, "p 2"]:
        """Returns the landmarks of a photo that is done, (x, y) in sides of its aligned picture."""
        packed = base64.b64decode(self._done[photo.name]["points"])
        return np.frombuffer(packed, "<i2").reshape(-1, 2) / _UNIT

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keeps the file open for `add`; each line is handed to the system at once.

        Raises:
          UserError: the journal cannot be written.
        """
        # Written anew first: without what was replaced since, and without a line that a crash cut short.
        lines = [self._settings, *({"file": name, **entry} for name, entry in self._done.items())]
        files.write_text(self._path, "".join(json.dumps(line) + "\n" for line in lines))
        with self._path.open("a", encoding="utf-8") as self._file:
            yield

    def add(self, photo: Unaligned, was: list[int] | None, face_size: float, points: Float[np.ndarray, "p 2"]) -> None:
        """Notes a photo as done, inside `writing`.

        Args:
          photo: what is done.
          was: `stamp` of its file before it was read.
          face_size: of the face, in pixels of the photo.
          points: landmarks, in sides of the aligned picture.

        Raises:
          UserError: the journal cannot be written.
        """
        packed = base64.b64encode(np.clip(np.round(points * _UNIT), -32768, 32767).astype("<i2").tobytes()).decode()
        entry = {"aligned": photo.aligned, "was": was, "face": round(face_size, 1), "points": packed}
        self._done[photo.name] = entry
        try:
            self._file.write(json.dumps({"file": photo.name, **entry}) + "\n")
            self._file.flush()
        except OSError as error:
            raise UserError(f"cannot write {self._path}: {error.strerror}; make room, then run it again") from error

    def _read(self) -> dict[str, dict[str, Any]]:
        lines = self._path.read_text(encoding="utf-8").split("\n")[:-1]  # what follows the last newline was cut short
        entries = [json.loads(line) for line in lines]
        settings = entries[0] if entries else self._settings
        if settings != self._settings:
            raise UserError(
                f"{self._folder} was begun with {_text(settings)}, not with {_text(self._settings)}; choose another "
                "--output, or the same settings"
            )
        return {entry.pop("file"): entry for entry in entries[1:]}


def stamp(path: pathlib.Path) -> list[int] | None:
    """Returns size and time of change of a file, None if it is missing."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _text(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())
