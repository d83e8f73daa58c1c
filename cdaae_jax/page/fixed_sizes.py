"""A TFLite network whose sizes are all fixed, as LiteRT in a browser wants them.

The landmark network leaves the number of its pictures open (-1) and says beside that one is usual. The file is a
FlatBuffer: a table begins with how far before it its list of fields lies, and that list says where each field is.
"""

import struct
from collections.abc import Iterator

_SUBGRAPHS = 2  # of a model
_TENSORS = 0  # of a subgraph
_SHAPE, _SHAPE_SIGNATURE = 0, 7  # of a tensor


def with_fixed_sizes(network: bytes) -> bytes:
    """Returns a TFLite file in which every size that was left open is the usual one."""
    changed = bytearray(network)
    (model,) = struct.unpack_from("<I", changed)
    for subgraph in _tables(changed, model, _SUBGRAPHS):
        for tensor in _tables(changed, subgraph, _TENSORS):
            usual, given = (_vector(changed, tensor, field) for field in (_SHAPE, _SHAPE_SIGNATURE))
            if given is not None and usual is not None:
                length = 4 * struct.unpack_from("<I", changed, given)[0]
                changed[given + 4 : given + 4 + length] = changed[usual + 4 : usual + 4 + length]
    return bytes(changed)


def _vector(content: bytearray, table: int, field: int) -> int | None:
    """Returns where a vector that is a field of a table begins, with its length; None where the field is left out."""
    fields = table - struct.unpack_from("<i", content, table)[0]
    (size,) = struct.unpack_from("<H", content, fields)
    at = 4 + 2 * field
    (offset,) = struct.unpack_from("<H", content, fields + at) if at < size else (0,)
    return table + offset + struct.unpack_from("<I", content, table + offset)[0] if offset else None


def _tables(content: bytearray, table: int, field: int) -> Iterator[int]:
    """Yields where the tables begin that a field of a table lists."""
    first = _vector(content, table, field)
    if first is None:
        return
    for number in range(struct.unpack_from("<I", content, first)[0]):
        entry = first + 4 + 4 * number
        yield entry + struct.unpack_from("<I", content, entry)[0]
