"""What `inspecting` draws: some people of every set under their labels, and pictures that are there twice."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw

from cdaae_jax import images
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.data.records import SPLITS, Record

_TILE = 96
_ROWS, _COLUMNS = 16, 14
_LINES = 3  # of a tile's label
_WIDTH = 15  # letters in a line of a caption

_Item = TypeVar("_Item")
Picture = UInt8[np.ndarray, "h w 3"]


def people(
    everyone: FaceDataset, readable: Sequence[int], part_of: Mapping[str, str], sets: Mapping[str, Sequence[Record]]
) -> Picture:
    """Returns a row for each of some people, evenly from all sets and parts, with a picture for each of their labels.

    Args:
      everyone: the photos.
      readable: those that can be read.
      part_of: each person's part.
      sets: the photos of each set by its name.
    """
    place = {everyone.records[i].name: i for i in readable}
    groups = {
        name: _by_person([place[record.name] for record in of if record.name in place], everyone)
        for name, of in sets.items()
    }
    rows = []
    for name, person in _chosen(groups, part_of):
        by_label: dict[bytes, int] = {}
        for i in groups[name][person]:
            by_label.setdefault(everyone.labels[i].tobytes(), i)
        some = sorted(by_label.values(), key=lambda i: everyone.labels[i].tolist(), reverse=True)
        caption = [part_of[person], person, *([name] if len(sets) > 1 else [])]
        rows.append([_caption(caption), *(_tile(everyone, i) for i in _spread(some, _COLUMNS))])
    return images.grid(rows)


def copies(everyone: FaceDataset, pairs: Sequence[tuple[int, int]], part_of: Mapping[str, str]) -> Picture:
    """Returns a row for each of the first pairs: whose a picture is, the picture, its copy, and whose that is."""

    def whose(i: int) -> Picture:
        person = everyone.people[everyone.person[i]]
        return _caption([part_of[person], person])

    return images.grid([[whose(i), _tile(everyone, i), _tile(everyone, j), whose(j)] for i, j in pairs[:_ROWS]])


def _by_person(photos: Sequence[int], everyone: FaceDataset) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for i in photos:
        groups.setdefault(everyone.people[everyone.person[i]], []).append(i)
    return groups


def _chosen(groups: Mapping[str, Mapping[str, Sequence[int]]], part_of: Mapping[str, str]) -> list[tuple[str, str]]:
    """Returns some people, each with the name of a set: as many of every set as there is room for."""
    chosen: dict[str, str] = {}
    for k, (name, members) in enumerate(groups.items()):
        room = (_ROWS - len(chosen)) // (len(groups) - k)
        left = sorted(set(members) - set(chosen))
        left.sort(key=lambda person: SPLITS.index(part_of[person]))
        chosen |= dict.fromkeys(_spread(left, room), name)
    return [(name, person) for person, name in chosen.items()]


def _spread(items: Sequence[_Item], most: int) -> list[_Item]:
    """Returns at most so many items, the first and the last among them."""
    return [items[i] for i in np.unique(np.linspace(0, len(items) - 1, min(most, len(items))).astype(int))]


def _tile(everyone: FaceDataset, i: int) -> Picture:
    picture = Image.fromarray(images.fit(everyone.records[i].load(), _TILE))
    parts = everyone.space.describe(everyone.labels[i]).split(",")
    lines = [part if everyone.space.is_unit(part.partition("=")[0]) else part.removesuffix("=1") for part in parts]
    if len(lines) > _LINES:
        lines[_LINES - 1 :] = [f"{len(lines) - _LINES + 1} more"]
    ImageDraw.Draw(picture).text((2, 1), "\n".join(lines), fill="white", stroke_width=1, stroke_fill="black")
    return np.asarray(picture)


def _caption(texts: Sequence[str]) -> Picture:
    tile = Image.new("RGB", (_TILE, _TILE), "white")
    lines = [line for text in texts for line in textwrap.wrap(text, _WIDTH)]
    ImageDraw.Draw(tile).text((3, _TILE // 2), "\n".join(lines), fill="black", anchor="lm")
    return np.asarray(tile)
