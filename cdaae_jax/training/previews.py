"""The grid that a run draws at intervals: a few fixed people, each with every expression."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from flax import linen as nn
from jaxtyping import UInt8

from cdaae_jax import images
from cdaae_jax.config import Config, picture_size
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.models import change

NUM_PEOPLE = 8


def make(
    people: FaceDataset, generator: nn.Module, config: Config
) -> Callable[[Any], UInt8[np.ndarray, "height width 3"]]:
    """Returns the function from the generator's parameters to a grid.

    One row per person, always the first `NUM_PEOPLE` people: the most neutral photo, then that photo changed to each
    label of the set (for AUs: each AU alone, at its full strength).
    """
    size = picture_size(config.model, config.data)
    sources = np.stack([images.fit(people.records[i].load(), size) for i in people.most_neutral()[:NUM_PEOPLE]])
    labels = np.eye(people.space.size, dtype=np.float32)

    @jax.jit
    def draw(params: Any) -> jax.Array:
        pictures = images.to_network(np.repeat(sources, len(labels), axis=0))
        small = change.shrink(pictures, config.model.image_size)
        generated = generator.apply({"params": params}, small, np.tile(labels, (len(sources), 1)))
        return images.to_uint8(change.apply(generated.change, pictures))

    def preview(params: Any) -> np.ndarray:
        edited = np.asarray(draw(params)).reshape(len(sources), len(labels), size, size, 3)
        return images.grid([[source, *row] for source, row in zip(sources, edited, strict=True)])

    return preview
