"""What a set holds: people, labels, parts, files that cannot be read, and pictures that are in it twice."""

import concurrent.futures
import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import tqdm
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from cdaae_jax import images
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import near_copies
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.errors import UserError

SHEET = "contact_sheet.jpg"
_TILE = 96
_ROWS, _COLUMNS = 16, 14
_FACES_EACH = 4  # pictures of a person that the identity network looks at
_JUDGED_SIDE = 128  # pixels
_LISTED = 5

Embed = Callable[[UInt8[np.ndarray, "n s s 3"]], Float[np.ndarray, "n e"]]


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
      manifests: of what.
      parts: by part of the split, people and pictures.
      labels: by label, in how many pictures it is known and in how many it is shown.
      broken: what is wrong with each picture that cannot be read.
      left_out: what reading the set left out, a line for each reason.
      sides: the smallest and the largest side of a picture, in pixels.
      copies: pairs of pictures, each as (part, person, name), that are the same under two people.
      lookalikes: pairs of people, as (part, person), in different parts, whom the identity network takes for one, and
        how far apart they are; None if there was no network.
    """

    manifests: tuple[str, ...]
    parts: Mapping[str, tuple[int, int]]
    labels: Mapping[str, tuple[int, int]]
    broken: tuple[str, ...]
    left_out: tuple[str, ...]
    sides: tuple[int, int]
    copies: tuple[tuple[tuple[str, str, str], tuple[str, str, str]], ...]
    lookalikes: tuple[tuple[tuple[str, str], tuple[str, str], float], ...] | None

    @property
    def leaks(self) -> int:
        """How many of the copies lie in different parts."""
        return sum(one[0] != other[0] for one, other in self.copies)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        people, pictures = (sum(part[i] for part in self.parts.values()) for i in (0, 1))
        least, most = self.sides
        yield f"{', '.join(self.manifests)}: {pictures} pictures of {people} people, {least} to {most} pixels"
        yield f"  {'part':<12}{'people':>8}{'pictures':>10}"
        for name, (some, count) in self.parts.items():
            yield f"  {name:<12}{some:>8}{count:>10}"
        yield f"  {'label':<14}{'shown in':>8}{'known of':>10}"
        for name, (known, shown) in self.labels.items():
            yield f"  {name:<14}{shown:>8}{known:>10}"
        yield from (f"  {line}" for line in self.left_out)
        yield from _listed("pictures that cannot be read", self.broken)
        yield from _listed(
            "pictures that are there twice, under two people",
            [" = ".join("/".join(each) for each in pair) for pair in self.copies],
        )
        if self.leaks:
            yield f"  {self.leaks} of them in two parts: who is judged was trained on; take one of each out"
        if self.lookalikes is not None:
            yield from _listed(
                "pairs of people in two parts whom the identity network takes for one; look at them",
                [f"{'/'.join(one)} and {'/'.join(other)}, {away:.2f} apart" for one, other, away in self.lookalikes],
            )


def inspect(
    manifests: Sequence[str],
    root: pathlib.Path | None,
    label_kind: str = "both",
    held_out: int = Data().held_out,
    output: pathlib.Path | None = None,
    embed: Embed | None = None,
    same_person: float = 0.0,
) -> Inspection:
    """Reads every picture of a set; a TFDS builder's is built first, if it is not yet.

    Args:
      manifests: as config.data.manifests.
      root: the data folder.
      label_kind: "emotion", "au" or "both".
      held_out: as config.data.held_out, for people whose split the data does not give.
      output: a folder for a contact sheet; None writes none.
      embed: an identity network, from aligned pictures to vectors; None asks none.
      same_person: vectors of one person's pictures are nearer than this.

    Raises:
      UserError: the set cannot be read at all, or the sheet not be written.
    """
    data = Data(manifests=tuple(manifests), label_kind=label_kind, held_out=held_out)
    left_out: list[str] = []
    everyone = datasets.load(data, root, 1, varied=False, report=left_out.append)
    unassigned = sum(not everyone.records[group[0]].split for group in everyone.groups())
    if unassigned <= held_out:  # a training would refuse; a look at the set need not
        data.held_out = 0
    split = datasets.split(everyone, data)
    part_of = {person: name for name, people in split.people().items() for person in people}

    pictures = _Pictures(everyone)
    readable = np.flatnonzero(pictures.readable)
    copies = near_copies.pairs(pictures.greys[readable], everyone.person[readable])

    def place(i: int) -> tuple[str, str, str]:
        person = everyone.people[everyone.person[i]]
        return part_of[person], person, everyone.records[i].key or everyone.records[i].name

    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        images.write(output / SHEET, _sheet(everyone, readable, part_of))
    known = np.ones(everyone.labels.shape, bool) if everyone.known is None else everyone.known
    return Inspection(
        manifests=tuple(manifests),
        parts={name: (len(part.people), len(part)) for name, part in split._asdict().items()},
        labels={
            name: (int(known[:, k].sum()), int((everyone.labels[:, k] > 0).sum()))
            for k, name in enumerate(everyone.space.names)
        },
        broken=tuple(pictures.broken),
        left_out=tuple(left_out),
        sides=pictures.sides,
        copies=tuple((place(readable[i]), place(readable[j])) for i, j in copies),
        lookalikes=_lookalikes(everyone, readable, part_of, embed, same_person) if embed else None,
    )


class _Pictures:
    """What is kept of each picture: a kilobyte, whatever its size."""

    def __init__(self, everyone: FaceDataset):
        self.greys = np.zeros((len(everyone), near_copies.SIDE**2), np.float32)
        self.readable = np.zeros(len(everyone), bool)
        self.broken: list[str] = []
        least, most = [], []
        with concurrent.futures.ThreadPoolExecutor() as pool:
            read = pool.map(_read, (record.load for record in everyone.records))
            for i, (found, why) in enumerate(tqdm.tqdm(read, total=len(everyone), unit=" pictures", disable=None)):
                if found is None:
                    self.broken.append(why)
                else:
                    self.greys[i], low, high = found
                    self.readable[i] = True
                    least.append(low)
                    most.append(high)
        self.sides = (min(least, default=0), max(most, default=0))


def _read(load: Callable[[], np.ndarray]) -> tuple[tuple[np.ndarray, int, int] | None, str]:
    try:
        picture = load()
    except UserError as error:
        return None, str(error)
    return (near_copies.greys(picture), min(picture.shape[:2]), max(picture.shape[:2])), ""


def _sheet(everyone: FaceDataset, readable: np.ndarray, part_of: Mapping[str, str]) -> UInt8[np.ndarray, "h w 3"]:
    """Returns a row for each of some people, evenly from all parts, with a picture of each of their labels."""
    there = set(readable.tolist())
    groups = [[i for i in group if i in there] for group in everyone.groups()]
    order = sorted(range(len(groups)), key=lambda k: (part_of[everyone.people[k]], everyone.people[k]))
    chosen = [order[k * len(order) // min(_ROWS, len(order))] for k in range(min(_ROWS, len(order)))]
    rows = []
    for k in chosen:
        by_label: dict[bytes, int] = {}
        for i in groups[k]:
            by_label.setdefault(everyone.labels[i].tobytes(), i)
        some = sorted(by_label.values(), key=lambda i: everyone.labels[i].tolist(), reverse=True)[:_COLUMNS]
        tiles = [_tile(everyone, i) for i in some]
        rows.append([_caption(f"{part_of[everyone.people[k]]}\n{everyone.people[k]}"), *tiles])
    return images.grid(rows)


def _tile(everyone: FaceDataset, i: int) -> UInt8[np.ndarray, "t t 3"]:
    picture = Image.fromarray(images.fit(everyone.records[i].load(), _TILE))
    parts = everyone.space.describe(everyone.labels[i]).split(",")
    lines = [part if everyone.space.is_unit(part.partition("=")[0]) else part.removesuffix("=1") for part in parts]
    ImageDraw.Draw(picture).text((2, 1), "\n".join(lines[:3]), fill="white", stroke_width=1, stroke_fill="black")
    return np.asarray(picture)


def _caption(text: str) -> UInt8[np.ndarray, "t t 3"]:
    tile = Image.new("RGB", (_TILE, _TILE), "white")
    ImageDraw.Draw(tile).text((4, 36), text, fill="black")
    return np.asarray(tile)


def _lookalikes(
    everyone: FaceDataset, readable: np.ndarray, part_of: Mapping[str, str], embed: Embed, same_person: float
) -> tuple[tuple[tuple[str, str], tuple[str, str], float], ...]:
    there = set(readable.tolist())
    people, vectors = [], []
    for name, group in zip(everyone.people, everyone.groups(), strict=True):
        some = [i for i in group if i in there][:_FACES_EACH]
        if some:
            faces = np.stack([images.fit(everyone.records[i].load(), _JUDGED_SIDE) for i in some])
            people.append((part_of[name], name))
            vectors.append(embed(faces).mean(axis=0))
    away = np.linalg.norm(np.stack(vectors)[:, None] - np.stack(vectors)[None], axis=-1)
    near = [(i, j) for i, j in np.argwhere(away < same_person) if i < j and people[i][0] != people[j][0]]
    return tuple((people[i], people[j], float(away[i, j])) for i, j in sorted(near, key=lambda pair: away[pair]))


def _listed(what: str, items: Sequence[str]) -> Iterator[str]:
    yield f"  {what}: {len(items) or 'none'}"
    yield from (f"    {item}" for item in items[:_LISTED])
    if len(items) > _LISTED:
        yield f"    and {len(items) - _LISTED} more"
