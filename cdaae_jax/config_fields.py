"""Configurations as plain values: what a checkpoint stores, how two differ, and what a command line can override."""

import dataclasses
from collections.abc import Iterator
from typing import Any, TypeVar

from cdaae_jax.config import Config, Data, Model
from cdaae_jax.errors import UserError

_Section = TypeVar("_Section", Data, Model)

# Fields that older checkpoints lack, with the values that mean what was done before there were these fields.
_ADDED: dict[str, dict[str, Any]] = {
    "data": {"set_weights": [], "separate_sets": False, "photos_on": "auto", "proportions": 0.0},
    "model": {
        **{"flow_detail": 1, "shift_detail": 1, "moving_shift": False},
        **{"atlas": 0, "atlas_detail": 1, "atlas_carried": False, "atlas_still": False},
        **{"atlas_slit": False, "atlas_parted": False},
    },
    "loss": {
        **{"shade_edge_weight": 0.0, "shade_depth": 0.0},
        **{"place_weight": 0.0, "shown_weight": 0.0, "lips_weight": 0.0},
    },
    "run": {"steps_per_call": 1, "tolerate_failed_writes": False},
}


def to_dict(config: Any) -> dict[str, Any]:
    """Returns a configuration as plain values that JSON holds (tuples become lists)."""
    return {
        key: list(value) if isinstance(value, tuple) else to_dict(value) if dataclasses.is_dataclass(value) else value
        for key, value in vars(config).items()
    }


def model_from_dict(fields: dict[str, Any]) -> Model:
    """Returns the model configuration that a checkpoint stores.

    Raises:
      UserError: it has other fields than this version's `Model` and than those added since. A default for any other
        that is missing would be a guess, and would change the pictures without a word.
    """
    return _section_from_dict(Model, _ADDED["model"] | fields)


def data_from_dict(fields: dict[str, Any]) -> Data:
    """Returns the data configuration that a checkpoint stores; raises as `model_from_dict`."""
    return _section_from_dict(Data, _ADDED["data"] | fields)


def completed(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the configuration dictionary of a checkpoint with the fields that were added since."""
    return fields | {section: added | fields[section] for section, added in _ADDED.items()}


def _section_from_dict(section: type[_Section], fields: dict[str, Any]) -> _Section:
    known = {field.name for field in dataclasses.fields(section)}
    if different := sorted(known ^ fields.keys()):
        raise UserError(
            f"the checkpoint is of another version of cdaae_jax: {section.__name__.lower()} fields "
            f"{', '.join(different)} are not in both; use the version that its meta item names"
        )
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
    return section(**values)


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Returns "model.width: 32 here, 64 there" for each field in which two configuration dictionaries differ."""
    flat_ours, flat_theirs = dict(_flatten(ours)), dict(_flatten(theirs))
    return [
        f"{name}: {flat_ours.get(name)} here, {flat_theirs.get(name)} there"
        for name in sorted(flat_ours.keys() | flat_theirs.keys())
        if flat_ours.get(name) != flat_theirs.get(name)
    ]


def field_names() -> list[str]:
    """Returns the dotted names of all fields that a command line can override."""
    return list(field_types())


def field_types(section: type = Config) -> dict[str, Any]:
    """Returns the type of each field by its dotted name ("optim.learning_rate": float)."""
    types: dict[str, Any] = {}
    for field in dataclasses.fields(section):
        if isinstance(field.type, type) and dataclasses.is_dataclass(field.type):
            types |= {f"{field.name}.{inner}": kind for inner, kind in field_types(field.type).items()}
        else:
            types[field.name] = field.type
    return types


def _flatten(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
