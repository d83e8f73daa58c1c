"""EXIF without pictures of the unedited face.

A block is changed as little as can be: what cameras write for themselves (the maker's note) holds offsets into the
block, and is lost when the block is written anew.
"""

import struct

_JPEG = b"\xff\xd8\xff"
_PREFIX = b"Exif\0\0"
_THUMBNAILS = ((0x0201, 0x0202), (0x0111, 0x0117))  # tags of offset and length: of a JPEG, and of uncompressed strips
_POINTERS = (0x8769, 0x014A)  # to the directories Exif and SubIFDs
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_MOST_ENTRIES = 1000  # more are no EXIF but damage


def without_thumbnail(block: bytes) -> bytes:
    """Returns an EXIF block in which the thumbnail is no longer named, and its bytes are 0.

    Where a maker's note or another entry holds a JPEG picture of its own, that entry is zeroed too.

    Args:
      block: as Pillow gives it, with or without its heading "Exif" in front.

    Returns:
      As long as the block. b"" where it cannot be read, as then nobody knows what it shows.
    """
    prefix = _PREFIX if block.startswith(_PREFIX) else b""
    try:
        return prefix + _cleaned(bytearray(block[len(prefix) :]))
    except (struct.error, IndexError, KeyError):  # cut short, or no EXIF
        return b""


def _cleaned(block: bytearray) -> bytes:
    order = {b"II": "<", b"MM": ">"}[bytes(block[:2])]
    first = struct.unpack_from(order + "I", block, 4)[0]
    after = first + 2 + 12 * len(_entries(block, order, first))
    second = struct.unpack_from(order + "I", block, after)[0] if after + 4 <= len(block) else 0
    if second:
        entries = _entries(block, order, second)
        for start, length in _THUMBNAILS:
            if start in entries and length in entries:
                offsets, lengths = (_numbers(block, order, *entries[tag]) for tag in (start, length))
                for offset, count in zip(offsets, lengths, strict=False):
                    _zero(block, offset, count)
        struct.pack_into(order + "I", block, after, 0)
    _zero_pictures(block, order, first)
    return bytes(block)


def _zero_pictures(block: bytearray, order: str, first: int) -> None:
    """Zeroes each entry that holds a JPEG picture, in the first directory and those that it points to."""
    waiting, seen = [first], set()
    while waiting:
        directory = waiting.pop()
        if directory in seen:
            continue
        seen.add(directory)
        for tag, (kind, count, at) in _entries(block, order, directory).items():
            if tag in _POINTERS:
                waiting += _numbers(block, order, kind, count, at)
            elif _JPEG in block[at : at + _SIZES.get(kind, 1) * count]:
                _zero(block, at, _SIZES.get(kind, 1) * count)


def _entries(block: bytearray, order: str, directory: int) -> dict[int, tuple[int, int, int]]:
    """Returns a directory's entries by tag: type, count, and where the values are."""
    count = struct.unpack_from(order + "H", block, directory)[0]
    if count > _MOST_ENTRIES:
        raise IndexError(f"{count} entries")
    entries = {}
    for number in range(count):
        place = directory + 2 + 12 * number
        tag, kind, values = struct.unpack_from(order + "HHI", block, place)
        inline = _SIZES.get(kind, 1) * values <= 4
        entries[tag] = (kind, values, place + 8 if inline else struct.unpack_from(order + "I", block, place + 8)[0])
    return entries


def _numbers(block: bytearray, order: str, kind: int, count: int, at: int) -> tuple[int, ...]:
    return struct.unpack_from(f"{order}{count}{'H' if kind == 3 else 'I'}", block, at)


def _zero(block: bytearray, start: int, length: int) -> None:
    end = min(start + length, len(block))
    block[start:end] = bytes(max(0, end - start))
