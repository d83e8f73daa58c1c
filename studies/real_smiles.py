"""Makes a data set of training people's real smiles: how a generator learns what a smile looks like that nobody drew.

python -m studies.real_smiles --rig=RIG --data_dir=DATA --output=DATA/real_smiles

RIG holds people.csv (columns subject, split) and landmarks68.npz, DATA has frl_london/ and frl_rig2/. OUTPUT gets the
neutral and the smiling photo of each person of London whose split is "train", the smile laid over the neutral photo and
as bright as that; all.csv, whose subjects have names of their own, so that sets can be weighed (`data.set_weights`);
landmarks68.npz (`cdaae_jax.data.places`); and mouths68.npz, which says how far the lips of each photo are apart
(`cdaae_jax.data.mouths`). onward.csv has the smiles once more, beside what frl_rig2 draws of these people: how a smile
becomes another expression. As a smile that is not full is the most neutral picture there, it is half of the sources
with `data.neutral_source=0.5`.

People smile as much as they do. The amount says how much, measured by how far the corners of the mouth go out and up,
against the full smile that the rig draws. Nobody has coded the action units of these photos: those in all.csv are the
drawn smile's, times the amount.
"""

import argparse
import csv
import io
import pathlib

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from cdaae_jax import files
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import folder, landmark_files, mouths, places, registration
from cdaae_jax.errors import UserError
from cdaae_jax.labels import EMOTION_UNITS, MAX_AU, MAX_EMOTION
from studies import program
from studies.card_measures import LONDON
from studies.drawn_set import MANIFEST
from studies.rig import PEOPLE, POINTS, require

ONWARD = "onward.csv"
DRAWN = "frl_rig2/emotion.csv"
SIZE = 256
FRAME = 16  # pixels beside the edges of a photo, which a smile hardly moves
QUALITY = 95  # of JPEG
# How far the corners of the mouth go apart and up in a full smile of the rig, in widths of the neutral mouth: the means
# of 44 training people of frl_rig2, of whom they vary by 0.02 each.
FULL_SMILE = (0.258, 0.172)
_RIGHT_CORNER, _LEFT_CORNER, _UPPER_LIP, _LOWER_LIP = 48, 54, 51, 57

Points = Float[np.ndarray, "68 2"]
Picture = UInt8[np.ndarray, "s s 3"]


def amount(neutral: Points, smiling: Points) -> float:
    """Returns how much of the rig's full smile a smile is, 0 to 1.5.

    Args:
      neutral: landmarks (x, y) of the neutral face, in the order of iBUG, in any unit.
      smiling: of the same face, as large.
    """
    unit = _width(neutral)
    wider, higher = (_width(smiling) - unit) / unit, (_height(smiling) - _height(neutral)) / unit
    share = (wider / FULL_SMILE[0] + higher / FULL_SMILE[1]) / 2
    return float(np.clip(share, 0.0, MAX_EMOTION))


