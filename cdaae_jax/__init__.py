"""CDAAE in JAX: change a face's expression while the person stays the same person.

The public names are loaded on first use, so that `import cdaae_jax` costs nothing.
"""

import importlib
import sys
import types

__version__ = "0.1.0"
__all__ = ["LabelSpace", "Sampler", "UserError", "evaluate", "train"]

_HOMES = {
    "LabelSpace": "labels",
    "Sampler": "sampling",
    "UserError": "errors",
    "evaluate": "evaluate",
    "train": "train",
}


class _Package(types.ModuleType):
    """The package, whose `train` and `evaluate` are the functions, also after their modules were imported."""

    def __getattr__(self, name: str):
        if name not in _HOMES:
            raise AttributeError(f"module 'cdaae_jax' has no attribute {name!r}")
        return getattr(importlib.import_module(f"cdaae_jax.{_HOMES[name]}"), name)

    def __setattr__(self, name: str, value) -> None:
        # Importing cdaae_jax.train would make `cdaae_jax.train` the module of that name.
        if name not in _HOMES:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Package
