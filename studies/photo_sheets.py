"""The pictures of docs/photos.md: whole photos before and after, side by side."""

import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from cdaae_jax.data.alignment import crop
from cdaae_jax.photos import editing, formats, region
from cdaae_jax.sampling import Sampler

Pixels = UInt8[np.ndarray, "height width 3"]
EXPRESSIONS = ("happy", "surprised", "angry")
CANVAS = (4000, 3000)
GAP = 4


def sheet(sampler: Sampler, files: Sequence[pathlib.Path], cell: tuple[int, int], columns: int = 2) -> Pixels:
    """Photos, each beside its edits of EXPRESSIONS, a few of them in a row.

    Args:
      sampler: makes the edits.
      files: photos in each of which a face is found.
      cell: width and height that each photo is fitted into.
      columns: photos in a row.
    """
    rows = []
    for start in range(0, len(files), columns):
        row = []
        for file in files[start : start + columns]:
            photo = formats.open_photo(file).pixels
            edits = (sampler.edit_photo(photo, name) for name in EXPRESSIONS)
            row += [fitted(one, cell) for one in (photo, *edits)]
        rows.append(row)
    return laid_out(rows)


def two_people(files: Sequence[pathlib.Path]) -> Pixels:
    """A canvas of 4,000 x 3,000 pixels with two photos on it, the first one larger; the ground is drawn."""
    across, down = np.meshgrid(np.linspace(0, 1, CANVAS[0]), np.linspace(0, 1, CANVAS[1]))
    stripes = 6 * np.sin(40 * across + 15 * down)
    ground = np.stack([170 + 20 * down, 180 - 10 * across, 185 + 10 * across], axis=-1) + stripes[..., None]
    canvas = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
    for file, (side, left, top) in zip(files, ((1900, 250, 900), (1300, 2450, 400)), strict=True):
        photo = Image.fromarray(formats.open_photo(file).pixels)
        canvas.paste(photo.resize((side, side), Image.Resampling.BICUBIC), (left, top))
    return np.asarray(canvas)


def one_by_one(sampler: Sampler, canvas: Pixels, label: str, cell: tuple[int, int]) -> tuple[Pixels, list[str]]:
    """The canvas, each of its faces changed alone, and both; and lines that say which pixels differ."""
    shown, lines = [fitted(canvas, cell)], []
    faces = {0: (0, 2150), 1: (2450, CANVAS[0])}  # the columns of each photo on the canvas
    for which in (0, 1, "all"):
        edited = sampler.edit_photo(canvas, label, face=which)
        differs = (edited != canvas).any(axis=-1)
        allowed = np.zeros(CANVAS[0], bool)
        for number, (first, last) in faces.items():
            allowed[first:last] |= which in (number, "all")
        rows, columns = np.nonzero(differs)
        box = f"{columns.min()} to {columns.max()} | {rows.min()} to {rows.max()}"
        lines.append(f"| `face={which!r}` | {differs.sum():,} | {box} | {int(differs[:, ~allowed].sum())} |")
        shown.append(fitted(edited, cell))
    return laid_out([shown[:2], shown[2:]]), lines


def enlarged(sampler: Sampler, file: pathlib.Path, label: str, side: int) -> Pixels:
    """One face three times: as it is, the network's small picture enlarged, and the change made at full size."""
    photo = formats.open_photo(file).pixels
    (face,) = editing.chosen_faces(editing.shared_finder(), photo, "largest", file.name)
    matrix = region.placement(face, sampler.alignment) @ np.diag([1 / side, 1 / side, 1])
    small = sampler.edit(editing.aligned_face(photo, face, sampler.image_size, sampler.alignment), label)
    large = np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))
    full = crop(sampler.edit_photo(photo, label), matrix, side)
    return laid_out([[crop(photo, matrix, side), large, full]])


def fitted(photo: Pixels, cell: tuple[int, int]) -> Pixels:
    """The photo, scaled to fit into a cell, on white."""
    picture = Image.fromarray(photo)
    picture.thumbnail(cell, Image.Resampling.LANCZOS)
    ground = Image.new("RGB", cell, "white")
    ground.paste(picture, ((cell[0] - picture.width) // 2, (cell[1] - picture.height) // 2))
    return np.asarray(ground)


def laid_out(rows: Sequence[Sequence[Pixels]]) -> Pixels:
    """Pictures of one size in rows on white; the last row may be shorter."""
    height, width = rows[0][0].shape[:2]
    most = max(map(len, rows))
    made = np.full((len(rows) * (height + GAP) - GAP, most * (width + GAP) - GAP, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for k, picture in enumerate(row):
            top, left = i * (height + GAP), k * (width + GAP)
            made[top : top + height, left : left + width] = picture
    return made


def write(path: pathlib.Path, picture: Pixels, quality: int = 82) -> None:
    """Writes a figure as JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, "JPEG", quality=quality, optimize=True)
