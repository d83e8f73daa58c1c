"""Pictures on their way from files to the networks' range and back."""

import io
import os
import struct
import zlib

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from cdaae_jax import images
from cdaae_jax.errors import UserError


@pytest.fixture
def picture():
    """Uint8 [30, 40, 3], smooth enough for JPEG, different in every direction and colour."""
    row, column = np.mgrid[:30, :40]
    return np.stack([8 * row, 6 * column, 3 * (row + column)], axis=-1).astype(np.uint8)


def encoded(picture, kind, **options):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind, **options)
    return stream.getvalue()


def test_all_values_survive_the_way_to_the_networks_range_and_back():
    values = np.arange(256, dtype=np.uint8)
    inside = images.to_network(values)
    assert inside.dtype == jnp.float32 and inside[0] == -1 and inside[-1] == 1
    np.testing.assert_array_equal(images.to_uint8(inside), values)


def test_values_beyond_the_range_are_clipped_not_wrapped():
    np.testing.assert_array_equal(images.to_uint8(jnp.array([-7.0, -1.001, 1.001, 7.0])), [0, 0, 255, 255])


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".jpg", ".jpeg", ".webp", ".PNG"])
def test_what_is_written_can_be_read(tmp_path, picture, suffix):
    path = tmp_path / "new" / "folder" / f"picture{suffix}"
    images.write(path, picture)
    again = images.read(path, smallest=30)
    assert again.dtype == np.uint8 and again.shape == (30, 40, 3)
    if suffix in (".png", ".bmp", ".PNG"):
        np.testing.assert_array_equal(again, picture)
    assert np.abs(again.astype(int) - picture).mean() < 8
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA"])
def test_other_colour_modes_become_rgb(tmp_path, picture, mode):
    path = tmp_path / "picture.png"
    Image.fromarray(picture).convert(mode).save(path)
    images.check_file(path, 30)
    again = images.read(path)
    assert again.shape == (30, 40, 3) and again.dtype == np.uint8
    if mode in ("L", "LA", "1"):
        assert (again[..., 0] == again[..., 1]).all() and (again[..., 0] == again[..., 2]).all()
    if mode == "RGBA":
        np.testing.assert_array_equal(again, picture)


def test_transparency_is_laid_on_white(tmp_path):
    colours = np.array([[[200, 0, 0, 0], [200, 0, 0, 255], [100, 100, 100, 51]]], np.uint8)
    Image.fromarray(colours, "RGBA").save(tmp_path / "a.png")
    np.testing.assert_array_equal(images.read(tmp_path / "a.png"), [[[255] * 3, [200, 0, 0], [224] * 3]])
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.save(tmp_path / "p.png", transparency=0)
    np.testing.assert_array_equal(images.read(tmp_path / "p.png"), [[[255] * 3, [40, 50, 60]]])


