"""A photo in, the same photo out, with another expression: `Sampler.edit_photo`."""

import functools
import io
import logging
import os
import pathlib
from typing import Protocol

import jax
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from cdaae_jax import files, provenance
from cdaae_jax.data.alignment import Geometry, crop
from cdaae_jax.errors import UserError
from cdaae_jax.faces import Face, FaceFinder
from cdaae_jax.labels import Label
from cdaae_jax.models.change import LARGEST_AMOUNT, Change
from cdaae_jax.photos import formats, iptc, names, region
from cdaae_jax.photos.exif import without_thumbnail
from cdaae_jax.photos.formats import Given, Opened

Pixels = UInt8[np.ndarray, "height width 3"]
Which = str | int
Mark = bool | provenance.Credentials

SMALL_FACE = 48  # pixels; of smaller ones there is little to see, and the network knows none like them
_MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_LOG = logging.getLogger(__name__)


class Changer(Protocol):
    """What photos need of a `Sampler`."""

    @property
    def image_size(self) -> int:
        """Pixels of the pictures that it takes."""

    @property
    def alignment(self) -> Geometry:
        """Where the pupils lie in pictures of its training set."""

    def change(self, image: np.ndarray, label: Label) -> Change:
        """See `Sampler.change`."""

    def change_by(self, image: np.ndarray, label: Label, amount: float) -> tuple[Change, float]:
        """See `Sampler.change_by`."""


@functools.cache
def shared_finder() -> FaceFinder:
    """Returns the face finder that all photos of this process are looked at with; errors as in `FaceFinder.load`."""
    return FaceFinder.load()


def edit_photo(
    sampler: Changer, photo: Given, label: Label, amount: float = 1.0, face: Which = "largest", mark: Mark = True
) -> Given:
    """Does what `Sampler.edit_photo` says."""
    if not 0 <= amount <= LARGEST_AMOUNT:
        raise UserError(f"amount is {amount:g}; allowed: 0 to {LARGEST_AMOUNT:g}")
    if isinstance(mark, provenance.Credentials) and not isinstance(photo, str | os.PathLike | bytes):
        raise UserError("only files can be signed; give the photo as a path or as bytes")
    output = None
    if isinstance(photo, str | os.PathLike):
        output = names.beside(pathlib.Path(photo), names.suffix_of(label, amount=amount, face=face))
        if output.exists():
            raise UserError(f"{output} is there already; move it away, or give the photo as bytes")
    opened = formats.open_photo(photo)
    faces = chosen_faces(shared_finder(), opened.pixels, face, opened.name)
    edited = edit_faces(sampler, opened.pixels, faces, label, amount)
    picture = formats.put_back(opened, edited)
    if isinstance(photo, np.ndarray):
        return np.asarray(picture).reshape(photo.shape)
    if isinstance(photo, Image.Image):
        picture.info = _metadata(opened, bool(mark))
        return picture
    content = encoded(opened, picture, mark)
    if output is None:
        return content
    files.write_bytes(output, content)
    return str(output) if isinstance(photo, str) else output


def chosen_faces(finder: FaceFinder, pixels: Pixels, which: Which, name: str = "the photo") -> list[Face]:
    """Returns the faces of a photo that are asked for.

    Args:
      finder: finds them.
      pixels: the photo, uint8 [H, W, 3].
      which: "largest", "all", or a number from 0 in the order of size, the largest first.
      name: of the photo, for messages.

    Raises:
      UserError: there is no face, or none of that number; or `which` is something else.
    """
    if which not in ("largest", "all") and (isinstance(which, bool) or not isinstance(which, int) or which < 0):
        raise UserError(f"face is {which!r}; allowed: 'largest', 'all' or a number from 0, the largest face first")
    found = finder.find(pixels, most=1) if which == "largest" else finder.find(pixels)
    if not found:
        raise UserError(f"no face was found in {name}; give a photo in which a face can be seen from the front")
    if isinstance(which, int):
        if which >= len(found):
            raise UserError(f"face is {which}, but {name} shows {len(found)}; allowed: 0 to {len(found) - 1}")
        found = [found[which]]
    for face in found:
        if face.size < SMALL_FACE:
            _LOG.warning("a face in %s is only %d pixels large; its edit may be poor", name, face.size)
    return found


