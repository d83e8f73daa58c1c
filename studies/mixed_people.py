"""Portraits of people who do not exist, each between two training people: more faces for a rig to draw expressions on.

python -m studies.mixed_people --rig=RIG --people=170 --output=MORE

RIG holds portraits/ (neutral, square, aligned), landmarks68.npz (`names`, and `points` [people, 68, 2] in pixels) and
people.csv (columns subject, file, gender, age, split). MORE gets the same three, whose people.csv also says who the
`parents` are; a rig draws them as it draws everybody. Only people whose split is "train" are mixed, and two of the same
gender. The shape lies between both; the skin is the first parent's, and in every second portrait the mean of both.

Morphs of faces: Benson & Perrett 1993. What it brought: docs/change.md.
"""

import argparse
import csv
import io
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image
from scipy import interpolate, ndimage

from cdaae_jax import files
from cdaae_jax.data import registration
from cdaae_jax.errors import UserError
from studies import program
from studies.rig import PEOPLE, POINTS, require

SHAPE_SHARES = (0.3, 0.8)  # of the second parent
SMOOTHING = 2.0  # pixels: skin does not bend along the edges of triangles
_RIGHT_EYE, _LEFT_EYE, _BROWS = slice(36, 42), slice(42, 48), slice(17, 27)
_FOREHEAD = 0.45  # distances between the eyes that hair lies above the brows

Points = Float[np.ndarray, "k 2"]
Picture = UInt8[np.ndarray, "s s 3"]


class Face(NamedTuple):
    """A portrait and where its 68 landmarks lie (x, y)."""

    picture: Picture
    points: Points


def mixed(first: Face, second: Face, shape_share: float, skin_share: float) -> Face:
    """Returns a face between two.

    Args:
      first: where the result lies in the picture, and how large it is.
      second: its portrait is as large as the first's.
      shape_share: how much of the shape is the second's, 0..1.
      skin_share: how much of the skin is the second's, 0..1.
    """
    onto = registration.similarity(second.points, first.points)
    moved = second.points @ onto[:, :2].T + onto[:, 2]
    points = (1 - shape_share) * first.points + shape_share * moved
    side = len(first.picture)
    made = (1 - skin_share) * _fetched(first.picture, _places(first.points, points, side))
    if skin_share:
        places = (_places(moved, points, side) - onto[:, 2]) @ np.linalg.inv(onto[:, :2]).T
        made = made + skin_share * _fetched(second.picture, places)
    return Face(np.clip(made + 0.5, 0, 255).astype(np.uint8), points)


def _places(points: Points, to: Points, side: int) -> Float[np.ndarray, "s s 2"]:
    """Returns from where (x, y) each pixel comes if points move, and with them the triangles between them."""
    rows, columns = np.mgrid[:side, :side].astype(float)
    fetch = interpolate.LinearNDInterpolator(_with_frame(to, side), _with_frame(points, side))
    return ndimage.gaussian_filter(fetch(columns, rows), (SMOOTHING, SMOOTHING, 0))


def _fetched(picture: Picture, places: Float[np.ndarray, "s s 2"]) -> Float[np.ndarray, "s s 3"]:
    """Returns a picture's colours at places, by a cubic."""
    channels = np.moveaxis(picture.astype(float), 2, 0)
    where = places[..., 1], places[..., 0]
    return np.stack([ndimage.map_coordinates(one, where, order=3, mode="nearest") for one in channels], axis=-1)


def _with_frame(points: Points, side: int) -> Points:
    """Returns the landmarks with points of the hairline, which follow the brows, and of the frame, which stay."""
    eyes = points[_RIGHT_EYE].mean(axis=0), points[_LEFT_EYE].mean(axis=0)
    hairline = points[_BROWS] - [0.0, _FOREHEAD * float(np.linalg.norm(eyes[0] - eyes[1]))]
    marks = np.linspace(0, side - 1, 5)
    frame = [(x, y) for x in marks for y in marks if x in marks[[0, -1]] or y in marks[[0, -1]]]
    within = np.clip(np.concatenate([points, hairline]), 1.0, side - 2.0)
    return np.concatenate([within, np.array(frame)])


def write(rig: pathlib.Path, output: pathlib.Path, count: int, seed: int) -> None:
    """Mixes people and writes portraits, landmarks and the list of them.

    Raises:
      UserError: a file of the rig is missing, no two people of a gender are trained on, the rig itself would be
        overwritten, or nobody is asked for.
    """
    if count < 1:
        raise UserError(f"--people={count}; allowed: 1 or more")
    if output.resolve() == rig.resolve():
        raise UserError(f"--output={output} is the rig itself, whose list would be lost; give another folder")
    require(rig)
    with np.load(rig / POINTS) as known:
        points = dict(zip(map(str, known["names"]), known["points"].astype(float), strict=True))
    with (rig / PEOPLE).open(newline="") as listed:
        people = [row for row in csv.DictReader(listed) if row["split"] == "train" and row["subject"] in points]
    genders = {one["gender"]: [other for other in people if other["gender"] == one["gender"]] for one in people}
    parents = [one for one in people if len(genders[one["gender"]]) > 1]
    if not parents:
        raise UserError(f"{rig / PEOPLE} names no two people of a gender whose split is train")

    missing = [one["file"] for one in parents if not (rig / one["file"]).is_file()]
    if missing:
        raise UserError(f"{rig} has no {missing[0]}, which {PEOPLE} names")

    def face(person: dict[str, str]) -> Face:
        with Image.open(rig / person["file"]) as portrait:
            return Face(np.asarray(portrait.convert("RGB")), points[person["subject"]])

    random = np.random.default_rng(seed)
    (output / "portraits").mkdir(parents=True, exist_ok=True)
    rows, shapes = [], []
    for index in range(count):
        first = parents[index % len(parents)]
        others = [other for other in genders[first["gender"]] if other is not first]
        second = others[random.integers(len(others))]
        made = mixed(face(first), face(second), random.uniform(*SHAPE_SHARES), 0.5 * (index % 2 == 0))
        name = f"m{index:03d}"
        Image.fromarray(made.picture).save(output / f"portraits/{name}.jpg", quality=95)
        ages = [float(one["age"]) for one in (first, second) if one["age"].replace(".", "").isdigit()]
        rows.append(
            {
                "subject": name,
                "file": f"portraits/{name}.jpg",
                "gender": first["gender"],
                "age": f"{np.mean(ages):g}" if ages else "",
                "split": "train",
                "parents": f"{first['subject']} {second['subject']}",
            }
        )
        shapes.append(made.points)
    np.savez(output / POINTS, names=np.array([row["subject"] for row in rows]), points=np.array(shapes, np.float32))
    listed = io.StringIO()
    writer = csv.DictWriter(listed, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    files.write_text(output / PEOPLE, listed.getvalue())


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the people."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rig", type=pathlib.Path, required=True)
    parser.add_argument("--people", type=int, default=170)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    given = parser.parse_args(arguments)
    write(given.rig, given.output, given.people, given.seed)


if __name__ == "__main__":
    program.run(main)
