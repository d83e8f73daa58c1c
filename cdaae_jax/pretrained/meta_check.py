"""Whether the `meta` of a model has what opening it needs, each part of the right kind.

A model may come from a stranger, so nothing in its meta is taken on trust.
"""

import dataclasses
import pathlib
from typing import Any

from cdaae_jax.data.alignment import Geometry
from cdaae_jax.errors import UserError

_TEXTS = [str]  # a list of texts
_NUMBERS = {str: float}  # a number for each of any names
_NEEDED = {
    "config": {"model": dict, "data": dict},
    "labels": {"kind": str, "names": _TEXTS},
    "versions": {"cdaae_jax": str},
}
_ALIGNMENT = {field.name: float for field in dataclasses.fields(Geometry)}
_IF_THERE = {
    "picture_size": int,
    "people": {"train": _TEXTS, "validation": _TEXTS, "test": _TEXTS},
    "alignment": _ALIGNMENT,
    "shift_gain": float,
    "flow_gain": float,
    "label_gains": _NUMBERS,
}


def check(meta: Any, place: pathlib.Path) -> None:
    """Checks the parts that opening a model uses.

    Args:
      meta: of a checkpoint or an export.
      place: where it lies, for the message.

    Raises:
      UserError: names the first part that is missing or of another kind.
    """
    present = {name: kind for name, kind in _IF_THERE.items() if isinstance(meta, dict) and meta.get(name) is not None}
    if wrong := _wrong(meta, _NEEDED | present, "meta"):
        raise UserError(f"{place} is no model that this version can open: {wrong}; take it from another source")
    if unknown := (meta.get("alignment") or {}).keys() - _ALIGNMENT.keys():
        raise UserError(f"{place} is no model that this version can open: meta.alignment has {min(unknown)!r}")


def _wrong(value: Any, kind: Any, name: str) -> str | None:
    """Returns what is wrong with a value; None if nothing is."""
    if isinstance(kind, dict):
        if not isinstance(value, dict):
            return f"{name} is {_short(value)}, not a group of named values"
        expected = dict.fromkeys(value, float) if kind is _NUMBERS else kind
        found = (
            _wrong(value[inner], of, f"{name}.{inner}") if inner in value else f"{name}.{inner} is missing"
            for inner, of in expected.items()
        )
        return next((one for one in found if one), None)
    if isinstance(kind, list):
        good = isinstance(value, list) and all(isinstance(one, kind[0]) for one in value)
    elif kind is float:
        good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6
    else:
        good = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    words = "a list of texts" if isinstance(kind, list) else _WORDS[kind]
    return None if good else f"{name} is {_short(value)}, not {words}"


_WORDS = {str: "a text", int: "a whole number", float: "a number", dict: "a group of named values"}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
