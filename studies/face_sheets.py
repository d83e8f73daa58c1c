"""Draws the contact sheets of docs/synthetic_faces.md: people, action units one by one, and emotions.

    python -m studies.face_sheets --output=docs/synthetic_faces

writes people.png, action_units.png and emotions.png. The people are the first ones of the default set and of its
test split, whatever they look like; action units are shown on the first of these whose brows neither hair nor glasses
cover. --first_person and --first_test_person choose others.
"""

import argparse
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cdaae_jax import images
from cdaae_jax.data.synthetic_faces import renderer
from cdaae_jax.data.synthetic_faces.portraits import subject_id
from cdaae_jax.data.synthetic_faces.truth import truth_batch
from cdaae_jax.errors import UserError
from cdaae_jax.labels import ACTION_UNITS, DISFA_AUS, EMOTIONS

TILE, GAP = 128, 2
LINE = 20  # height of a line of text
FONT = ImageFont.load_default(14)
PEOPLE, COLUMNS = 24, 8
INTENSITIES = (1, 2, 3, 4, 5)
EMOTION_PEOPLE = 4


def sheet(rows, above, left, left_width):
    """Pictures in rows on white, with a text above each column and beside each row.

    Args:
      rows: lists of uint8 [TILE, TILE, 3].
      above: a text per column; none leaves no room for it.
      left: a text per row; several lines are set one below the other.
      left_width: pixels for these.

    Returns:
      uint8 [H, W, 3].
    """
    grid = images.grid(rows, GAP)
    top = LINE if above else 0
    page = Image.new("RGB", (left_width + grid.shape[1], top + grid.shape[0]), "white")
    page.paste(Image.fromarray(grid), (left_width, top))
    draw = ImageDraw.Draw(page)
    step = TILE + GAP
    for i, text in enumerate(above):
        draw.text((left_width + i * step + TILE // 2, LINE // 2), text, fill="black", font=FONT, anchor="mm")
    for i, text in enumerate(left):
        place = (left_width - 8, top + i * step + TILE // 2)
        draw.multiline_text(place, text, fill="black", font=FONT, anchor="rm", align="right")
    return np.asarray(page)


def people_sheet(first):
    """Neutral pictures of the people from number `first` on, in rows of COLUMNS."""
    names = [subject_id(first + i) for i in range(PEOPLE)]
    pictures = truth_batch(names, ["neutral"], TILE)
    starts = range(0, PEOPLE, COLUMNS)
    rows = [pictures[start : start + COLUMNS] for start in starts]
    return sheet(rows, [], [f"{names[start]}\nto {names[start + COLUMNS - 1][-3:]}" for start in starts], 76)


def bare_browed(first):
    """The number of the first person from `first` on without fringe and glasses."""
    person = first
    while (identity := renderer.sample_identity(person)).fringe > 0 or identity.glasses > 0:
        person += 1
    return person


def action_units_sheet(person):
    """Each AU of DISFA alone, at every intensity."""
    labels = [{unit: intensity} for unit in DISFA_AUS for intensity in INTENSITIES]
    pictures = truth_batch([subject_id(person)], labels, TILE)
    rows = [pictures[start : start + len(INTENSITIES)] for start in range(0, len(labels), len(INTENSITIES))]
    names = [f"{unit}\n{ACTION_UNITS[unit]}" for unit in DISFA_AUS]
    return sheet(rows, [f"intensity {intensity}" for intensity in INTENSITIES], names, 150)


def emotions_sheet(first):
    """The eight emotions of a few people."""
    names = [subject_id(first + i) for i in range(EMOTION_PEOPLE)]
    rows = [truth_batch([name], EMOTIONS, TILE) for name in names]
    return sheet(rows, EMOTIONS, names, 76)


def main(argv=None):
    """Reads the flags and draws the three sheets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, required=True, help="folder for the three PNG files")
    parser.add_argument("--first_person", type=int, default=0, help="number of the first of the people shown")
    parser.add_argument("--first_test_person", type=int, default=104, help="whose AUs and emotions are shown")
    args = parser.parse_args(argv)
    drawn = {
        "people": people_sheet(args.first_person),
        "action_units": action_units_sheet(bare_browed(args.first_test_person)),
        "emotions": emotions_sheet(args.first_test_person),
    }
    for name, picture in drawn.items():
        path = args.output / f"{name}.png"
        images.write(path, picture)
        print(f"{path}: {picture.shape[1]}x{picture.shape[0]} px, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"face_sheets.py: {error}")
