"""How a set is built: TFDS's BuilderConfig, and the text that names one: "rafd/128?cameras=all"."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from cdaae_jax.data import alignment
from cdaae_jax.errors import UserError
from cdaae_jax.labels import nearest

Allowed = tuple[str, ...] | tuple[float, float]


@dataclasses.dataclass(eq=False)
class SetConfig(tfds.core.BuilderConfig):
    """What every set can be asked for; sets add fields of their own.

    Attributes:
      name: leave it out; it is made of the rest, e.g. "256" and "128-camerasall".
      size: side of the pictures in pixels, 32..1024.
      crop: side of what is shown, in sides of the project's aligned picture, 1..3: the shipped models want 1; 1.5 shows
        the whole head and shoulders. Eyes stay level and at the same distance from the middle, as shares of what is
        shown.

    Raises:
      UserError: a value is not allowed.
    """

    # For each field its words, or the least and the most.
    ALLOWED: ClassVar[dict[str, Allowed]] = {"size": (32, 1024), "crop": (1.0, 3.0)}

    name: str = ""
    size: int = alignment.SIZE
    crop: float = 1.0

    def __post_init__(self) -> None:
        for field, allowed in self.allowed().items():
            _check(field, getattr(self, field), allowed)
        # Different builds must not share a folder, so the name is not the caller's choice.
        others = [
            f"-{field.name}{getattr(self, field.name)}"
            for field in dataclasses.fields(self)
            if field.name in self.allowed() and field.name != "size" and getattr(self, field.name) != field.default
        ]
        self.name = f"{self.size}{''.join(others)}"
        self.description = f"aligned pictures, {self.size}x{self.size} pixels" + "".join(
            f", {text.removeprefix('-')}" for text in others
        )

    @classmethod
    def allowed(cls) -> dict[str, Allowed]:
        """Returns the fields that can be chosen, with what each may be."""
        together: dict[str, Allowed] = {}
        for base in reversed(cls.__mro__):
            together |= vars(base).get("ALLOWED", {})
        return together

    def settings(self) -> dict[str, Any]:
        """Returns the fields that can be chosen, with their values."""
        return {field: getattr(self, field) for field in self.allowed()}


def config_of(
    config: type[SetConfig], builder: type[tfds.core.DatasetBuilder], name: str, options: Mapping[str, str]
) -> SetConfig:
    """Returns the configuration that "tfds:SET/NAME?OPTION=VALUE&..." stands for.

    Args:
      config: the set's class of configurations.
      builder: the set's.
      name: the side of the pictures in pixels, "" for the default.
      options: the other fields as text.

    Raises:
      UserError: an option does not exist, or a value is not allowed.
    """
    allowed, set_name = config.allowed(), builder.name
    known = [field for field in allowed if field != "size"]
    for option in options:
        if option not in known:
            hint = f"; the size stands behind a slash: {set_name}/128" if option == "size" else ""
            raise UserError(f"{set_name} has no option {option!r}; known: {', '.join(nearest(option, known))}{hint}")
    texts = ({"size": name} if name else {}) | dict(options)
    chosen = config(**{option: _value(set_name, option, text, allowed[option]) for option, text in texts.items()})
    # For a name that TFDS knows, it accepts only its own object.
    known_to_tfds = builder.builder_configs.get(chosen.name, chosen)
    assert isinstance(known_to_tfds, SetConfig)
    return known_to_tfds


def _value(set_name: str, option: str, text: str, allowed: Allowed) -> Any:
    if isinstance(allowed[0], str):
        return text
    try:
        return float(text) if isinstance(allowed[0], float) else int(text)
    except ValueError:
        raise UserError(f"{set_name}: {option} is {text!r}; use {_words(allowed)}") from None


def _check(field: str, value: Any, allowed: Allowed) -> None:
    least, most = allowed[0], allowed[-1]
    if isinstance(least, str) or isinstance(most, str):
        fits = value in allowed
    else:
        whole = isinstance(least, int)
        number = isinstance(value, int) if whole else isinstance(value, int | float)
        fits = number and not isinstance(value, bool) and least <= value <= most
    if not fits:
        raise UserError(f"{field} is {value!r}; use {_words(allowed)}")


def _words(allowed: Allowed) -> str:
    if isinstance(allowed[0], str):
        return f"{', '.join(map(str, allowed[:-1]))} or {allowed[-1]}"
    kind = "number" if isinstance(allowed[0], float) else "whole number"
    return f"a {kind} from {allowed[0]:g} to {allowed[1]:g}"
