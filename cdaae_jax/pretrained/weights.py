"""A network's parameters as one safetensors file: plain numbers with names, no code that opening it could run."""

import hashlib
import pathlib
from typing import Any

import jax
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from cdaae_jax.errors import UserError

Tree = Any


def write(path: pathlib.Path, params: Tree, dtype: str) -> str:
    """Writes parameters.

    Args:
      path: of the file.
      params: a tree of dictionaries whose leaves are float32.
      dtype: "float32" or "float16", how the numbers are stored, see `stored`.

    Returns:
      The file's SHA-256, in hexadecimal.
    """
    leaves = jax.tree_util.tree_leaves_with_path(stored(params, dtype))
    named = {
        jax.tree_util.keystr(place, simple=True, separator="."): np.asarray(leaf, order="C") for place, leaf in leaves
    }
    content = safetensors.numpy.save(named)
    path.write_bytes(content)  # not save_file, which makes the file readable for its owner alone
    return hashlib.sha256(content).hexdigest()


def stored(params: Tree, dtype: str) -> Tree:
    """Returns parameters as stored: in "float16" small arrays and what an atlas finds skin by stay as they are.

    Small are biases and the kernels of first layers, on which all else depends; together they weigh little. Skin is
    found by an atlas's flow, at the places that its network reads, and a step aside can end on the other lip.
    """

    def one(place: Any, leaf: Any) -> np.ndarray:
        leaf, name = np.asarray(leaf), jax.tree_util.keystr(place, simple=True, separator=".")
        precise = leaf.size < SMALL or (name.startswith(_ATLAS) and name not in _COLOURS)
        return leaf.astype(np.float32 if precise else dtype)

    return jax.tree_util.tree_map_with_path(one, params)


SMALL = 150_000  # numbers
_ATLAS = "atlas."
_COLOURS = ("atlas.light", "atlas.mask", "atlas.paint")


def read(path: pathlib.Path, sha256: str) -> Tree:
    """Returns the parameters of a file as a tree of float32 arrays, however they are stored.

    Args:
      path: of the file.
      sha256: what the file's SHA-256 must be.

    Raises:
      UserError: the file is missing, cannot be read, or is not the one that was written.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; restore the file from a copy") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise UserError(
            f"{path} is damaged: its SHA-256 is {found[:12]}..., and {sha256[:12]}... was written; restore the file "
            "from a copy, or install, download or export it again"
        )
    try:
        return _tree(safetensors.numpy.load(content))
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(
            f"{path} holds no weights that can be read ({error}), though it is the file that its meta.json names; take "
            "the model from another source"
        ) from error


def _tree(named: dict[str, np.ndarray]) -> Tree:
    params: Tree = {}
    for name, values in named.items():
        *branches, leaf = name.split(".")
        node = params
        for branch in branches:
            node = node.setdefault(branch, {})
            if not isinstance(node, dict):
                raise ValueError(f"{name!r} lies within an array")
        if leaf in node:
            raise ValueError(f"{name!r} is there twice")
        node[leaf] = values.astype(np.float32)
    return params
