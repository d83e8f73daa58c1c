"""EXIF blocks: the thumbnail goes, everything else stays."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from cdaae_jax.photos.exif import without_thumbnail

ARTIST, ORIENTATION, EXIF, MAKER_NOTE = 0x013B, 0x0112, 0x8769, 0x927C


def jpeg():
    file = io.BytesIO()
    Image.fromarray(np.full((16, 16, 3), 90, np.uint8)).save(file, "JPEG")
    return file.getvalue()


def block_with_thumbnail(order, note=b"a camera's own"):
    """IFD0 with an artist, an orientation and a maker's note; IFD1 with a JPEG thumbnail."""
    picture = jpeg()
    artist = b"Somebody\0"

    def entry(tag, kind, count, value):
        inline = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
        return struct.pack(order + "HHI", tag, kind, count) + inline

    first = 8
    sub = first + 2 + 3 * 12 + 4
    second = sub + 2 + 12 + 4
    data = second + 2 + 2 * 12 + 4
    at_note = data + len(artist)
    at_picture = at_note + len(note)
    parts = [
        (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, first),
        struct.pack(order + "H", 3),
        entry(ORIENTATION, 3, 1, 6),
        entry(ARTIST, 2, len(artist), data),
        entry(EXIF, 4, 1, sub),
        struct.pack(order + "I", second),
        struct.pack(order + "H", 1) + entry(MAKER_NOTE, 7, len(note), at_note) + bytes(4),
        struct.pack(order + "H", 2) + entry(0x0201, 4, 1, at_picture) + entry(0x0202, 4, 1, len(picture)) + bytes(4),
        artist + note + picture,
    ]
    return b"".join(parts)


def read(block):
    exif = Image.Exif()
    exif.load(block)
    return exif


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_the_thumbnail_goes_and_the_rest_stays(order, prefix):
    block = prefix + block_with_thumbnail(order)
    assert jpeg() in block
    cleaned = without_thumbnail(block)
    assert len(cleaned) == len(block) and b"\xff\xd8\xff" not in cleaned
    exif = read(cleaned)
    assert exif[ORIENTATION] == 6 and exif[ARTIST] == "Somebody"
    assert exif.get_ifd(EXIF)[MAKER_NOTE] == b"a camera's own"
    assert not exif.get_ifd(1)


def test_a_picture_in_the_makers_note_goes_too():
    cleaned = without_thumbnail(block_with_thumbnail("<", b"preview: " + jpeg()))
    assert b"\xff\xd8\xff" not in cleaned
    assert read(cleaned)[ARTIST] == "Somebody"


def test_a_block_without_a_thumbnail_is_returned_as_it_is():
    exif = Image.Exif()
    exif[ARTIST] = "Somebody"
    assert without_thumbnail(exif.tobytes()) == exif.tobytes()


@pytest.mark.parametrize("block", [b"", b"XX", b"II*\0\xff\xff\xff\x7f", b"MM\0*", block_with_thumbnail("<")[:60]])
def test_what_cannot_be_read_is_left_out(block):
    assert without_thumbnail(block) == b""
