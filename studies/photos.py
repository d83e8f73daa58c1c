"""Makes everything that docs/photos.md shows of edits of whole photos: the sheets, and the numbers.

python -m studies.photos --checkpoint=runs/emotion --data_dir=folder --output=docs/photos

The folder holds frl_london/raw_sample, one_person and anywhere. Needs the extra `photo`.
"""

import argparse
import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

from cdaae_jax import files, images
from cdaae_jax.errors import UserError
from cdaae_jax.photos import editing, formats
from cdaae_jax.sampling import Sampler
from studies import photo_sheets, program

# Which people are shown: any of the set may be. The two for the canvas, and those whose smile is to go.
PAIR = ("004_neutral.jpg", "008_neutral.jpg")
EYES = (150, 300, 500)  # pixels between the pupils in the photo of 12 megapixels


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the sheets and numbers.md.

    Raises:
      UserError: a folder or a file is missing, or no face is found in a photo.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("checkpoint", "data_dir", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    given = parser.parse_args(arguments)
    whole, turned, anywhere = (
        pictures(given.data_dir / name) for name in ("frl_london/raw_sample", "one_person", "anywhere")
    )
    neutral = [file for file in whole if "neutral" in file.name]
    sampler = Sampler.from_checkpoint(given.checkpoint)
    sheets = {
        "whole.jpg": photo_sheets.sheet(sampler, neutral, (190, 190)),
        "turned.jpg": photo_sheets.sheet(sampler, turned, (180, 240)),
        "anywhere.jpg": photo_sheets.sheet(sampler, anywhere, (180, 180)),
        "enlarged.jpg": photo_sheets.enlarged(sampler, given.data_dir / "one_person/30cm.jpg", "happy", 520),
    }
    canvas = photo_sheets.two_people([given.data_dir / "frl_london/raw_sample" / name for name in PAIR])
    sheets["two_people.jpg"], equal = photo_sheets.one_by_one(sampler, canvas, "happy", (640, 480))
    for name, picture in sheets.items():
        photo_sheets.write(given.output / name, picture)
    parts = [
        pupils(whole, given.data_dir / "frl_london/metadata.csv"),
        "\n".join([*EQUAL_HEAD, *equal]),
        jpeg(sampler, neutral),
        times(given.checkpoint, neutral[0]),
    ]
    files.write_text(given.output / "numbers.md", "\n\n".join(parts) + "\n")


EQUAL_HEAD = (
    "Two people on one canvas of 4,000 x 3,000 pixels: where pixels differ from the canvas.",
    "",
    "| asked for | pixels that differ | columns | rows | of these, beside the photos asked for |",
    "| --- | ---: | ---: | ---: | ---: |",
)


def pictures(folder: pathlib.Path) -> list[pathlib.Path]:
    """The folder's pictures by name; UserError where there are none."""
    found = sorted(file for file in folder.glob("*") if file.suffix.lower() in images.SUFFIXES)
    if not found:
        raise UserError(f"{folder} holds no pictures; give the folder that holds it as --data_dir")
    return found


def pupils(photos: list[pathlib.Path], table: pathlib.Path) -> str:
    """How far the pupils lie from those that the aligned pictures of the set were made with."""
    with open(table, newline="") as rows:
        known = {pathlib.Path(row["file"]).name: row for row in csv.DictReader(rows)}
    errors = []
    for file in photos:
        pixels = formats.open_photo(file).pixels
        (face,) = editing.chosen_faces(editing.shared_finder(), pixels, "largest", file.name)
        # The table counts in the pixels of the original, which is twice as large.
        eyes = [[float(known[file.name][f"{eye}_eye_{axis}"]) / 2 for axis in "xy"] for eye in ("left", "right")]
        reference = np.array(sorted(eyes))
        distance = np.linalg.norm(reference[1] - reference[0])
        errors.append(np.linalg.norm(np.array(face.pupils) - reference, axis=1).max() / distance)
    return (
        f"Pupils of the {len(errors)} whole London photos, from those of the reference crops: {np.mean(errors):.1%} of "
        f"the distance between the pupils (the mean of each photo's worse eye), at most {max(errors):.1%}."
    )


def jpeg(sampler: Sampler, photos: list[pathlib.Path]) -> str:
    """What compressing a JPEG file anew does to pixels that were not edited, and to the file's size."""
    worst, means, sizes = [], [], []
    for file in photos:
        content = file.read_bytes()
        before = formats.open_photo(content).pixels
        edited = sampler.edit_photo(content, "happy")
        after = np.asarray(Image.open(io.BytesIO(edited)))
        outside = np.ones(before.shape[:2], bool)
        rows, columns = np.nonzero((sampler.edit_photo(before, "happy") != before).any(axis=-1))
        # 16 pixels around: a block of a picture whose colours have half its size.
        first = np.maximum(0, [rows.min() - 16, columns.min() - 16])
        outside[first[0] : rows.max() + 16, first[1] : columns.max() + 16] = False
        difference = np.abs(after.astype(int) - before)[outside]
        worst.append(difference.max())
        means.append(difference.mean())
        sizes.append(len(edited) / len(content))
    return (
        f"JPEG, {len(photos)} London photos saved anew with their own tables: beside the face, grey levels differ "
        f"by {np.mean(means):.2f} on average and by {max(worst)} at most; files are {np.mean(sizes):.2f} times as big."
    )


def times(checkpoint: pathlib.Path, photo: pathlib.Path) -> str:
    """The tables of benchmarks/edit_photo.py for faces of three sizes."""
    results = []
    for eyes in EYES:
        with tempfile.TemporaryDirectory() as scratch:
            output = pathlib.Path(scratch) / "result.json"
            command = [sys.executable, "-m", "benchmarks.edit_photo", f"--checkpoint={checkpoint}", f"--photo={photo}"]
            subprocess.run([*command, f"--eyes={eyes}", f"--output={output}"], check=True)
            results.append(json.loads(output.read_text()))
    lines = [
        "A JPEG photo of 12 megapixels with one face: seconds of each stage when all is loaded (median of five).",
        "",
        "| stage | " + " | ".join(f"{eyes} px between the pupils" for eyes in EYES) + " |",
        "| --- |" + " ---: |" * len(EYES),
    ]
    for stage in results[0]["stages"]:
        lines.append(f"| {stage} | " + " | ".join(f"{one['stages'][stage]:.3f}" for one in results) + " |")
    for name, key, unit in (
        ("**all**", "seconds", ""), ("the first time, compiling", "first_seconds", ""),
        ("peak memory", "peak_mib", " MiB"), ("memory when all was loaded", "loaded_mib", " MiB"),
    ):  # fmt: skip
        digits = 0 if unit else 2
        lines.append(f"| {name} | " + " | ".join(f"{one[key]:.{digits}f}{unit}" for one in results) + " |")
    machine = results[0]["machine"]
    lines += [
        "",
        f"Measured on {machine['processors']} cores ({machine['processor']}), load {machine['load_average']:.1f}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    program.run(main)
