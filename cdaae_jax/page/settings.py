"""What the page knows of the models, as JSON: the one place from which its script takes numbers that Python owns."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from cdaae_jax import provenance
from cdaae_jax.labels import ACTION_UNITS, EMOTION_UNITS
from cdaae_jax.models import change
from cdaae_jax.photos import region
from cdaae_jax.sampling import Sampler

SHIPPED = ("emotion", "au")
FILE = "settings.json"


def settings(samplers: Mapping[str, Sampler], engine: str) -> dict[str, Any]:
    """Returns what `settings.json` holds.

    Args:
      samplers: the models, by name.
      engine: what computes faces and changes: "python" (the server) or "browser".
    """
    return {
        "engine": engine,
        "models": {name: _model(sampler) for name, sampler in samplers.items()},
        "change": change.constants(),
        "region": region.constants(),
        "mark": provenance.marked(None).decode("utf-8"),
    }


def _model(sampler: Sampler) -> dict[str, Any]:
    names = sampler.labels.names
    return {
        "names": names,
        "words": [ACTION_UNITS.get(name, name) for name in names],
        "full": [sampler.labels.full(name) for name in names],
        # Movements that are asked beside an emotion must not undo it: units that are not named are 0.
        "emotions": EMOTION_UNITS if sampler.labels.kind == "au" else {},
        "networkSize": sampler.network_size,
        "pictureSize": sampler.image_size,
        "alignment": dataclasses.asdict(sampler.alignment),
    }
