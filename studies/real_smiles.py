"""Makes a data set of training people's real smiles: how a generator learns what a smile looks like that nobody drew.

python -m studies.real_smiles --rig=RIG --data_dir=DATA --output=DATA/real_smiles

RIG holds people.csv (columns subject, split) and landmarks68.npz, DATA has frl_london/. OUTPUT gets the neutral and the
smiling photo of each person of London whose split is "train", the smile laid over the neutral photo; all.csv, whose
subjects have names of their own, so that sets can be weighed (`data.set_weights`); and landmarks68.npz
(`cdaae_jax.data.places`).

People smile as much as they do. The amount says how much, measured by how far the corners of the mouth go out and up,
against the full smile that the rig draws. Nobody has coded the action units of these photos: those in all.csv are the
drawn smile's, times the amount.
"""

import argparse
import csv
import io
import pathlib

import numpy as np
from jaxtyping import Float
from PIL import Image

from cdaae_jax import files
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import landmark_files, places
from cdaae_jax.errors import UserError
from cdaae_jax.labels import EMOTION_UNITS, MAX_AU, MAX_EMOTION
from studies import program
from studies.card_measures import LONDON
from studies.drawn_set import MANIFEST
from studies.rig import PEOPLE, POINTS, require

SIZE = 256
QUALITY = 95  # of JPEG
# How far the corners of the mouth go apart and up in a full smile of the rig, in widths of the neutral mouth: the means
# of 44 training people of frl_rig2, of whom they vary by 0.02 each.
FULL_SMILE = (0.258, 0.172)
_RIGHT_CORNER, _LEFT_CORNER, _UPPER_LIP, _LOWER_LIP = 48, 54, 51, 57

Points = Float[np.ndarray, "68 2"]


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


def _width(points: Points) -> float:
    return float(np.linalg.norm(points[_LEFT_CORNER] - points[_RIGHT_CORNER]))


def _height(points: Points) -> float:
    """How high the corners of the mouth lie above the middle of its lips."""
    lips, corners = points[[_UPPER_LIP, _LOWER_LIP], 1], points[[_RIGHT_CORNER, _LEFT_CORNER], 1]
    return float(lips.mean() - corners.mean())


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
    smile = EMOTION_UNITS["happy"]
    units = sorted({unit for drawn in EMOTION_UNITS.values() for unit in drawn}, key=lambda name: int(name[2:]))
    output.mkdir(parents=True, exist_ok=True)
    rows, names, points, amounts = [], [], [], []
    for record, label in zip(london.records, london.labels, strict=True):
        if record.subject not in trained_on:
            continue
        smiles, file = bool(label[happy] > 0), f"{pathlib.Path(record.name).stem}.jpg"
        found = (landmarks[f"{record.subject}_{which}"] for which in ("neutral", "smiling"))
        much = amount(*found) if smiles else 1.0
        Image.fromarray(record.load()).save(output / file, quality=QUALITY)
        subject = f"smiling-{record.subject}"
        coded = [f"{min(much * smile.get(unit, 0.0) * smiles, MAX_AU):.2f}" for unit in units]
        rows.append([file, subject, "train", "happy" if smiles else "neutral", f"{much:.3f}", *coded])
        if smiles:
            amounts.append(much)
            names.append(subject)
            points.append(of_rig[record.subject])
    if not amounts:
        raise UserError(f"nobody in {root / LONDON} is a training person of {rig / PEOPLE}; name the rig of frl_rig2")
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["file", "subject", "split", "expression", "amount", *units])
    writer.writerows(sorted(rows))
    np.savez(output / places.FILE, names=np.array(names), points=np.stack(points).astype(np.float32))
    files.write_text(output / MANIFEST, table.getvalue())  # last: a set that has it is whole
    return (
        f"{output / MANIFEST}: {len(amounts)} people, whose smiles are {np.median(amounts):.2f} of a full one (median)"
    )


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("rig", "data_dir", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    given = parser.parse_args(arguments)
    print(write(given.rig, given.data_dir, given.output))


if __name__ == "__main__":
    program.run(main)
