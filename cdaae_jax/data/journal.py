"""What an interrupted job has done already: a line for each photo, written when it is done."""

import base64
import contextlib
import json
import logging
import math
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from cdaae_jax import files
from cdaae_jax.data.unaligned import Unaligned
from cdaae_jax.errors import UserError

NAME = ".prepared.jsonl"
_LOG = logging.getLogger(__name__)
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
          UserError: the folder was begun with other settings, or the journal does not say with which.
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
            and entry.aligned == photo.aligned
            and entry.was == stamp(photo.source)
            and (self._folder / photo.aligned).is_file()
        )

    def face_size(self, photo: Unaligned) -> float:
        """Returns the pixels of the face of a photo that is done."""
        return self._done[photo.name].face

    def frame(self, photo: Unaligned) -> int | None:
        """Returns which frame of its video a photo is that is done, counted from 1; None if it is of no video."""
        return self._done[photo.name].frame

    def points(self, photo: Unaligned) -> Float[np.ndarray, "p 2"]:
        """Returns the landmarks of a photo that is done, (x, y) in sides of its aligned picture."""
        with self._path.open("rb") as file:
            file.seek(self._done[photo.name].place)
            packed = base64.b64decode(json.loads(file.readline())["points"])
        return np.frombuffer(packed, "<i2").reshape(-1, 2) / _UNIT

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keeps the file open for `add`; each line is handed to the system at once.

        Raises:
          UserError: the journal cannot be written.
        """
        # Written anew first: without what was replaced since, and without a line that a crash cut short.
        with files.replacing(self._path) as temporary, temporary.open("wb") as new:
            new.write(_line(self._settings))
            if self._done:
                with self._path.open("rb") as old:
                    for name, entry in self._done.items():
                        old.seek(entry.place)
                        self._done[name] = entry._replace(place=new.tell())
                        new.write(old.readline())
        with self._path.open("ab") as self._file:
            yield
        del self._file  # a journal can be pickled, an open file cannot

    def add(
        self,
        photo: Unaligned,
        was: list[int] | None,
        face_size: float,
        points: Float[np.ndarray, "p 2"],
        frame: int | None = None,
    ) -> None:
        """Notes a photo as done, inside `writing`.

        Args:
          photo: what is done.
          was: `stamp` of its file before it was read.
          face_size: of the face, in pixels of the photo.
          points: landmarks, in sides of the aligned picture.
          frame: which frame of a video it is, counted from 1.

        Raises:
          UserError: the journal cannot be written.
        """
        packed = base64.b64encode(np.clip(np.round(points * _UNIT), -32768, 32767).astype("<i2").tobytes()).decode()
        entry: dict[str, Any] = {"aligned": photo.aligned, "was": was, "face": round(face_size, 1)}
        if frame is not None:
            entry["frame"] = frame
        self._done[photo.name] = _Entry(place=self._file.tell(), **entry)
        try:
            self._file.write(_line({"file": photo.name, **entry, "points": packed}))
            self._file.flush()
        except OSError as error:
            raise UserError(f"cannot write {self._path}: {error.strerror}; make room, then run it again") from error

    def _read(self) -> dict[str, "_Entry"]:
        done: dict[str, _Entry] = {}
        place = damaged = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file):
                if not line.endswith(b"\n"):
                    break  # a crash cut it short
                fields = _fields(line)
                if number == 0:
                    self._refuse_other(fields)
                elif _is_entry(fields):
                    known = {name: fields[name] for name in _Entry._fields if name in fields}
                    done[fields["file"]] = _Entry(**known | {"place": place})
                else:
                    damaged += 1
                place += len(line)
        if damaged:
            _LOG.warning("%s: %d lines cannot be used; their photos are done again", self._path, damaged)
        return done

    def _refuse_other(self, settings: Mapping[str, Any]) -> None:
        if not settings:
            raise UserError(
                f"{self._path} is damaged: it does not say how the folder was begun; delete it, and all is done again"
            )
        if settings != self._settings:
            raise UserError(
                f"{self._folder} was begun with {_text(settings)}, not with {_text(self._settings)}; choose another "
                "--output, or the same settings"
            )


class _Entry(NamedTuple):
    """A line of the journal without the landmarks, which stay in the file: thousands of them fill the memory."""

    aligned: str
    was: list[int] | None
    face: float
    place: int  # where the line begins, in bytes
    frame: int | None = None


def _fields(line: bytes) -> dict[str, Any]:
    """Returns what a line says; nothing if something else than a job has written it."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _is_entry(fields: Mapping[str, Any]) -> bool:
    """Returns whether a line has all that is asked of it later, each part of the right kind."""
    was, face, points = (fields.get(name) for name in ("was", "face", "points"))
    return (
        isinstance(fields.get("file"), str)
        and isinstance(fields.get("aligned"), str)
        and "was" in fields
        and (was is None or isinstance(was, list))
        and isinstance(face, int | float)
        and _is_size(face)
        and isinstance(fields.get("frame"), int | None)
        and isinstance(points, str)
        and _is_packed(points)
    )


def _is_size(face: int | float) -> bool:
    try:
        return math.isfinite(face)
    except OverflowError:  # a whole number that no float holds
        return False


def _is_packed(points: str) -> bool:
    try:
        return len(base64.b64decode(points, validate=True)) % 4 == 0  # x and y, two bytes each
    except ValueError:
        return False


def stamp(path: pathlib.Path) -> list[int] | None:
    """Returns size and time of change of a file, None if it is missing."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _line(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def _text(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())
