"""What a tree of parameters looks like without its numbers: names, types and shapes, compared before it is used."""

import pathlib
from typing import Any

import jax

from cdaae_jax.config_fields import differences
from cdaae_jax.errors import UserError

Tree = Any
_SHOWN = 3  # how many differences are named; the others are counted


def structure(tree: Tree) -> dict[str, str]:
    """Returns a tree's leaves by path, e.g. {"dense.kernel": "float32[40,50]"}; empty branches count as leaves."""
    leaves = jax.tree_util.tree_leaves_with_path(tree, is_leaf=lambda node: not jax.tree.leaves(node))
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): (
            f"{leaf.dtype}[{','.join(map(str, leaf.shape))}]" if hasattr(leaf, "shape") else type(leaf).__name__
        )
        for path, leaf in leaves
    }


def refuse_other_structure(
    ours: dict[str, str], theirs: dict[str, str], meta: dict[str, Any], place: pathlib.Path
) -> None:
    """Checks that what was read has the structure that this version expects.

    Raises:
      UserError: names what differs.
    """
    if different := differences(ours, theirs):
        more = f" and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
        raise UserError(
            f"{place} holds another structure than this version builds ({'; '.join(different[:_SHOWN])}{more}); use "
            f"cdaae_jax {meta['versions']['cdaae_jax']} with optax {meta['versions']['optax']}, which wrote it, or "
            "train again in another --workdir"
        )
