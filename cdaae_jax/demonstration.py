"""What a model can do, on one photo: an edit for each of its labels, and all of them on one sheet."""

import io
import pathlib

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from cdaae_jax import files, images, pretrained
from cdaae_jax.sampling import Sampler

DRAWN = pretrained.PORTRAITS / "p000031.jpg"
_AU_AMOUNT = 4  # of 5, FACS grade D
_TILE = 256  # pixels


def show(sampler: Sampler, photo: pathlib.Path | None, output: pathlib.Path) -> tuple[list[pathlib.Path], pathlib.Path]:
    """Edits a photo by each label of a model, but for `neutral`.

    Args:
      sampler: the model.
      photo: any photo with a face in it; None is the drawn face `DRAWN`, which is aligned already, so that nothing has
        to find it.
      output: the folder for the pictures, made if missing; those of the same names are replaced.

    Returns:
      The edited photos, and the sheet that shows them all after the photo itself.

    Raises:
      UserError: the photo cannot be used, has no face, or the pictures cannot be written.
    """
    original = photo or DRAWN
    picture = images.read(original)
    tiles, edits = [_tile(picture)], []
    for name in sampler.labels.names:
        if name == "neutral":
            continue
        label = f"{name}={_AU_AMOUNT}" if sampler.labels.is_unit(name) else name
        edits.append(output / f"{original.stem}.{name}{original.suffix}")
        if photo is None:
            edited = sampler.change(picture, label).apply(picture)
            images.write(edits[-1], edited)
        else:
            content = sampler.edit_photo(original.read_bytes(), label)
            files.write_bytes(edits[-1], content)
            edited = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))
        tiles.append(_tile(edited))
    sheet = output / f"{original.stem}.sheet.png"
    columns = int(np.ceil(np.sqrt(len(tiles) * 1.6)))
    images.write(sheet, images.grid([tiles[start : start + columns] for start in range(0, len(tiles), columns)]))
    return edits, sheet


def _tile(picture: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "t t 3"]:
    """Returns a picture, whole, in a white square of the sheet."""
    return np.asarray(ImageOps.pad(Image.fromarray(picture), (_TILE, _TILE), color="white"))
