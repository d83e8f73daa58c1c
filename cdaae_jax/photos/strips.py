"""Several pictures of one photo in a file: an animated way from one expression to another, and before beside after."""

import dataclasses
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageChops, PngImagePlugin

from cdaae_jax import provenance
from cdaae_jax.faces import Face
from cdaae_jax.photos import editing
from cdaae_jax.photos.editing import Pixels
from cdaae_jax.photos.formats import Opened
from cdaae_jax.sampling import Sampler

ENDINGS = (".gif", ".webp")
BESIDE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
LARGEST_SIDE = 960  # pixels of a strip's longer side; a GIF of a whole phone photo would have 100 megabytes
_STEP_MILLISECONDS, _END_MILLISECONDS = 90, 700
_QUALITY = 92


def strip(
    sampler: Sampler,
    pixels: Pixels,
    faces: list[Face],
    labels: Sequence[np.ndarray],
    amount: float,
    mark: bool,
    ending: str,
) -> bytes:
    """Returns an animated file that shows a photo in one expression after the other and back again, for ever.

    Args:
      sampler: the model.
      pixels: the photo; larger ones are made smaller, to LARGEST_SIDE.
      faces: of it, those to change.
      labels: label vectors, at least two.
      amount: 0 to 1.5.
      mark: say in the metadata that it was edited.
      ending: ".gif", which has 256 colours, or ".webp".
    """
    pixels, faces = _smaller(pixels, faces)
    there = [Image.fromarray(editing.edit_faces(sampler, pixels, faces, label, amount)) for label in labels]
    pictures = there + there[-2:0:-1]
    milliseconds = [_STEP_MILLISECONDS] * len(pictures)
    milliseconds[0] = milliseconds[len(there) - 1] = _END_MILLISECONDS
    options: dict[str, Any] = {"save_all": True, "append_images": pictures[1:], "duration": milliseconds, "loop": 0}
    if ending.lower() == ".gif":
        pictures = _in_one_palette(pictures)
        options["append_images"] = pictures[1:]
        options["comment"] = f"Digital source type: {provenance.SOURCE_TYPE}" if mark else ""
        return _saved(pictures[0], "GIF", options)
    if mark:
        options["xmp"] = provenance.marked(None)
    return _saved(pictures[0], "WEBP", options | {"quality": _QUALITY})


def side_by_side(opened: Opened, edited: Pixels, mark: bool, ending: str) -> bytes:
    """Returns a file that shows a photo as it was on the left, and edited on the right.

    Args:
      opened: the photo.
      edited: the same, edited.
      mark: say in the metadata that it was edited.
      ending: of BESIDE_ENDINGS.
    """
    picture = Image.fromarray(np.concatenate([opened.pixels, edited], axis=1))
    options: dict[str, Any] = {"quality": _QUALITY}
    if opened.stored.mode in ("RGB", "RGBA") and opened.stored.info.get("icc_profile"):
        options["icc_profile"] = opened.stored.info["icc_profile"]  # of grey and of inks it would not fit
    xmp = provenance.marked(None) if mark else None
    if ending.lower() == ".png":
        options["pnginfo"] = texts = PngImagePlugin.PngInfo()
        if xmp:
            texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        return _saved(picture, "PNG", options)
    if xmp:
        options["xmp"] = xmp
    return _saved(picture, "WEBP" if ending.lower() == ".webp" else "JPEG", options)


def _smaller(pixels: Pixels, faces: list[Face]) -> tuple[UInt8[np.ndarray, "height width 3"], list[Face]]:
    height, width = pixels.shape[:2]
    scale = LARGEST_SIDE / max(height, width)
    if scale >= 1:
        return pixels, faces
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))
    factor = np.array(size, np.float32) / (width, height)
    return small, [dataclasses.replace(face, points=face.points * factor) for face in faces]


def _in_one_palette(pictures: list[Image.Image]) -> list[Image.Image]:
    """Returns pictures of 256 colours, the same ones for all; where nothing moves, nothing flickers either."""
    palette = _palette(pictures[0], pictures[len(pictures) // 2])
    first, still = np.asarray(pictures[0]), np.asarray(pictures[0].quantize(palette=palette))
    coloured = []
    for picture in pictures:
        moves = (np.asarray(picture) != first).any(axis=-1)
        entries = np.where(moves, np.asarray(picture.quantize(palette=palette)), still)
        one = Image.fromarray(entries, "P")
        one.putpalette(palette.getpalette("RGB") or [])
        coloured.append(one)
    return coloured


def _palette(begin: Image.Image, end: Image.Image) -> Image.Image:
    """Returns the colours of a photo's two ends, the face counting as much as all around it: lips need their own."""
    difference = ImageChops.difference(begin, end).getbbox() or (0, 0, *begin.size)
    faces = [picture.crop(difference) for picture in (begin, end)]
    whole = begin.resize(faces[0].size, Image.Resampling.NEAREST)
    return Image.fromarray(np.concatenate([np.asarray(one) for one in (*faces, whole)])).quantize(256)


def _saved(picture: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
