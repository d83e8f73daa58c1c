"""Encoder and decoder in a row: one photo and a target label in, a change of the photo out."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.models.atlas import Atlas, on_top
from cdaae_jax.models.change import Change
from cdaae_jax.models.encoder import Features

LATENT_STREAM = "latent"  # the random stream from which a variational generator draws its latents


class Generated(NamedTuple):
    """What a generator returns.

    Attributes:
      change: what to do to the photo, see `change.apply`.
      latent: float32 [n, z]; in (-1, 1) for the latent discriminator, unbounded where `divergence` is given.
      differences: by level, what was added to the encoder's features; empty without a feedforward path.
      divergence: float32 [n], of the latent's distribution from a standard normal one, in nats; None if it has none.
      place, shown: where on the mean face the photo's points lie, and how much of each label the photo shows already,
        see `atlas.Laid`; None without an atlas.
    """

    change: Change
    latent: Float[Array, "n z"]
    differences: Features
    divergence: Float[Array, " n"] | None = None
    place: Float[Array, "n p p 2"] | None = None
    shown: Float[Array, "n l"] | None = None


class Generator(nn.Module):
    """An encoder and a decoder without any randomness, and an atlas whose change they add to, if there is one."""

    encoder: nn.Module
    decoder: nn.Module
    atlas: Atlas | None = None

    def __call__(self, source: Float[Array, "n s s 3"], label: Float[Array, "n l"]) -> Generated:
        """`source` is a photo at the network's size, in [-1, 1]; `label` is the target's, see `cdaae_jax.labels`."""
        kept, latent = self.encoder(source)
        change, differences = self.decoder(kept, latent, label, source)
        if self.atlas is None:
            return Generated(change, latent, differences)
        laid = self.atlas(source, label)
        return Generated(on_top(laid, change, source), latent, differences, place=laid.place, shown=laid.shown)


class VariationalGenerator(nn.Module):
    """A generator that draws its latent from the normal distribution whose mean and log-variance the encoder gives.

    Without the random stream `LATENT_STREAM`, as in sampling, the latent is the mean.
    """

    encoder: nn.Module
    decoder: nn.Module

    def __call__(self, source: Float[Array, "n s s 3"], label: Float[Array, "n l"]) -> Generated:
        """See `Generator`."""
        kept, moments = self.encoder(source)
        mean, log_variance = jnp.split(moments, 2, axis=-1)
        latent = mean
        if self.has_rng(LATENT_STREAM):
            latent += jnp.exp(log_variance / 2) * jax.random.normal(self.make_rng(LATENT_STREAM), mean.shape)
        # Kingma & Welling 2014, appendix B.
        divergence = (jnp.square(mean) + jnp.exp(log_variance) - 1.0 - log_variance).sum(axis=-1) / 2
        change, differences = self.decoder(kept, latent, label, source)
        return Generated(change, latent, differences, divergence)
