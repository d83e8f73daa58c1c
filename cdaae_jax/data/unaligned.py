"""Lists photos as people keep them, framed in any way: what `preparing` is to align, and under which name."""

import collections
import dataclasses
import hashlib
import pathlib
from collections.abc import Mapping, Sequence

from cdaae_jax import images
from cdaae_jax.data import folder
from cdaae_jax.errors import UserError
from cdaae_jax.labels import canonical_emotion

PICTURES = "pictures"  # the subfolder of the aligned pictures
# Files with these endings are photos, and if they cannot be read, that is said; others in the folder are none.
_PHOTO_SUFFIXES = (*images.SUFFIXES, ".heic", ".heif", ".avif", ".tif", ".tiff", ".gif")


@dataclasses.dataclass(frozen=True)
class Unaligned:
    """A photo that is to be aligned.

    Attributes:
      source: the file, which may be missing.
      name: the file as the input calls it: relative to it, so that it stays the same when the folder moves.
      aligned: where the aligned picture goes, relative to the output folder, with slashes.
      cells: the manifest's other columns, as they are to be written.
    """

    source: pathlib.Path
    name: str
    aligned: str
    cells: Mapping[str, str]


def read(source: pathlib.Path) -> tuple[list[str], list[Unaligned]]:
    """Returns the columns of the manifest to write, the first of them `file`, and the photos in order.

    Args:
      source: a folder with the layout subject/expression/picture, or a CSV (see `folder`).

    Raises:
      UserError: it is missing, holds no photos, or a cell cannot be read; photos that are missing are no reason.
    """
    if not source.exists():
        raise UserError(f"there is no {source}; name a folder or a CSV with --input")
    columns, named = _from_layout(source) if source.is_dir() else _from_table(source)
    places = _places([name for name, _ in named])
    root = source if source.is_dir() else source.parent
    return ["file", *columns], [Unaligned(root / name, name, places[name], cells) for name, cells in named]


_Named = list[tuple[str, dict[str, str]]]


def _from_layout(source: pathlib.Path) -> tuple[list[str], _Named]:
    files = sorted(file for file in source.glob("*/*/*") if file.suffix.lower() in _PHOTO_SUFFIXES)
    names = [file.relative_to(source) for file in files if not file.name.startswith(".")]
    if not names:
        raise UserError(
            f"{source} holds no photos in the layout subject/expression/picture.jpg; sort them so, or name a CSV with "
            "the columns file, subject and expression (or AU1, AU2, ...)"
        )
    return ["subject", "expression"], [
        (name.as_posix(), {"subject": name.parts[0].strip(), "expression": canonical_emotion(name.parts[1])})
        for name in names
    ]


def _from_table(source: pathlib.Path) -> tuple[list[str], _Named]:
    columns, rows = folder.read_table(source)
    if not rows:
        raise UserError(f"{source} holds no photos; expected a row each, with the columns file, subject, expression")
    # What training would refuse is refused now, before hours of work.
    coded_alone = folder.au_columns(columns) and "expression" not in columns
    folder.parse(source, columns, rows, "au" if coded_alone else "emotion")
    others = [column for column in columns if column != "file"]
    return others, [(row["file"], {column: row[column] or "" for column in others}) for row in rows]


def _places(names: Sequence[str]) -> dict[str, str]:
    """Returns where each file's aligned picture goes: the same folders and name, always PNG, inside the output."""
    plain = {name: pathlib.PurePosixPath(PICTURES, *_inside(name)).with_suffix(".png") for name in names}
    # Without regard to case, as some file systems see names.
    takers = collections.Counter(str(place).lower() for place in plain.values())
    places = {}
    for name, place in plain.items():
        if takers[str(place).lower()] > 1:  # a.jpg beside a.png, or x/a.jpg beside ../x/a.jpg
            place = place.with_stem(f"{place.stem}-{hashlib.sha256(name.encode()).hexdigest()[:8]}")
        places[name] = str(place)
    return places


def _inside(name: str) -> list[str]:
    """Returns the parts of a path without what leads out of a folder."""
    path = pathlib.PurePath(name)
    return [part for part in path.parts if part not in (path.anchor, "..")]
