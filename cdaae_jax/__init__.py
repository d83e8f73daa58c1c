"""CDAAE in JAX: change a face's expression while the person stays the same person.

The public names are loaded on first use, so that `import cdaae_jax` costs nothing.
"""

import importlib
from typing import Any

__version__ = "0.2.0.dev0"
__all__ = ["LabelSpace", "Sampler", "UserError", "evaluate", "train"]

_HOMES = {
    "LabelSpace": "labels",
    "Sampler": "sampling",
    "UserError": "errors",
    "evaluate": "evaluation.harness",
    "train": "training.loop",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cdaae_jax' has no attribute {name!r}")
    return getattr(importlib.import_module(f"cdaae_jax.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
