"""All pictures of a set, small, on pages: what somebody looks at to see that the alignment is right."""

import pathlib
from collections.abc import Sequence

import numpy as np
import tqdm
from PIL import Image, ImageDraw

from cdaae_jax import images

_SIDE = 96
_COLUMNS, _ROWS = 14, 20


def write(folder: pathlib.Path, pictures: Sequence[pathlib.Path]) -> None:
    """Writes contact_sheet_1.jpg and so on; each picture bears its line in a manifest of this order.

    Pages that a larger set has left are removed.

    Raises:
      UserError: a picture cannot be read, or a page not be written.
    """
    per_page = _COLUMNS * _ROWS
    pages = [range(start, min(start + per_page, len(pictures))) for start in range(0, len(pictures), per_page)]
    with tqdm.tqdm(total=len(pictures), desc="contact sheets", unit=" photos", disable=None) as progress:
        for number, page in enumerate(pages, start=1):
            thumbnails = []
            for i in page:
                thumbnails.append(_thumbnail(pictures[i], i + 2))  # line 1 names the columns
                progress.update()
            rows = [thumbnails[start : start + _COLUMNS] for start in range(0, len(thumbnails), _COLUMNS)]
            images.write(folder / f"contact_sheet_{number}.jpg", images.grid(rows))
    number = len(pages) + 1
    while (left := folder / f"contact_sheet_{number}.jpg").exists():
        left.unlink()
        number += 1


def _thumbnail(file: pathlib.Path, line: int) -> np.ndarray:
    picture = Image.fromarray(images.fit(images.read(file), _SIDE))
    ImageDraw.Draw(picture).text((2, _SIDE - 11), str(line), fill="white", stroke_width=1, stroke_fill="black")
    return np.asarray(picture)
