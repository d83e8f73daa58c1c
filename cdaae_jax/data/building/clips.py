"""Clips in which one expression is shown: of each, the frames that show it most."""

import dataclasses
import pathlib
import re
from collections.abc import Iterator
from typing import ClassVar

from cdaae_jax import images
from cdaae_jax.data.building.found import Found, Scan
from cdaae_jax.data.building.options import Allowed, SetConfig
from cdaae_jax.data.building.pieces import frame_number
from cdaae_jax.data.building.trees import Tree
from cdaae_jax.video.clip import SUFFIXES as VIDEOS

_POINTER = b"version https://git-lfs"  # what a repository holds in place of a large file, until it is fetched


@dataclasses.dataclass(eq=False)
class ClipsConfig(SetConfig):
    """What to take of each clip.

    Attributes:
      frames: so many pictures, those that show the clip's expression most; of neutral ones the calmest.
    """

    ALLOWED: ClassVar[dict[str, Allowed]] = {"frames": (1, 20)}

    frames: int = 3


def named(
    tree: Tree, name: re.Pattern[str], scan: Scan, others: tuple[str, ...] = ()
) -> Iterator[tuple[str, pathlib.Path]]:
    """Yields the names, in lower case, and the places of clips: videos, or folders of extracted frames.

    Args:
      tree: the set's files.
      name: what clips are named like, in lower case and without ending.
      scan: where foreign files are noted, and videos that have to be fetched from Git LFS yet.
      others: names of files, in lower case, and endings (".wav") that are no clips and no fault.
    """
    folders = set()
    for file in tree:
        if file.suffix in VIDEOS and name.fullmatch(file.stem):
            if is_pointer(file.path):
                scan.leave_out(file.name, "a pointer of Git LFS in place of the video; run: git lfs pull")
            else:
                yield file.stem, file.path
        elif file.suffix in images.SUFFIXES and name.fullmatch(file.path.parent.name.lower()):
            if frame_number(file.path) is None:
                scan.leave_out(file.name, "an extracted frame without a number at the end of its name")
            else:
                folders.add(file.path.parent)
        elif file.path.name.lower() not in others and file.suffix not in others:
            scan.leave_out(file.name, "not named like a clip of the set")
    for folder in sorted(folders):
        yield folder.name.lower(), folder


def is_pointer(file: pathlib.Path) -> bool:
    """Returns whether a file is Git LFS's stand-in for a large one."""
    with file.open("rb") as content:
        return content.read(len(_POINTER)) == _POINTER


def add_peaks(scan: Scan, clip: Found, frames: int) -> None:
    """Adds the strongest frames of a clip.

    Args:
      scan: what they are added to.
      clip: the clip, with its expression; its name is followed by the number of the frame among the strongest.
      frames: how many.
    """
    for number in range(1, frames + 1):
        found = dataclasses.replace(clip, name=f"{clip.name}_{number}", frame=number, peak=clip.expression)
        scan.add(found, clip.source.name)
