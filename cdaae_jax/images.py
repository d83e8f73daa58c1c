"""Reads and writes pictures, converts them to the networks' range and back, and lays them out in grids.

On the host a picture is uint8 [H, W, 3], RGB, 0..255; inside the networks it is float32 in [-1, 1].
"""

import pathlib
import struct
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8
from PIL import ExifTags, Image, ImageOps

from cdaae_jax import files
from cdaae_jax.errors import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
MOST_PIXELS = 120_000_000  # telephones make 108 million; a small file may claim any number
_CONVERTED = ("RGB", "L", "LA", "RGBA", "P", "1")  # Pillow's modes that become RGB without a visible loss
# What Pillow raises for files that are cut short, altered, or claim a size larger than memory.
DAMAGE = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)


def to_network(pictures: UInt8[Array | np.ndarray, "*shape"]) -> Float[Array, "*shape"]:
    """Returns uint8 0..255 as float32 -1..1."""
    return jnp.asarray(pictures, jnp.float32) / 127.5 - 1.0


def to_uint8(pictures: Float[Array, "*shape"]) -> UInt8[Array, "*shape"]:
    """Returns float -1..1 as uint8 0..255, rounded; values outside the range are clipped."""
    return jnp.clip(jnp.round((pictures + 1.0) * 127.5), 0, 255).astype(jnp.uint8)


def check_file(path: pathlib.Path, smallest: int) -> None:
    """Checks that a picture can be used, reading only its header.

    Raises:
      UserError: the file is missing or unreadable, its colours are neither RGB, grey nor RGBA, or a side has fewer than
        `smallest` pixels.
    """
    with _open(path) as picture:
        _check(picture, str(path), smallest)


def size_of(path: pathlib.Path) -> tuple[int, int]:
    """Returns width and height of a picture as `read` returns it, reading only its header.

    Raises:
      UserError: the file is missing or unreadable.
    """
    with _open(path) as picture:
        width, height = picture.size
        lies_on_its_side = picture.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        return (height, width) if lies_on_its_side else (width, height)


def read(path: pathlib.Path, smallest: int = 1) -> UInt8[np.ndarray, "h w 3"]:
    """Reads a picture as RGB, turned upright; grey is repeated three times, transparency is laid over white.

    Raises:
      UserError: as in `check_file`, or the file ends early.
    """
    with _open(path) as picture:
        _check(picture, str(path), smallest)
        try:
            picture = ImageOps.exif_transpose(picture)  # phones store the sensor's picture and how to turn it
            if picture.mode in ("RGBA", "LA", "P"):
                picture = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
            return np.asarray(picture.convert("RGB"))
        except DAMAGE as error:
            raise UserError(f"{path} cannot be read to its end ({error}); replace the file") from error


def as_rgb(picture: np.ndarray, smallest: int) -> UInt8[np.ndarray, "h w 3"]:
    """Returns a picture that is in memory as RGB.

    Args:
      picture: uint8 [H, W, 3], or [H, W], [H, W, 1] (grey) or [H, W, 4] (RGBA, whose transparency is dropped).
      smallest: the minimum of height and width.

    Raises:
      UserError: another shape or type, or a side shorter than `smallest`.
    """
    picture = np.asarray(picture)
    if picture.dtype != np.uint8:
        raise UserError(f"a picture must be uint8 in 0..255, not {picture.dtype}; convert it first")
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.ndim != 3 or picture.shape[-1] not in (1, 3, 4):
        raise UserError(f"a picture must be [height, width, 3], grey or RGBA; got shape {picture.shape}")
    _check_size(picture.shape[1], picture.shape[0], "the picture", smallest)
    return np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture[..., :3]


def fit(picture: UInt8[np.ndarray, "h w 3"], size: int) -> UInt8[np.ndarray, "s s 3"]:
    """Crops the largest centred square and scales it to `size` pixels, anti-aliased."""
    height, width = picture.shape[:2]
    if height == width == size:
        return picture
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.LANCZOS, box=box))


def grid(rows: Sequence[Sequence[np.ndarray]], gap: int = 2) -> UInt8[np.ndarray, "h w 3"]:
    """Lays out pictures of one size in rows on white, `gap` pixels apart."""
    size = rows[0][0].shape[0]
    step = size + gap
    sheet = np.full((len(rows) * step - gap, max(map(len, rows)) * step - gap, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            sheet[i * step : i * step + size, j * step : j * step + size] = picture
    return sheet


def write(path: pathlib.Path, picture: UInt8[np.ndarray, "h w 3"]) -> None:
    """Writes a picture in the format of the name's ending; the file appears whole or not at all.

    Raises:
      UserError: the ending is not one of `SUFFIXES`, or the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"cannot write {path}: the name must end in {', '.join(SUFFIXES)}")
    with files.replacing(path) as temporary:
        Image.fromarray(np.asarray(picture)).save(temporary)


def _open(path: pathlib.Path) -> Image.Image:
    try:
        return Image.open(path)
    except FileNotFoundError:
        raise UserError(f"there is no picture {path}; check the name") from None
    except DAMAGE as error:
        reason = getattr(error, "strerror", None) or "not a picture, or damaged"
        raise UserError(f"{path} cannot be read ({reason}); allowed: {', '.join(SUFFIXES)} files") from error


def _check(picture: Image.Image, name: str, smallest: int) -> None:
    if picture.mode not in _CONVERTED:
        raise UserError(f"{name} is a {picture.mode} picture; allowed: RGB, grey or RGBA: convert it first")
    if picture.width * picture.height > MOST_PIXELS:
        raise UserError(
            f"{name} is {picture.width}x{picture.height} px; allowed: {MOST_PIXELS // 10**6} million pixels: make it "
            "smaller"
        )
    _check_size(*picture.size, name, smallest)


def _check_size(width: int, height: int, name: str, smallest: int) -> None:
    if min(width, height) < smallest:
        raise UserError(
            f"{name} is {width}x{height} px, smaller than the {smallest}x{smallest} px that the model takes; "
            "use a larger picture"
        )