def test_a_photo_that_was_taken_sideways_is_turned_upright(tmp_path, picture):
    exif = Image.Exif()
    exif[0x0112] = 6  # the orientation: turn by 90 degrees clockwise to see it upright
    (tmp_path / "phone.png").write_bytes(encoded(picture, "PNG", exif=exif))
    np.testing.assert_array_equal(images.read(tmp_path / "phone.png"), np.rot90(picture, -1))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cmyk.jpg", Image.new("CMYK", (40, 40)), "cmyk.jpg is a CMYK picture; allowed: RGB, grey or RGBA: convert it"),
        ("deep.png", Image.new("I;16", (40, 40)), "deep.png is a I;16 picture; allowed: RGB, grey or RGBA"),
        ("small.png", Image.new("RGB", (64, 31)), "small.png is 64x31 px, smaller than the 32x32 px .*larger picture"),
        ("text.jpg", b"not a picture", r"text.jpg cannot be read \(not a picture, or damaged\); allowed: .jpg, "),
        ("empty.png", b"", "empty.png cannot be read"),
        ("missing.png", None, "there is no picture .*missing.png; check the name"),
        # A picture of 2^31 pixels in 54 bytes, which would fill the memory.
        ("bomb.bmp", b"BM" + bytes(8) + b"6\0\0\0(\0\0\0\0\0\1\0\0\x80\0\0\1\0\x18" + bytes(25), "bomb.bmp cannot be"),
    ],
)
def test_files_that_cannot_be_used_are_refused(tmp_path, name, content, message):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        content.save(path)
    for use in (images.check_file, images.read):
        with pytest.raises(UserError, match=message) as raised:
            use(path, 32)
        assert "\n" not in str(raised.value)


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(UserError, match="cannot be read .Is a directory.; allowed"):
        images.read(tmp_path)


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "a.jpg"), ("PNG", "a.png"), ("BMP", "a.bmp"), ("WEBP", "a.webp")])
def test_files_that_end_early_or_are_damaged_never_raise_anything_else(tmp_path, picture, kind, name):
    whole = encoded(picture, kind)
    path = tmp_path / name
    random = np.random.default_rng(0)
    refused = 0
    for length in [*np.linspace(0, len(whole) - 20, 40).astype(int), *[len(whole)] * 100]:
        content = bytearray(whole[:length])
        if length == len(whole):
            content[random.integers(60)] = random.integers(256)
        path.write_bytes(content)
        try:
            images.read(path)
        except UserError as error:
            refused += 1
            assert name in str(error) and "\n" not in str(error)
    assert refused >= 40


def test_damage_that_pillow_reports_in_its_own_ways(tmp_path, picture):
    png = encoded(picture, "PNG")
    place = png.index(b"IDAT")
    # The first chunk of pixels ends after one byte, and what follows has no name that a chunk can have.
    (tmp_path / "chunk.png").write_bytes(
        png[: place - 4] + b"\0\0\0\1" + png[place : place + 9] + bytes(4) + b"\xf3" * 9
    )
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "maker", 6
    # The camera's maker becomes the picture's width, which is no text.
    jpeg = encoded(picture, "JPEG", exif=exif).replace(b"\x01\x0f\0\2", b"\x01\0\0\2")
    (tmp_path / "exif.jpg").write_bytes(jpeg)
    for name in ("chunk.png", "exif.jpg"):
        with pytest.raises(UserError, match=f"{name} cannot be read to its end .*replace the file"):
            images.read(tmp_path / name)


def test_a_truncated_jpeg_passes_the_header_check_but_not_the_reading(tmp_path, picture):
    path = tmp_path / "cut.jpg"
    path.write_bytes(encoded(picture, "JPEG", quality=95)[:-200])
    images.check_file(path, 30)
    with pytest.raises(UserError, match="cut.jpg cannot be read to its end .*replace the file"):
        images.read(path)


