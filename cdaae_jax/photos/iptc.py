"""The IPTC block of a JPEG file: captions, credits and keywords, as the press writes them.

It lies among Photoshop's resources in APP13, of which Pillow reads all and writes none. The others stay behind: they
describe the file as it was, and one of them is a thumbnail of the unedited face.
"""

import struct
from collections.abc import Mapping
from typing import Any

RESOURCE = 0x0404
_LONGEST = 65533  # bytes of a JPEG segment
_JPEG = b"\xff\xd8\xff"


def block_of(resources: Mapping[int, Any]) -> bytes:
    """Returns the IPTC block; b"" where there is none, or where it holds a preview, which shows the unedited face.

    Args:
      resources: Photoshop's, as Pillow gives them in `info["photoshop"]`.
    """
    block = resources.get(RESOURCE, b"")
    return b"" if _JPEG in block else block


def segment(block: bytes) -> bytes:
    """Returns an IPTC block as a JPEG segment; b"" where there is none, or it is longer than a segment can be."""
    resource = struct.pack(">4sHHI", b"8BIM", RESOURCE, 0, len(block)) + block + bytes(len(block) % 2)
    content = b"Photoshop 3.0\0" + resource
    if not block or len(content) > _LONGEST:
        return b""
    return struct.pack(">HH", 0xFFED, 2 + len(content)) + content
