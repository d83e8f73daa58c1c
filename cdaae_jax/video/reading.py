"""Reads videos with PyAV (extra `video`), frame by frame and upright."""

import contextlib
import errno
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from jaxtyping import UInt8

from cdaae_jax.errors import UserError

Picture = UInt8[np.ndarray, "height width 3"]
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG}


def frames(source: pathlib.Path, wanted: Callable[[int], bool]) -> Iterator[tuple[int, Picture]]:
    """Yields a video's frames with their numbers, counted from 1.

    Args:
      source: the video.
      wanted: says of a number whether that frame is to be yielded; others cost less.

    Raises:
      UserError: PyAV is missing, or the source is no video or damaged; frames before the damage are yielded first.
    """
    av = load_av()
    with explained(av, source), av.open(str(source), metadata_errors="replace") as reader:
        if not reader.streams.video:
            raise UserError(f"{source} holds no moving pictures; give a video")
        for number, frame in enumerate(reader.decode(video=0), start=1):
            if wanted(number):
                yield number, np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), quarters(frame)))


def length(source: pathlib.Path) -> tuple[int, float]:
    """Returns how many frames a video has and how many seconds it lasts, as its file says; 0 where it does not.

    Raises:
      UserError: as `frames`.
    """
    av = load_av()
    with explained(av, source), av.open(str(source), metadata_errors="replace") as reader:
        if not reader.streams.video:
            raise UserError(f"{source} holds no moving pictures; give a video")
        return reader.streams.video[0].frames, (reader.duration or 0) / av.time_base


def quarters(frame: Any) -> int:
    """Returns by how many quarters, counterclockwise, a frame is turned to be upright."""
    return round(frame.rotation / 90) % 4


@contextlib.contextmanager
def explained(av: Any, source: pathlib.Path, writing: bool = False) -> Iterator[None]:
    """Turns what FFmpeg says of unusable files into a line for the user.

    Args:
      av: the package.
      source: the video that is read.
      writing: whether another file is written meanwhile; what the disk says of that one passes as an OSError.

    Raises:
      UserError: the source is no video, or damaged.
    """
    try:
        yield
    except av.error.FFmpegError as error:
        if writing and error.errno in _OF_THE_DISK:
            raise OSError(error.errno, error.strerror) from error
        raise UserError(f"{source} cannot be read as a video ({error.strerror}); give one that plays") from error


def load_av() -> Any:
    """Returns the package av; UserError where it is missing."""
    try:
        import av
    except ImportError as error:
        raise UserError(
            f"videos need the package av ({error}); install it with: pip install 'cdaae_jax[video]'"
        ) from None
    return av
