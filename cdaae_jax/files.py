"""Writing files so that they appear whole or not at all."""

import contextlib
import os
import pathlib
import tempfile
import zipfile
import zlib
from collections.abc import Iterator

from cdaae_jax.errors import UserError

# What zipfile and NumPy raise for an archive that is cut short, altered, encrypted, of another kind, or that claims
# more than memory holds.
ARCHIVE_DAMAGE = (
    OSError, EOFError, KeyError, MemoryError, NotImplementedError, RuntimeError, TypeError, ValueError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


_UNFINISHED = ".unfinished-"  # begins the name of what is being written


def user_cache() -> pathlib.Path:
    """Returns the folder in which this package keeps what it can make or fetch again; it may not be there yet."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "cdaae_jax"


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields the path of a temporary file beside `path`, which replaces `path` if the block ends without an exception.

    Raises:
      UserError: the file cannot be written. Nothing is left behind, and a file that was there stays unchanged.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED, suffix=path.suffix)
        os.close(handle)
        temporary = pathlib.Path(name)
        yield temporary
        temporary.chmod(0o644)  # mkstemp makes the file readable for its owner alone
        os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"cannot write {path}: {reason}; choose a place that you may write to") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def remove_unfinished(folder: pathlib.Path) -> None:
    """Removes what programs that were killed left in a folder while they wrote. Nobody else may be writing there."""
    for left in folder.glob(f"{_UNFINISHED}*"):
        left.unlink(missing_ok=True)


def write_bytes(path: pathlib.Path, content: bytes) -> None:
    """Writes bytes; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: pathlib.Path, text: str) -> None:
    """Writes text as UTF-8; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
