"""Photos of many kinds, opened and put back; what cannot be edited is refused in one line."""

import io
import pathlib
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from cdaae_jax.errors import UserError
from cdaae_jax.photos import formats


def picture(height=40, width=60):
    """A smooth picture, other at each corner."""
    y, x = np.mgrid[:height, :width]
    return np.stack([4 * x, 5 * y, 255 - 2 * x - 2 * y], axis=-1).astype(np.uint8)


def saved(image, name, **options):
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def png(width, height, depth, content):
    """A PNG file that claims a size and a depth."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(content)) + chunk(b"IEND", b"")


def patched(opened):
    """The photo with a patch from another part of it, which lies at the left of its upright top."""
    edited = opened.pixels.copy()
    edited[3:10, 4:20] = edited[20:27, 20:36]
    return edited


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "CMYK", "P"])
def test_each_mode_comes_back_and_only_the_patch_differs(mode):
    stored = Image.fromarray(picture())
    if mode == "CMYK":
        inks = np.array(stored.convert("CMYK"))
        inks[..., 3] = 60
        stored = Image.fromarray(inks, "CMYK")
    elif mode == "P":
        stored = stored.quantize(64)
    else:
        stored = stored.convert(mode)
    if mode in ("RGBA", "LA"):
        stored.putalpha(Image.fromarray(picture()[..., 0]))
    opened = formats.open_photo(stored)
    back = formats.put_back(opened, patched(opened))
    assert back.mode == mode and back.size == stored.size
    differs = (np.asarray(back) != np.asarray(stored)).reshape(40, 60, -1).any(axis=-1)
    assert not differs[10:].any() and not differs[:, 20:].any() and not differs[:3].any()
    assert differs[3:10, 4:20].mean() > 0.8
    seen = np.asarray(back.convert("RGB"), int)[3:10, 4:20]
    expected = patched(opened)[3:10, 4:20]
    expected = np.asarray(Image.fromarray(expected).convert("L").convert("RGB")) if mode in ("L", "LA") else expected
    assert np.abs(seen - expected).mean() < 3
    if mode == "P":
        assert back.getpalette() == stored.getpalette()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_opened_upright_and_put_back_as_they_lay(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(Image.fromarray(picture()), "PNG", exif=exif)
    opened = formats.open_photo(content)
    assert opened.pixels.shape == ((40, 60, 3) if orientation < 5 else (60, 40, 3))
    np.testing.assert_array_equal(formats.put_back(opened, opened.pixels), picture())
    # The patch is where a viewer, which turns the file upright, shows it.
    back = formats.put_back(opened, patched(opened))
    back.info["exif"] = exif.tobytes()
    np.testing.assert_array_equal(formats.open_photo(back).pixels, patched(opened))


@pytest.mark.parametrize(
    "array", [picture(), picture()[..., 0], picture()[..., :1], np.dstack([picture(), picture()])[..., :4]]
)
def test_arrays_of_one_three_and_four_channels(array):
    opened = formats.open_photo(array)
    assert opened.pixels.shape == (40, 60, 3)
    np.testing.assert_array_equal(np.asarray(formats.put_back(opened, opened.pixels)).reshape(array.shape), array)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [60, 93])
def test_a_jpeg_keeps_its_tables_and_subsampling(quality, subsampling):
    content = saved(
        Image.fromarray(picture()), "JPEG", quality=quality, subsampling=subsampling, progressive=True, dpi=(300, 300)
    )
    opened = formats.open_photo(content)
    again = Image.open(
        io.BytesIO(saved(formats.put_back(opened, opened.pixels), "JPEG", **formats.save_options(opened)))
    )
    stored = Image.open(io.BytesIO(content))
    assert again.quantization == stored.quantization
    assert JpegImagePlugin.get_sampling(again) == subsampling
    assert again.info["dpi"] == (300, 300) and again.info["progressive"]


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_without_loss_stays_so(lossless):
    content = saved(Image.fromarray(picture()), "WEBP", lossless=lossless)
    opened = formats.open_photo(content)
    again = saved(formats.put_back(opened, opened.pixels), "WEBP", **formats.save_options(opened))
    assert (b"VP8L" in again) == lossless
    if lossless:
        np.testing.assert_array_equal(Image.open(io.BytesIO(again)), picture())


def test_heic_is_read_and_written():
    pytest.importorskip("pillow_heif", reason="needs pillow-heif: pip install 'cdaae_jax[heif]'")
    formats.open_photo(picture())
    import pillow_heif

    pillow_heif.register_heif_opener()
    content = saved(Image.fromarray(picture(64, 64)), "HEIF", quality=95)
    opened = formats.open_photo(content)
    assert np.abs(opened.pixels.astype(int) - picture(64, 64)).mean() < 8
    again = saved(formats.put_back(opened, opened.pixels), "HEIF", **formats.save_options(opened))
    assert formats.open_photo(again).pixels.shape == (64, 64, 3)


FRAMES = [Image.fromarray(picture()), Image.fromarray(picture()[::-1].copy())]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"", "the photo is not a picture, or damaged; allowed: JPEG, PNG"),
        (b"no picture at all", "not a picture"),
        (saved(Image.fromarray(picture()), "JPEG")[:300], "cannot be read to its end|not a picture"),
        (saved(Image.fromarray(picture(400, 400)), "PNG")[:-300], "cannot be read to its end"),
        (png(50_000, 50_000, 8, b""), "far too many pixels; allowed are 120 million"),
        (png(12_000, 11_000, 8, b""), "12000 x 11000 pixels; allowed are 120 million"),
        (png(4, 4, 16, b"".join(b"\0" + bytes(24) for _ in range(4))), "16 bits or more"),
        (saved(Image.fromarray(np.zeros((9, 9), np.uint16)), "PNG"), "16 bits or more"),
        (saved(Image.fromarray(picture()).convert("1"), "PNG"), "is a 1 picture; allowed: RGB, RGBA"),
        (saved(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:]), "has 2 pictures; allowed is one"),
        (saved(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]), "has 2 pictures"),
        (saved(FRAMES[0], "PNG", save_all=True, append_images=FRAMES[1:]), "has 2 pictures"),
        (pathlib.Path("nowhere/me.jpg"), "there is no photo nowhere/me.jpg; check the name"),
        (str(pathlib.Path(__file__).parent), "cannot be read"),
        (np.zeros((4, 4, 3), np.float32), r"array of float32 \[4, 4, 3\]; allowed: uint8"),
        (np.zeros((4, 4, 2), np.uint8), r"array of uint8 \[4, 4, 2\]"),
        (7, "a photo is a int; allowed"),
    ],
)
def test_what_cannot_be_edited_is_refused_in_one_line(given, message):
    with pytest.raises(UserError, match=message) as raised:
        formats.open_photo(given)
    assert "\n" not in str(raised.value)


def test_a_phones_second_picture_is_left_out():
    content = saved(FRAMES[0], "MPO", save_all=True, append_images=FRAMES[1:])
    opened = formats.open_photo(content)
    assert opened.stored.format == "MPO"
    assert np.abs(opened.pixels.astype(int) - picture()).mean() < 8
    assert formats.save_options(opened)["qtables"]
