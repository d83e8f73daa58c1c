"""A data folder of made-up people, so that no benchmark needs real photos."""

import pathlib

import numpy as np
from PIL import Image

EXPRESSIONS = ("neutral", "happy", "sad", "angry", "surprised", "fearful", "disgusted")


def write(folder: pathlib.Path, num_people: int, side: int) -> None:
    """Writes folder/faces/SUBJECT/EXPRESSION/photo.jpg, one of `side` pixels for each person and expression.

    The pictures are coarse random blocks: they take about as long to decode as photos, and look like nobody.
    """
    for person in range(num_people):
        for k, expression in enumerate(EXPRESSIONS):
            path = folder / "faces" / f"p{person:04d}" / expression / "photo.jpg"
            path.parent.mkdir(parents=True)
            blocks = np.random.default_rng([person, k]).integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(blocks).resize((side, side), Image.Resampling.BICUBIC).save(path, quality=90)
