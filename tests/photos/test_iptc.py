"""The IPTC block, written so that Pillow reads it again, and left out where it shows the unedited face."""

import io

import pytest
from PIL import Image

from cdaae_jax.photos import iptc


@pytest.mark.parametrize("block", [b"\x1c\x02\x78\x00\x04even", b"\x1c\x02\x78\x00\x03odd", b"x" * 65_500])
def test_a_block_is_read_again(block):
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", extra=iptc.segment(block))
    assert Image.open(io.BytesIO(file.getvalue())).info["photoshop"] == {iptc.RESOURCE: block}


def test_what_is_no_block_or_too_long_for_a_segment_leaves_none():
    assert iptc.segment(b"") == b"" and iptc.segment(b"x" * 65_533) == b""


def test_a_preview_is_left_out():
    assert iptc.block_of({iptc.RESOURCE: b"a caption", 0x040C: b"a thumbnail"}) == b"a caption"
    assert iptc.block_of({iptc.RESOURCE: b"a preview \xff\xd8\xff\xe0"}) == b""
    assert iptc.block_of({0x03ED: {"XResolution": 300}}) == b""