@pytest.mark.parametrize("shape", [(30, 40), (30, 40, 1), (30, 40, 3), (30, 40, 4)])
def test_arrays_in_memory_become_rgb(shape):
    given = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    rgb = images.as_rgb(given, smallest=30)
    assert rgb.shape == (30, 40, 3) and rgb.dtype == np.uint8
    expected = given if len(shape) == 2 else given[..., 0]
    np.testing.assert_array_equal(rgb[..., 0], expected)
    np.testing.assert_array_equal(rgb[..., 2], given[..., 2] if shape[-1] in (3, 4) else expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((32, 32, 3)), "must be uint8 in 0..255, not float64; convert it first"),
        (np.zeros((32, 32, 2), np.uint8), r"must be \[height, width, 3\], grey or RGBA; got shape \(32, 32, 2\)"),
        (np.zeros(32, np.uint8), r"got shape \(32,\)"),
        (np.zeros((2, 32, 32, 3), np.uint8), r"got shape \(2, 32, 32, 3\)"),
        (np.zeros((32, 31, 3), np.uint8), "the picture is 31x32 px, smaller than the 32x32 px"),
        ("face.jpg", "must be uint8"),
        (None, "must be uint8"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused(given, message):
    with pytest.raises(UserError, match=message):
        images.as_rgb(given, smallest=32)


def test_fit_takes_the_centred_square(picture):
    np.testing.assert_array_equal(images.fit(picture[:, :30], 30), picture[:, :30])
    # Of 40 columns the middle 30 are kept, of 30 columns all.
    np.testing.assert_array_equal(images.fit(picture, 30), picture[:, 5:35])
    np.testing.assert_array_equal(images.fit(picture[:, :10], 10), picture[10:20, :10])


def test_fit_averages_when_it_scales_down():
    stripes = np.zeros((64, 96, 3), np.uint8)
    stripes[:, ::2] = 200
    small = images.fit(stripes, 16)
    assert small.shape == (16, 16, 3) and small.dtype == np.uint8
    assert np.abs(small[:, 2:-2].astype(int) - 100).max() <= 3


def test_grid_lays_pictures_out_with_white_between_them():
    first, second, third = (np.full((4, 4, 3), level, np.uint8) for level in (10, 20, 30))
    sheet = images.grid([[first, second], [third]], gap=2)
    assert sheet.shape == (10, 10, 3) and sheet.dtype == np.uint8
    assert (sheet[:4, :4] == 10).all() and (sheet[:4, 6:] == 20).all() and (sheet[6:, :4] == 30).all()
    assert (sheet[4:6] == 255).all() and (sheet[:, 4:6] == 255).all() and (sheet[6:, 6:] == 255).all()
    np.testing.assert_array_equal(images.grid([[first]]), first)


@pytest.mark.parametrize("name", ["picture.tif", "picture.gif", "picture", "picture.txt"])
def test_only_known_endings_are_written(tmp_path, picture, name):
    with pytest.raises(UserError, match=rf"cannot write .*{name}: the name must end in .jpg, .jpeg, .png"):
        images.write(tmp_path / name, picture)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("existing", [None, b"the old picture"])
def test_a_write_that_fails_leaves_everything_as_it_was(tmp_path, picture, monkeypatch, error, existing):
    path = tmp_path / "picture.png"
    if existing:
        path.write_bytes(existing)

    def fail(self, file):
        file.write_bytes(b"half a pic")
        raise error

    monkeypatch.setattr(Image.Image, "save", fail)
    expected = UserError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as raised:
        images.write(path, picture)
    if expected is UserError:
        assert "picture.png: No space left on device; choose a place" in str(raised.value)
    assert [file.name for file in tmp_path.iterdir()] == (["picture.png"] if existing else [])
    assert not existing or path.read_bytes() == existing


def test_writing_over_a_file_replaces_it_and_lets_others_read_it(tmp_path, picture):
    path = tmp_path / "picture.png"
    path.write_bytes(b"the old picture")
    images.write(path, picture)
    np.testing.assert_array_equal(images.read(path), picture)
    assert os.stat(path).st_mode & 0o777 == 0o644


def test_places_that_cannot_be_written_are_named(tmp_path, picture):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot write .*: (Not a directory|File exists); choose a place"):
        images.write(tmp_path / "file" / "picture.png", picture)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UserError, match="cannot write .*folder.png: Is a directory; choose a place"):
        images.write(tmp_path / "folder.png", picture)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder.png"]


def test_only_pictures_are_written(tmp_path):
    with pytest.raises(TypeError):
        images.write(tmp_path / "picture.png", np.zeros((4, 4, 3), np.float64))
    assert not list(tmp_path.iterdir())


def test_a_small_file_that_claims_a_picture_larger_than_memory_is_refused(tmp_path):
    file = tmp_path / "bomb.png"
    header = struct.pack(">IIBBBBB", 13_000, 13_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    end = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + end
    file.write_bytes(content)
    with (
        pytest.warns(Image.DecompressionBombWarning),
        pytest.raises(UserError, match="is 13000x13000 px; allowed: 120"),
    ):
        images.read(file)