def edit_faces(sampler: Changer, pixels: Pixels, faces: list[Face], label: Label, amount: float = 1.0) -> Pixels:
    """Returns a photo with the expression of these faces changed; every pixel elsewhere is the photo's.

    Args:
      sampler: makes the changes.
      pixels: uint8 [H, W, 3].
      faces: where they are in it.
      label: as in `Sampler.edit`, for all of them.
      amount: 0 to 1.5.
    """
    aligned = np.stack([aligned_face(pixels, face, sampler.image_size, sampler.alignment) for face in faces])
    changes, part = sampler.change_by(aligned, label, amount)
    for number, face in enumerate(faces):
        one = jax.tree.map(lambda field, number=number: field[number : number + 1], changes)
        pixels = region.apply_to_face(pixels, one, face, part, sampler.alignment)
    return pixels


def aligned_face(pixels: Pixels, face: Face, size: int, geometry: Geometry) -> UInt8[np.ndarray, "size size 3"]:
    """Returns a face, turned, scaled and cropped as the pictures of a training set."""
    matrix = region.placement(face, geometry)
    corners = matrix @ np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]])
    limit = np.array(pixels.shape[1::-1])
    # Only the part around it is reduced to the size that is needed: the rest of a large photo would take longer.
    room = max(8, int(np.ptp(corners) / size) * 4)
    left, top = np.clip(np.floor(corners.min(axis=1)).astype(int) - room, 0, limit - 1)
    right, bottom = np.clip(np.ceil(corners.max(axis=1)).astype(int) + room, (left + 1, top + 1), limit)
    matrix = (matrix - np.array([[0, 0, left], [0, 0, top]])) @ np.diag([1 / size, 1 / size, 1])
    return crop(pixels[top:bottom, left:right], matrix, size)


def encoded(opened: Opened, picture: Image.Image, mark: Mark) -> bytes:
    """Returns an edited photo as a file of the format it came in, with its metadata.

    Raises:
      UserError: it cannot be signed.
    """
    stored = opened.stored
    info = _metadata(opened, bool(mark))
    options = formats.save_options(opened)
    options |= {key: info[key] for key in ("exif", "icc_profile") if info.get(key)}
    xmp = info.get("xmp", b"")
    if stored.format in ("JPEG", "MPO") and "photoshop" in info:
        options["extra"] = iptc.segment(info["photoshop"][iptc.RESOURCE])
    if stored.format == "PNG":
        options["pnginfo"] = texts = formats.texts(opened)
        if xmp:
            texts.add_itxt("XML:com.adobe.xmp", xmp.decode("utf-8"))
    elif xmp and stored.format in ("JPEG", "MPO", "WEBP", "HEIF"):
        options["xmp"] = xmp
    elif mark:
        _LOG.warning("%s is a %s file, which cannot say that it was edited", opened.name, stored.format)
    picture.info = {key: value for key, value in info.items() if key in ("transparency", "background")}
    file = io.BytesIO()
    picture.save(file, "JPEG" if stored.format == "MPO" else stored.format, **options)
    if isinstance(mark, provenance.Credentials):
        media_type = _MEDIA_TYPES.get(str(stored.format), f"image/{stored.format}".lower())
        return provenance.signed(file.getvalue(), opened.content, media_type, mark)
    return file.getvalue()


def _metadata(opened: Opened, mark: bool) -> dict:
    """Returns what Pillow knows of the photo beside pixels, without pictures of the unedited face, and marked."""
    info = dict(opened.stored.info)
    exif = info.get("exif") or (opened.stored.getexif().tobytes() if opened.stored.getexif() else b"")
    info.pop("exif", None)
    if exif and (cleaned := without_thumbnail(exif)):
        info["exif"] = cleaned
    if block := iptc.block_of(info.pop("photoshop", {})):
        info["photoshop"] = {iptc.RESOURCE: block}
    xmp = info.pop("xmp", None) or info.pop("XML:com.adobe.xmp", None) or b""
    info.pop("XML:com.adobe.xmp", None)
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    xmp = provenance.marked(xmp) if mark else provenance.without_thumbnails(xmp)
    if xmp:
        info["xmp"] = xmp
    return info