def laid(points: Points, stable: dict[bool, Points | None]) -> Points:
    """Returns landmarks of a smile, in pixels of SIZE, in the picture laid over the neutral one, in pixels of 512.

    Args:
      points: the landmarks.
      stable: of the neutral and the smiling photo, as `registration.points_of`; without them it stays where it is.
    """
    start, end = stable[True], stable[False]
    if start is None or end is None:
        return points * (places.SIDE / SIZE)
    matrix = registration.similarity(start, end)
    return ((points / SIZE - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5) * places.SIDE


def _width(points: Points) -> float:
    return float(np.linalg.norm(points[_LEFT_CORNER] - points[_RIGHT_CORNER]))


def _height(points: Points) -> float:
    """How high the corners of the mouth lie above the middle of its lips."""
    lips, corners = points[[_UPPER_LIP, _LOWER_LIP], 1], points[[_RIGHT_CORNER, _LEFT_CORNER], 1]
    return float(lips.mean() - corners.mean())


def as_bright(photo: Picture, other: Picture) -> Picture:
    """Returns a photo multiplied, by colours, so that its frame is as bright as another photo's."""
    frame = np.ones(photo.shape[:2], bool)
    frame[FRAME:-FRAME, FRAME:-FRAME] = False
    mine, wanted = (np.maximum(one[frame].mean(axis=0), 1.0) for one in (photo, other))
    return np.clip(photo * (wanted / mine) + 0.5, 0, 255).astype(np.uint8)


def write(rig: pathlib.Path, root: pathlib.Path, output: pathlib.Path) -> str:
    """Writes the set and returns what it holds, in words.

    Raises:
      UserError: a file is missing or cannot be read, or nobody of London is a training person.
    """
    require(rig)
    with (rig / PEOPLE).open(newline="") as handle:
        trained_on = {row["subject"] for row in csv.DictReader(handle) if row["split"] == "train"}
    data = Data(manifests=(LONDON,), label_kind="emotion", registered=True)
    london = datasets.load(data, root, SIZE)
    landmarks = landmark_files.read(root / "frl_london" / "landmarks.npz", "dlib68", places.NUM_POINTS, "copy it again")
    of_rig = landmark_files.read(rig / POINTS, "points", places.NUM_POINTS, "copy it again")
    happy = london.space.names.index("happy")
    units = sorted({unit for drawn in EMOTION_UNITS.values() for unit in drawn}, key=lambda name: int(name[2:]))
    _, table = folder.read_table(root / DRAWN)
    drawn = [row for row in table if float(row.get("amount") or 1) == 1 and row["expression"] != "neutral"]
    output.mkdir(parents=True, exist_ok=True)
    photos: dict[str, dict[bool, Picture]] = {}
    stable: dict[str, dict[bool, Points | None]] = {}
    for record, label, fixed in zip(london.records, london.labels, registration.points_of(london.records), strict=True):
        if record.subject in trained_on:
            smiles = bool(label[happy] > 0)
            photos.setdefault(record.subject, {})[smiles] = record.load()
            stable.setdefault(record.subject, {})[smiles] = fixed
    photos = {person: both for person, both in photos.items() if len(both) == 2}
    if not photos:
        raise UserError(
            f"nobody in {root / LONDON} is a training person of {rig / PEOPLE} and smiles; name the rig of frl_rig2"
        )

    rows, onward, names, points, amounts = [], [], [], [], []
    of_photos: dict[str, Points] = {}
    for person, both in sorted(photos.items()):
        neutral, smiling = f"{person}_neutral.jpg", f"{person}_smiling.jpg"
        Image.fromarray(both[False]).save(output / neutral, quality=QUALITY)
        Image.fromarray(as_bright(both[True], both[False])).save(output / smiling, quality=QUALITY)
        of_photos[f"{person}_neutral"] = landmarks[f"{person}_neutral"] * (places.SIDE / SIZE)
        of_photos[f"{person}_smiling"] = laid(landmarks[f"{person}_smiling"], stable[person])
        much = amount(*(landmarks[f"{person}_{which}"] for which in ("neutral", "smiling")))
        coded = [f"{min(much * EMOTION_UNITS['happy'].get(unit, 0.0), MAX_AU):.2f}" for unit in units]
        smile = ["happy", f"{much:.3f}", *coded]
        subject, other = f"smiling-{person}", f"onward-{person}"
        rows.append([neutral, subject, "train", "neutral", "1.000", *["0.00"] * len(units)])
        rows.append([smiling, subject, "train", *smile])
        onward.append([smiling, other, "train", *smile])
        for row in drawn:
            if row.get("subject") == person:
                file = f"drawn_{pathlib.Path(row['file']).name}"
                files.write_bytes(output / file, (root / DRAWN).parent.joinpath(row["file"]).read_bytes())
                onward.append([file, other, "train", row["expression"], "1", *(row.get(unit) or "0" for unit in units)])
        amounts.append(much)
        names += [subject, other]
        points += [of_rig[person]] * 2
    np.savez(output / places.FILE, names=np.array(names), points=np.stack(points).astype(np.float32))
    shown = np.stack(list(of_photos.values())).astype(np.float32)
    np.savez(output / mouths.FILE, names=np.array(list(of_photos)), points=shown)
    head = ["file", "subject", "split", "expression", "amount", *units]
    files.write_text(output / ONWARD, _table(head, onward))
    files.write_text(output / MANIFEST, _table(head, rows))  # last: a set that has it is whole
    return (
        f"{output / MANIFEST}: {len(amounts)} people, whose smiles are {np.median(amounts):.2f} of a full one (median)"
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return table.getvalue()


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("rig", "data_dir", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    given = parser.parse_args(arguments)
    print(write(given.rig, given.data_dir, given.output))


if __name__ == "__main__":
    program.run(main)
