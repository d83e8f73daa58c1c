"""The files of a set's folder, in whatever subfolders and archives they came."""

import pathlib
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cdaae_jax.data.journal import stamp
from cdaae_jax.errors import UserError

_TAR_SUFFIXES = (".tar", ".gz", ".tgz", ".bz2", ".xz")


class File(NamedTuple):
    """A file of a set: its path within the set, with slashes, and where it lies."""

    name: str
    path: pathlib.Path

    @property
    def stem(self) -> str:
        """The name without folders and ending, in lower case: sets come with either."""
        return self.path.stem.lower()

    @property
    def suffix(self) -> str:
        """The ending in lower case, ".jpg"."""
        return self.path.suffix.lower()


class Tree:
    """Sorted by name, without archives, hidden files and what systems add (__MACOSX, Thumbs.db)."""

    def __init__(self, roots: Iterable[pathlib.Path]):
        """Lists the files below the roots, at any depth."""
        files = (File(path.relative_to(root).as_posix(), path) for root in roots for path in root.rglob("*"))
        self._files = sorted(file for file in files if _counts(file))

    def __iter__(self) -> Iterator[File]:
        return iter(self._files)

    def named(self, name: str) -> File | None:
        """Returns the first file of this name (without folders), whatever the case of its letters."""
        return next((file for file in self if file.path.name.lower() == name.lower()), None)


def opened(folder: pathlib.Path, unpacked: pathlib.Path, downloaded: Iterable[pathlib.Path] = ()) -> Tree:
    """Returns the files of a folder, and of the archives (zip, tar) in it, which are unpacked.

    Args:
      folder: the set's folder; nothing is written into it.
      unpacked: a folder for what archives hold; what an interrupted run unpacked there is used again.
      downloaded: further archives.

    Raises:
      UserError: an archive is damaged, names files outside, or cannot be unpacked.
    """
    archives = [path for path in sorted(folder.rglob("*")) if _is_archive(path)] if folder.is_dir() else []
    roots = [_unpack(archive, unpacked) for archive in (*archives, *downloaded)]
    return Tree([*([folder] if folder.is_dir() else []), *roots])


def _counts(file: File) -> bool:
    parts = file.name.lower().split("/")
    added_by_systems = parts[-1] in ("thumbs.db", "desktop.ini") or any(
        part.startswith(".") or part == "__macosx" for part in parts
    )
    return not added_by_systems and file.path.is_file() and not _is_archive(file.path)


def _is_archive(path: pathlib.Path) -> bool:
    return path.suffix.lower() in (".zip", *_TAR_SUFFIXES) and not path.name.startswith(".") and path.is_file()


def _unpack(archive: pathlib.Path, unpacked: pathlib.Path) -> pathlib.Path:
    """Unpacks an archive into a folder of its own, which appears whole or not at all."""
    size, time = stamp(archive) or (0, 0)
    target = unpacked / f"{archive.name}-{size}-{time}"
    if target.is_dir():
        return target
    unpacked.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(tempfile.mkdtemp(dir=unpacked, prefix="."))
    try:
        if zipfile.is_zipfile(archive):
            shutil.unpack_archive(archive, temporary, "zip")
        else:
            with tarfile.open(archive) as members:
                members.extractall(temporary, filter="data")
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, RuntimeError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise UserError(f"{archive} cannot be unpacked ({error}); fetch it again, or unpack it yourself") from error
    temporary.rename(target)
    return target
