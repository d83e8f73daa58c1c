"""From a model's name to its networks. A new baseline is one entry here."""

import dataclasses
from typing import NamedTuple

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.config import Model
from cdaae_jax.errors import UserError
from cdaae_jax.labels import nearest
from cdaae_jax.models.decoder import DifferenceDecoder
from cdaae_jax.models.discriminators import ImageDiscriminator, LatentDiscriminator
from cdaae_jax.models.encoder import Encoder, num_levels


class Generated(NamedTuple):
    """What a generator returns.

    Attributes:
      image: float32 [n, s, s, 3] in (-1, 1).
      latent: float32 [n, z] in (-1, 1), for the latent discriminator.
      difference: [n, h, h, c], added to the low-level features; None without a feedforward path.
    """

    image: Float[Array, "n s s 3"]
    latent: Float[Array, "n z"]
    difference: Float[Array, "n h h c"] | None


class Generator(nn.Module):
    """Encoder and difference decoder in a row: one photo and a target label in, the changed face out."""

    encoder: nn.Module
    decoder: nn.Module

    def __call__(self, source: Float[Array, "n s s 3"], label: Float[Array, "n l"]) -> Generated:
        """`source` is in [-1, 1]; `label` is the target's, see `cdaae_jax.labels`."""
        low_level, latent = self.encoder(source)
        image, difference = self.decoder(low_level, latent, label)
        return Generated(image, latent, difference)


class Networks(NamedTuple):
    """The three networks that are trained."""

    generator: nn.Module
    image_discriminator: nn.Module
    latent_discriminator: nn.Module


def cdaae(model: Model, axis_name: str | None = None) -> Networks:
    """Conditional Difference Adversarial Autoencoder (Zhou & Shi 2017, arXiv 1708.09126)."""
    dtype = jnp.dtype(model.dtype)
    if model.join_level >= num_levels(model.image_size):
        raise UserError(
            f"config.model.join_level is {model.join_level}, but {model.image_size} px pictures have features of "
            f"more than 4x4 only up to level {num_levels(model.image_size) - 1}; choose a lower one"
        )
    shared = dict(
        image_size=model.image_size,
        width=model.width,
        max_width=model.max_width,
        kernel_size=model.kernel_size,
        join_level=model.join_level,
        leak=model.leak,
        dtype=dtype,
    )
    return Networks(
        generator=Generator(
            encoder=Encoder(**shared, latent_size=model.latent_size, latent_norm=model.latent_norm),
            decoder=DifferenceDecoder(**shared, label_repeats=model.label_repeats, upsampling=model.upsampling),
        ),
        image_discriminator=ImageDiscriminator(
            width=model.discriminator_width,
            dense_size=model.discriminator_dense,
            kernel_size=model.kernel_size,
            leak=model.leak,
            norm=model.discriminator_norm,
            dtype=dtype,
            axis_name=axis_name,
        ),
        latent_discriminator=LatentDiscriminator(leak=model.leak, norm=model.discriminator_norm, axis_name=axis_name),
    )


def caae(model: Model, axis_name: str | None = None) -> Networks:
    """Conditional Adversarial Autoencoder (Zhang et al., CVPR 2017): the same network without the feedforward path."""
    return cdaae(dataclasses.replace(model, join_level=0), axis_name)


MODELS = {"cdaae": cdaae, "caae": caae}


def build(model: Model, axis_name: str | None = None) -> Networks:
    """Returns the networks of a model configuration.

    Args:
      model: the configuration.
      axis_name: the mapped axis over which batch statistics are shared; None outside a mapped step.

    Raises:
      UserError: the name is not in the registry, or the join lies below the smallest features.
    """
    if model.name not in MODELS:
        raise UserError(f"unknown model {model.name!r}; known: {', '.join(nearest(model.name, list(MODELS)))}")
    return MODELS[model.name](model, axis_name)
