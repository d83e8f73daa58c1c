"""What a set holds: people, labels, parts, files that cannot be read, and pictures that are in it twice."""

import concurrent.futures
import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import tqdm
from jaxtyping import Float, UInt8

from cdaae_jax import images
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import inspection_sheets, near_copies
from cdaae_jax.data import manifests as reading
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.data.records import Skipped
from cdaae_jax.errors import UserError

SHEET, COPIES = "contact_sheet.jpg", "copies.jpg"
_FACES_EACH = 4  # pictures of a person that the identity network looks at
_JUDGED_SIDE = 128  # pixels
_LISTED = 5

Embed = Callable[[UInt8[np.ndarray, "n s s 3"]], Float[np.ndarray, "n e"]]


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
      sets: by manifest, people and pictures; a person may be in several.
      parts: by part of the split, people and pictures.
      labels: by label, in how many pictures it is known and in how many it is shown.
      broken: what is wrong with each picture that cannot be read.
      left_out: what reading the set left out, a line for each reason.
      sides: the smallest and the largest side of a picture, in pixels.
      copies: pairs of pictures, each as (part, person, name), that are the same under two people; those whose people
        are in two parts come first.
      lookalikes: pairs of people, as (part, person), in different parts, whom the identity network takes for one, and
        how far apart they are; None if there was no network.
    """

    sets: Mapping[str, tuple[int, int]]
    parts: Mapping[str, tuple[int, int]]
    labels: Mapping[str, tuple[int, int]]
    broken: tuple[str, ...]
    left_out: tuple[str, ...]
    sides: tuple[int, int]
    copies: tuple[tuple[tuple[str, str, str], tuple[str, str, str]], ...]
    lookalikes: tuple[tuple[tuple[str, str], tuple[str, str], float], ...] | None

    @property
    def sharing(self) -> dict[tuple[str, str], list[str]]:
        """The pairs of people who share pictures, as "part/person" each, and which."""
        pairs: dict[tuple[str, str], list[str]] = {}
        for one, other in self.copies:
            people = "/".join(one[:2]), "/".join(other[:2])
            pairs.setdefault(people, []).append(f"{one[2]} = {other[2]}")
        return pairs

    @property
    def leaks(self) -> int:
        """How many of these pairs are in two parts."""
        return len({(one[:2], other[:2]) for one, other in self.copies if one[0] != other[0]})

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        people, pictures = (sum(part[i] for part in self.parts.values()) for i in (0, 1))
        least, most = self.sides
        pixels = f"{least} to {most}" if least < most else f"{most}"
        yield f"{', '.join(self.sets)}: {pictures} pictures of {people} people, {pixels} pixels"
        if len(self.sets) > 1:
            yield from _table("set", self.sets)
        yield from _table("part", self.parts)
        yield f"  {'label':<14}{'shown in':>8}{'out of':>10} pictures that know it"
        for name, (known, shown) in self.labels.items():
            yield f"  {name:<14}{shown:>8}{known:>10}"
        yield from (f"  {line}" for line in self.left_out)
        yield from _listed("pictures that cannot be read", self.broken)
        yield from _listed(
            "pairs of people who share a picture",
            [
                f"{one} and {other}, {_count(len(which))}: {which[0]}" + (", ..." if len(which) > 1 else "")
                for (one, other), which in self.sharing.items()
            ],
        )
        if self.leaks:
            yield (
                f"  {self.leaks} of these pairs {'is' if self.leaks == 1 else 'are'} in two parts, so somebody who was "
                "trained on would be judged: take one of each out"
            )
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
      output: a folder for a contact sheet, and for one of the copies if there are any; None writes none.
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
    copies = [
        (int(readable[i]), int(readable[j]))
        for i, j in near_copies.pairs(pictures.greys[readable], everyone.person[readable])
    ]

    def part(i: int) -> str:
        return part_of[everyone.people[everyone.person[i]]]

    def place(i: int) -> tuple[str, str, str]:
        return part(i), everyone.people[everyone.person[i]], everyone.records[i].key or everyone.records[i].name

    copies.sort(key=lambda pair: part(pair[0]) == part(pair[1]))  # stable
    # Read once more, as a person may be in several sets.
    sets = {spec: reading.read(spec, data, root, 1, Skipped()) for spec in dict.fromkeys(manifests)}
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        images.write(output / SHEET, inspection_sheets.people(everyone, readable.tolist(), part_of, sets))
        (output / COPIES).unlink(missing_ok=True)  # of a look before what was found then was taken out
        if copies:
            images.write(output / COPIES, inspection_sheets.copies(everyone, _first_of_each(copies, everyone), part_of))
    known = np.ones(everyone.labels.shape, bool) if everyone.known is None else everyone.known
    return Inspection(
        sets={spec: (len({each.subject for each in records}), len(records)) for spec, records in sets.items()},
        parts={name: (len(part.people), len(part)) for name, part in split._asdict().items()},
        labels={
            name: (int(known[:, k].sum()), int((everyone.labels[:, k] > 0).sum()))
            for k, name in enumerate(everyone.space.names)
        },
        broken=tuple(pictures.broken),
        left_out=tuple(left_out),
        sides=pictures.sides,
        copies=tuple((place(i), place(j)) for i, j in copies),
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


def _first_of_each(copies: Sequence[tuple[int, int]], everyone: FaceDataset) -> list[tuple[int, int]]:
    """Returns one pair of pictures for each pair of people."""
    first: dict[tuple[int, int], tuple[int, int]] = {}
    for i, j in copies:
        first.setdefault((int(everyone.person[i]), int(everyone.person[j])), (i, j))
    return list(first.values())


def _table(what: str, rows: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    width = max(12, *(len(name) + 2 for name in rows))
    yield f"  {what:<{width}}{'people':>8}{'pictures':>10}"
    for name, (people, pictures) in rows.items():
        yield f"  {name:<{width}}{people:>8}{pictures:>10}"


def _count(pictures: int) -> str:
    return "1 picture" if pictures == 1 else f"{pictures} pictures"


def _listed(what: str, items: Sequence[str]) -> Iterator[str]:
    yield f"  {what}: {len(items) or 'none'}"
    yield from (f"    {item}" for item in items[:_LISTED])
    if len(items) > _LISTED:
        yield f"    and {len(items) - _LISTED} more"
