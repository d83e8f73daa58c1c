"""The programmatic API: one photo and a label in, the same person with that expression out."""

import dataclasses
import functools
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import UInt8

from cdaae_jax import checkpoint, images
from cdaae_jax.chunks import in_chunks
from cdaae_jax.config import model_from_dict
from cdaae_jax.errors import UserError
from cdaae_jax.labels import Label, LabelSpace
from cdaae_jax.models import registry

_CHUNK = 32  # photos per call of the network: bounds memory, and the number of shapes that are ever compiled


@dataclasses.dataclass(frozen=True)
class Sampler:
    """A trained generator that is ready for use.

    Photos must look like those of the training set: the face upright, cropped and aligned in the same way.

    Attributes:
      generator: the network.
      params: its parameters, on the device.
      labels: what it can be asked for; `labels.names` lists it.
      image_size: S, height and width of the result in pixels.
      meta: configuration, versions and step of the training run.
    """

    generator: nn.Module
    params: Any
    labels: LabelSpace
    image_size: int
    meta: dict[str, Any]

    @classmethod
    def from_checkpoint(cls, path: str | os.PathLike) -> "Sampler":
        """Opens a training run's workdir (its newest checkpoint) or a single checkpoint folder.

        Raises:
          UserError: there is none, or none that is undamaged, or it is of another format or structure than this
            version's.
        """
        params, meta = checkpoint.read_model(pathlib.Path(path))
        model = model_from_dict(meta["config"]["model"])
        space = LabelSpace(meta["labels"]["kind"], tuple(meta["labels"]["names"]))
        generator = registry.build(model).generator
        photo, label = jnp.zeros((1, model.image_size, model.image_size, 3)), jnp.zeros((1, space.size))
        built = jax.eval_shape(generator.init, jax.random.key(0), photo, label)["params"]
        checkpoint.refuse_other_structure(
            checkpoint.structure(built), checkpoint.structure(params), meta, pathlib.Path(path)
        )
        return cls(generator, jax.device_put(params), space, model.image_size, meta)

    def edit(self, image: np.ndarray, label: Label | Sequence[Label]) -> np.ndarray:
        """Returns photos with another expression.

        Args:
          image: uint8 [H, W, 3] or [N, H, W, 3] in RGB, at least S pixels high and wide; the largest centred square
            is used. Grey and RGBA are converted.
          label: "happy", "happy=0.7,surprised=0.3", {"AU12": 3} or a vector (see `LabelSpace.parse`), for all photos;
            or a list of them, one per photo. One photo with a list of labels is edited once for each label.

        Returns:
          uint8 [S, S, 3] for one photo with one label, else [N, S, S, 3].

        Raises:
          UserError: a picture or a label cannot be used, or the numbers of photos and labels do not match.
        """
        pictures, single = self._pictures(image)
        several = isinstance(label, list | tuple) or (isinstance(label, np.ndarray) and label.ndim == 2)
        asked: Any = label if several else [label]
        vectors = np.stack([self.labels.parse(one) for one in asked])
        count = max(len(pictures), len(vectors))
        if {len(pictures), len(vectors)} - {1, count}:
            raise UserError(f"{len(vectors)} labels for {len(pictures)} photos; give one label, or one per photo")
        edited = self._generate(_repeat(pictures, count), _repeat(vectors, count))
        return edited[0] if single and not several else edited

    def interpolate(
        self, image: np.ndarray, start: Label, end: Label, steps: int = 9
    ) -> UInt8[np.ndarray, "steps s s 3"]:
        """Returns a person's face at evenly spaced steps from one expression to another, both ends included.

        Raises:
          UserError: see `edit`; or fewer than 2 steps.
        """
        if steps < 2:
            raise UserError(f"steps is {steps}; an interpolation has at least its 2 ends")
        begin, finish = self.labels.parse(start), self.labels.parse(end)
        return self.edit(image, [self.labels.mix(begin, finish, amount) for amount in np.linspace(0.0, 1.0, steps)])

    def _pictures(self, image: np.ndarray) -> tuple[np.ndarray, bool]:
        image = np.asarray(image)
        single = image.ndim < 4
        batch = [image] if single else image
        if not len(batch):
            raise UserError("no pictures were given; give at least one")
        return np.stack([images.fit(images.as_rgb(one, self.image_size), self.image_size) for one in batch]), single

    def _generate(self, pictures: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return in_chunks(functools.partial(_edit, self.generator, self.params), pictures, vectors, most=_CHUNK)


@functools.partial(jax.jit, static_argnums=0)
def _edit(generator: nn.Module, params: Any, pictures: jax.Array, labels: jax.Array) -> jax.Array:
    generated = generator.apply({"params": params}, images.to_network(pictures), labels)
    return images.to_uint8(generated.image)


def _repeat(array: np.ndarray, count: int) -> np.ndarray:
    return np.broadcast_to(array, (count, *array.shape[1:])) if len(array) == 1 else array
