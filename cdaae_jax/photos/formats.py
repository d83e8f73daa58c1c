"""Photos of many kinds: opened as upright RGB, and put back into the kind, layout and file format they came in."""

import dataclasses
import io
import os
import pathlib
import warnings
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from cdaae_jax.errors import UserError
from cdaae_jax.images import DAMAGE, MOST_PIXELS  # a photo takes some 20 bytes of memory a pixel

Given = str | os.PathLike | bytes | Image.Image | np.ndarray
Pixels = UInt8[np.ndarray, "height width 3"]

MOST_BYTES = 500_000_000  # of a file
_OWN = ("JPEG", "PNG", "WEBP", "BMP", "GIF")  # Pillow's; a JPEG file of several pictures becomes "MPO"
FORMATS = (*_OWN, "HEIF")
MODES = ("RGB", "RGBA", "L", "LA", "P", "CMYK")
_LOSSY_QUALITY = 92  # for formats whose own quality a file does not tell
_EXIF_ORIENTATION = 0x0112
_T = Image.Transpose
# How a stored picture is turned upright, and an upright one back, by EXIF orientation.
_UPRIGHT = {
    2: (_T.FLIP_LEFT_RIGHT, _T.FLIP_LEFT_RIGHT),
    3: (_T.ROTATE_180, _T.ROTATE_180),
    4: (_T.FLIP_TOP_BOTTOM, _T.FLIP_TOP_BOTTOM),
    5: (_T.TRANSPOSE, _T.TRANSPOSE),
    6: (_T.ROTATE_270, _T.ROTATE_90),
    7: (_T.TRANSVERSE, _T.TRANSVERSE),
    8: (_T.ROTATE_90, _T.ROTATE_270),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Opened:
    """A photo that was opened.

    Attributes:
      pixels: upright, RGB, transparency left out.
      stored: as it is in the file, loaded.
      orientation: EXIF's number, 1 to 8.
      name: of the photo, for messages.
      content: of the file; b"" for a picture that is in memory.
    """

    pixels: Pixels
    stored: Image.Image
    orientation: int
    name: str
    content: bytes = b""


def open_photo(given: Given) -> Opened:
    """Opens a photo.

    Args:
      given: a path, a file's bytes, a Pillow picture, or uint8 [H, W], [H, W, 1], [H, W, 3] or [H, W, 4].

    Raises:
      UserError: it cannot be read, or is of a kind that cannot be edited: its size, colours, depth, frames or format.
    """
    content = b""
    if isinstance(given, np.ndarray):
        stored, name = _from_array(given), "the photo"
    elif isinstance(given, Image.Image):
        stored, name = given, str(getattr(given, "filename", "") or "the photo")
    elif isinstance(given, bytes):
        content, name = given, "the photo"
        stored = _from_file(content, name)
    elif isinstance(given, str | os.PathLike):
        name = os.fspath(given)
        content = _content(pathlib.Path(given), name)
        stored = _from_file(content, name)
    else:
        raise UserError(
            f"a photo is a {type(given).__name__}; allowed: a path, bytes, a Pillow picture or a uint8 array"
        )
    _check(stored, name)
    try:
        stored.load()
        orientation = stored.getexif().get(_EXIF_ORIENTATION, 1)
        picture = _rgb(stored)
    except (*DAMAGE, MemoryError) as error:
        raise UserError(f"{name} cannot be read to its end ({error}); replace the file") from None
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation][0])
    return Opened(np.asarray(picture), stored, orientation, name, content)


def put_back(opened: Opened, edited: Pixels) -> Image.Image:
    """Returns an edited photo in the mode and the layout of the stored one; what was not edited is equal to it."""
    picture, stored = Image.fromarray(edited), opened.stored
    if opened.orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[opened.orientation][1])
    if stored.mode in ("RGBA", "LA"):
        picture = picture.convert(stored.mode[:-1])
        picture.putalpha(stored.getchannel("A"))
    elif stored.mode == "CMYK":
        picture = _as_cmyk(picture, stored)
    elif stored.mode == "P":
        picture = _with_palette(picture, stored)
    else:
        picture = picture.convert(stored.mode)
    return picture


def save_options(opened: Opened) -> dict[str, Any]:
    """Returns how a photo is saved as it was: Pillow's options beside metadata, by the format it has."""
    stored = opened.stored
    options: dict[str, Any] = {}
    if "dpi" in stored.info and stored.format != "HEIF":
        options["dpi"] = stored.info["dpi"]
    if isinstance(stored, JpegImagePlugin.JpegImageFile):
        options["qtables"] = list(stored.quantization.values())
        options["progressive"] = bool(stored.info.get("progressive"))
        sampling = JpegImagePlugin.get_sampling(stored)
        if sampling >= 0:
            options["subsampling"] = sampling
        if "comment" in stored.info:
            options["comment"] = stored.info["comment"]
    elif isinstance(stored, WebPImagePlugin.WebPImageFile):
        options |= (
            {"lossless": True, "exact": True} if _is_lossless_webp(opened.content) else {"quality": _LOSSY_QUALITY}
        )
    elif stored.format == "HEIF":
        options["quality"] = _LOSSY_QUALITY
    return options


