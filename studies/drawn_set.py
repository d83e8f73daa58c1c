"""Makes a data set of what a rig has drawn: one manifest, the neutral photos, and where the faces' landmarks are.

python -m studies.drawn_set --rig=RIG --drawn=DATA/mixed128

RIG is the rig's folder or what `studies.mixed_people` wrote: portraits, landmarks68.npz and people.csv. DRAWN is what
the rig drew of these people (its option --output): pictures in emotion/ or au/, and their lists emotion.csv or au.csv,
also in parts (emotion_0.csv). DRAWN gets all.csv, a manifest with the people's splits, neutral/, the portraits as large
as what was drawn, and landmarks68.npz (`cdaae_jax.data.places`).
"""

import argparse
import csv
import io
import pathlib
import shutil

from PIL import Image

from cdaae_jax import files, images
from cdaae_jax.errors import UserError
from studies import program
from studies.rig import PEOPLE, POINTS, require

MANIFEST = "all.csv"
QUALITY = 92  # of the neutral photos' JPEG
Row = dict[str, str]


def write(rig: pathlib.Path, drawn: pathlib.Path) -> str:
    """Writes the set and returns what it holds, in words.

    Raises:
      UserError: a file is missing, or nobody of the rig was drawn.
    """
    require(rig)
    lists = sorted(path for kind in ("emotion", "au") for path in drawn.glob(f"{kind}*.csv"))
    pictures = [row for path in lists for row in _rows(path) if (drawn / row["file"]).is_file()]
    people = {row["subject"]: row for row in _rows(rig / PEOPLE)}
    pictures = [row for row in pictures if row["subject"] in people]
    if not pictures:
        raise UserError(f"{drawn} lists no picture of the people of {rig}; draw them with the rig's --output={drawn}")
    side = images.size_of(drawn / pictures[0]["file"])[0]
    units = [name for name in pictures[0] if name.startswith("AU")]
    subjects = sorted({row["subject"] for row in pictures})
    (drawn / "neutral").mkdir(exist_ok=True)
    neutral = []
    for subject in subjects:
        file = f"neutral/{subject}.jpg"
        with Image.open(rig / people[subject]["file"]) as portrait:
            small = portrait.convert("RGB").resize((side, side), Image.Resampling.BOX)
        small.save(drawn / file, quality=QUALITY)
        told = {"file": file, "subject": subject, "expression": "neutral", "amount": "1"}
        neutral.append(told | dict.fromkeys(units, "0"))
    table = io.StringIO()
    fields = ["file", "subject", "split", "expression", "amount", *units]
    writer = csv.DictWriter(table, fields, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in neutral + pictures:
        writer.writerow(row | {"split": people[row["subject"]]["split"]})
    shutil.copyfile(rig / POINTS, drawn / POINTS)
    files.write_text(drawn / MANIFEST, table.getvalue())
    return f"{drawn / MANIFEST}: {len(subjects)} people, {len(pictures)} drawn pictures of {side} px"


def _rows(path: pathlib.Path) -> list[Row]:
    with path.open(newline="") as listed:
        return list(csv.DictReader(listed))


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line, writes the set and says what it holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rig", type=pathlib.Path, required=True)
    parser.add_argument("--drawn", type=pathlib.Path, required=True)
    given = parser.parse_args(arguments)
    print(write(given.rig, given.drawn))


if __name__ == "__main__":
    program.run(main)
