"""Folders in buckets (gs://, s3://, and whatever else fsspec opens), which are used as copies on this machine.

An object store renames nothing, appends to nothing and locks nothing, and its libraries each fail in their own way. So
what is needed is copied here first, and what a run writes is copied there afterwards (`workdir_in_bucket`).
"""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any

from cdaae_jax import files
from cdaae_jax.errors import UserError

_THREADS = 16
_FETCHED = ".fetched.json"  # in a copy: which version of each object it holds
# What libraries of buckets say of a version, the surest first; a local file system and memory know the last ones.
_VERSIONS = ("etag", "ETag", "md5Hash", "crc32c", "mtime", "created")
_EXTRAS = {"gs": "gcs", "gcs": "gcs", "s3": "s3"}


def is_address(place: str | os.PathLike) -> bool:
    """Returns whether a place is an address such as gs://bucket/folder, and no path."""
    return re.match(r"^[A-Za-z][A-Za-z0-9+.-]+://", str(place)) is not None


def place_of_copy(address: str, owner: str = "") -> pathlib.Path:
    """Returns where this machine keeps its copy of a folder, in the user's cache folder.

    Args:
      address: of the folder.
      owner: of a copy that is nobody else's, such as a process of several.
    """
    digest = hashlib.sha256(f"{address.rstrip('/')} {owner}".encode()).hexdigest()[:12]
    return files.user_cache() / "buckets" / f"{pathlib.PurePosixPath(address).name}-{digest}"


class Bucket:
    """A folder in a bucket. Names are relative to it, with slashes."""

    def __init__(self, address: str):
        """Opens it; nothing is asked of the network yet.

        Raises:
          UserError: nothing that is installed opens such an address.
        """
        import fsspec

        self.address = address.rstrip("/")
        scheme = address.split("://")[0]
        try:
            # Buckets have no folders to be made; a file system, such as a mounted bucket, has.
            options = {"auto_mkdir": True} if scheme == "file" else {}
            self._system, self._root = fsspec.core.url_to_fs(self.address, **options)
        except (ImportError, ValueError) as error:
            extra = _EXTRAS.get(scheme)
            install = f"pip install 'cdaae_jax[{extra}]'" if extra else "install the fsspec library for it"
            raise UserError(f"{address} cannot be opened ({error}); {install}, or give a folder") from error

    def versions(self, under: str = "") -> dict[str, str]:
        """Returns which objects there are below a name, each with what tells its content from another's.

        Raises:
          UserError: the bucket cannot be read.
        """
        top = f"{self._root}/{under}".rstrip("/")
        with self._explained("read"):
            self._system.invalidate_cache()
            found = self._system.find(top, detail=True)
        return {name.removeprefix(f"{self._root}/"): _version(info) for name, info in found.items()}

    def read(self, name: str) -> bytes | None:
        """Returns an object's content, None if there is none; raises as `versions`."""
        with self._explained("read"):
            self._system.invalidate_cache()
            try:
                return self._system.cat_file(f"{self._root}/{name}")
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """Writes an object, which appears whole; UserError if it cannot be."""
        with self._explained("write to"):
            self._system.pipe_file(f"{self._root}/{name}", content)

    def upload(self, file: pathlib.Path, name: str) -> None:
        """Copies a file into the bucket; UserError if it cannot be."""
        with self._explained("write to"):
            self._system.put_file(str(file), f"{self._root}/{name}")

    def download(self, name: str, file: pathlib.Path) -> None:
        """Copies an object to a file, which appears whole; UserError if it cannot be."""
        with self._explained("read"), files.replacing(file) as temporary:
            self._system.get_file(f"{self._root}/{name}", str(temporary))

    def remove(self, name: str) -> None:
        """Removes an object, or all objects below a name; what is not there is removed already."""
        with self._explained("write to"), contextlib.suppress(FileNotFoundError):
            self._system.rm(f"{self._root}/{name}", recursive=True)

    def fetch(self, folder: pathlib.Path, under: str = "", wanted: Callable[[str], bool] = lambda _: True) -> None:
        """Makes a folder hold the objects below a name, under the same relative names; others in it stay.

        Objects whose version is that of an earlier fetch are not copied again.

        Raises:
          UserError: the bucket cannot be read, or the folder cannot be written.
        """
        note = folder / _FETCHED
        had = _noted(note)
        there = {name: version for name, version in self.versions(under).items() if wanted(name)}
        new = [name for name, version in there.items() if had.get(name) != version or not (folder / name).exists()]
        in_parallel(lambda name: self.download(name, _inside(folder, name)), new)
        files.write_text(note, json.dumps(had | there))

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except UserError:
            raise
        except Exception as error:  # each library of buckets has errors of its own, which have no class in common
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise UserError(f"cannot {what} {self.address} ({reason}); check the address and who may use it") from error


def at_hand(place: str | os.PathLike) -> pathlib.Path:
    """Returns a folder as it is, and of an address a copy of what is there now.

    Raises:
      UserError: there is nothing at the address, or it cannot be read.
    """
    if not is_address(place):
        return pathlib.Path(place)
    bucket, copy = Bucket(str(place)), place_of_copy(str(place))
    if not bucket.versions():
        raise UserError(f"there is nothing in {place}; check the address")
    bucket.fetch(copy)
    return copy


def in_parallel(function: Callable[[Any], None], items: list[Any]) -> None:
    """Calls a function for each item, several at once; raises what the first call that failed has raised."""
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as threads:
        for done in threads.map(function, items):
            assert done is None


def _noted(note: pathlib.Path) -> dict[str, str]:
    try:
        had = json.loads(note.read_text())
    except (FileNotFoundError, ValueError):  # not there yet, or emptied by a power cut: all is copied again
        return {}
    return had if isinstance(had, dict) else {}


def _version(info: dict[str, Any]) -> str:
    marks = (info[name] for name in _VERSIONS if info.get(name))
    return f"{info.get('size')} {next(marks, '')}"


def _inside(folder: pathlib.Path, name: str) -> pathlib.Path:
    """Returns where an object goes; its name may come from a stranger."""
    if name.startswith("/") or ".." in name.split("/"):
        raise UserError(f"an object of the bucket is called {name!r}, which leads out of its folder; rename it")
    return folder / name