def texts(opened: Opened) -> PngImagePlugin.PngInfo:
    """Returns the texts of a PNG file, but for its XMP and for EXIF written as text."""
    kept = PngImagePlugin.PngInfo()
    for key, text in getattr(opened.stored, "text", {}).items():
        if key == "XML:com.adobe.xmp" or key.lower().startswith("raw profile type"):
            continue
        if isinstance(text, PngImagePlugin.iTXt):
            kept.add_itxt(key, text, text.lang or "", text.tkey or "")
        else:
            kept.add_text(key, text)
    return kept


def _from_array(array: np.ndarray) -> Image.Image:
    shape = array.shape
    if (
        array.dtype != np.uint8
        or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4)))
        or not array.size
    ):
        raise UserError(
            f"a photo is an array of {array.dtype} {list(shape)}; allowed: uint8 [height, width] with 3 channels, "
            "1 or none (grey), or 4 (with alpha)"
        )
    return Image.fromarray(array[..., 0] if len(shape) == 3 and shape[2] == 1 else array)


def _content(path: pathlib.Path, name: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UserError(f"{name} has {_millions(size)} bytes; allowed are {_millions(MOST_BYTES)}: make it smaller")
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"there is no photo {name}; check the name") from None
    except OSError as error:
        raise UserError(f"{name} cannot be read ({error.strerror}); give a picture file") from None


def _from_file(content: bytes, name: str) -> Image.Image:
    formats: tuple[str, ...] = _OWN
    if content[4:8] == b"ftyp" and content[8:12] != b"avif":
        try:
            import pillow_heif  # an extra: the package works without it
        except ImportError as error:
            raise UserError(
                f"{name} is a HEIC picture, which needs the package pillow-heif ({error}); "
                "install it with: pip install 'cdaae_jax[heif]'"
            ) from None
        pillow_heif.register_heif_opener(thumbnails=False)
        formats = ("HEIF",)
    try:
        with warnings.catch_warnings():
            # Pillow warns of sizes that are allowed here, and refuses what is twice as large.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(content), formats=formats)
    except Image.DecompressionBombError:
        raise UserError(f"{name} has far too many pixels; {_too_large()}") from None
    except DAMAGE:
        raise UserError(f"{name} is not a picture, or damaged; allowed: {', '.join(FORMATS)} files") from None


def _check(stored: Image.Image, name: str) -> None:
    """Refuses what cannot be edited, before any pixel is decoded."""
    width, height = stored.size
    if width * height > MOST_PIXELS:
        raise UserError(f"{name} is {width} x {height} pixels; {_too_large()}")
    frames = getattr(stored, "n_frames", 1)
    if frames > 1 and stored.format != "MPO":  # an MPO's other pictures are views of the same moment
        raise UserError(f"{name} has {frames} pictures; allowed is one: give a single frame")
    depths = [str(tile[3]) for tile in getattr(stored, "tile", [])] if isinstance(stored, ImageFile.ImageFile) else []
    if stored.mode.startswith("I") or any("16" in depth for depth in depths):
        raise UserError(f"{name} has 16 bits or more for each colour; allowed are 8: convert it first")
    if stored.mode not in MODES:
        raise UserError(f"{name} is a {stored.mode} picture; allowed: {', '.join(MODES)}: convert it first")


def _rgb(stored: Image.Image) -> Image.Image:
    if stored.mode == "P":  # a palette may hold transparency, which Pillow takes only from RGBA without a warning
        stored = stored.convert("RGBA")
    return stored.convert("RGB")


def _as_cmyk(picture: Image.Image, stored: Image.Image) -> Image.Image:
    """Returns CMYK with the stored picture's black: only its colours change, and only where the picture changed."""
    before, after = np.asarray(_rgb(stored)), np.asarray(picture)
    inks = np.asarray(stored).copy()
    changed = (before != after).any(axis=-1)
    light = 255.0 - inks[changed][:, 3:].astype(np.float32)
    share = np.divide(255.0 * after[changed], light, out=np.zeros((changed.sum(), 3), np.float32), where=light > 0)
    inks[changed, :3] = np.clip(np.rint(255.0 - share), 0, 255)
    return Image.fromarray(inks, "CMYK")


def _with_palette(picture: Image.Image, stored: Image.Image) -> Image.Image:
    """Returns palette entries: the nearest ones where the picture changed, else those of the stored picture."""
    palette = stored.getpalette("RGB") or []
    carrier = Image.new("P", (1, 1))
    carrier.putpalette(palette)
    nearest = np.asarray(picture.quantize(palette=carrier, dither=Image.Dither.FLOYDSTEINBERG))
    changed = (np.asarray(_rgb(stored)) != np.asarray(picture)).any(axis=-1)
    result = Image.fromarray(np.where(changed, nearest, np.asarray(stored)), "P")
    result.palette = stored.palette.copy() if stored.palette else None
    result.putpalette(palette)
    return result


def _is_lossless_webp(content: bytes) -> bool:
    """Says whether a WebP file holds its picture in a chunk VP8L."""
    at = 12
    while at + 8 <= len(content):
        if content[at : at + 4] == b"VP8L":
            return True
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        at += 8 + length + length % 2
    return False


def _millions(count: int) -> str:
    return f"{count // 1_000_000} million"


def _too_large() -> str:
    return f"allowed are {_millions(MOST_PIXELS)} pixels: make it smaller first"
