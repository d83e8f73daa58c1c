"""CRC-32 of what a checkpoint stores: a flipped bit in compressed arrays would be read without a complaint."""

import json
import zlib
from typing import Any

import jax
import numpy as np


def of_tree(tree: Any) -> int:
    """Returns the check sum of a tree's arrays (numpy) and of their paths."""
    total = 0
    for path, leaf in sorted((jax.tree_util.keystr(p), leaf) for p, leaf in jax.tree_util.tree_leaves_with_path(tree)):
        total = zlib.crc32(np.ascontiguousarray(leaf).data, zlib.crc32(path.encode(), total))
    return total


def of_meta(meta: dict[str, Any]) -> int:
    """Returns the check sum of a checkpoint's `meta`, its own item `crc32` left out."""
    rest = {name: value for name, value in meta.items() if name != "crc32"}
    return zlib.crc32(json.dumps(rest, sort_keys=True).encode())
