"""How a model's edits hold up outside the studio: portraits that are aligned here, in every expression, on one sheet.

python -m studies.anywhere --checkpoint=runs/emotion --judges=runs/judges --portraits=FOLDER --output=anywhere.jpg

Each row shows a portrait as it was aligned, then each expression. Portraits without a face are named and left out.
"""

import argparse
import dataclasses
import pathlib
import sys

import numpy as np

from cdaae_jax import images
from cdaae_jax.data.alignment import align
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges.landmarks import Landmarker
from cdaae_jax.faces.networks import PUPILS
from cdaae_jax.sampling import Sampler
from studies import program

SIZE = 256


def aligned(landmarker: Landmarker, photo: np.ndarray) -> np.ndarray | None:
    """Returns the face of a photo, uint8 [256, 256, 3], aligned as training pictures are; None where none is found."""
    found = landmarker.find(photo[None])
    if not found.found[0]:
        return None
    left, right = sorted(tuple(map(float, found.points[0][pupil])) for pupil in PUPILS)
    return align(photo, left, right, SIZE)


def sheet(sampler: Sampler, landmarker: Landmarker, photos: dict[str, np.ndarray]) -> np.ndarray:
    """Returns the sheet of photos by name.

    Raises:
      UserError: no face in any of them.
    """
    sampler = dataclasses.replace(sampler, image_size=SIZE)
    expressions = [name for name in sampler.labels.names if name != "neutral"]
    rows = []
    for name, photo in photos.items():
        face = aligned(landmarker, photo)
        if face is None:
            print(f"{name}: no face found", file=sys.stderr)
            continue
        rows.append([face, *sampler.edit(face, expressions)])
    if not rows:
        raise UserError("there is no face in any of the portraits; give photos in which one face is large and upright")
    return images.grid(rows)


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the sheet.

    Raises:
      UserError: there are no pictures or no faces, or something cannot be read or written.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("checkpoint", "judges", "portraits", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    given = parser.parse_args(arguments)
    files = sorted(file for file in given.portraits.glob("*") if file.suffix.lower() in images.SUFFIXES)
    if not files:
        raise UserError(f"{given.portraits} holds no pictures; allowed: {', '.join(images.SUFFIXES)} files")
    photos = {file.name: images.read(file, smallest=64) for file in files}
    sampler, landmarker = Sampler.from_checkpoint(given.checkpoint), Landmarker.load(given.judges)
    images.write(given.output, sheet(sampler, landmarker, photos))


if __name__ == "__main__":
    program.run(main)
