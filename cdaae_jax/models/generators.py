"""Encoder and decoder in a row: one photo and a target label in, a change of the photo out."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.models import change as changes
from cdaae_jax.models import lips
from cdaae_jax.models.atlas import Atlas, Laid
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
      place, shown, lips: where on the mean face the photo's points lie, how much of each label it shows already, and
        where its lips are, see `atlas.Laid`; None without an atlas, or without one that reads it.
    """

    change: Change
    latent: Float[Array, "n z"]
    differences: Features
    divergence: Float[Array, " n"] | None = None
    place: Float[Array, "n p p 2"] | None = None
    shown: Float[Array, "n l"] | None = None
    lips: Float[Array, "n 2"] | None = None


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
        read = {"place": laid.place, "shown": laid.shown, "lips": laid.ajar}
        return Generated(_on_top(laid, change, source), latent, differences, **read)


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


def _on_top(laid: Laid, made: Change, photo: Float[Array, "n s s 3"]) -> Change:
    """Returns the change of which an atlas makes the greater part and a decoder the rest.

    Args:
      laid: the atlas.
      made: the decoder's, which is added: flow and shift, and mask and paint before their sigmoid and tanh.
      photo: the source, in [-1, 1].
    """
    flow = laid.flow
    if made.flow is not None:
        flow = flow + changes.enlarge(made.flow, *flow.shape[1:3])
    height, width = laid.light.shape[1:3]
    # What the colours ask for would bend the flow, which the true maps or the picture teach better.
    moving = jax.lax.stop_gradient(changes.enlarge(flow, height, width))
    moved = changes.move(changes.enlarge(photo, height, width), moving)
    shift = changes.relit(moved, laid.light)
    if made.shift is not None:
        shift = shift + changes.enlarge(made.shift, height, width)
    mask, paint = made.mask, made.paint
    if mask is not None and paint is not None and laid.mask is not None and laid.paint is not None:
        mask, paint = (changes.enlarge(one, *laid.mask.shape[1:3]) for one in (mask, paint))
        # The sum of what was before the sigmoid and before the tanh; a sigmoid of x is a tanh of x / 2.
        mask = (changes.recolour(2.0 * mask - 1.0, laid.mask / 2.0) + 1.0) / 2.0
        paint = changes.recolour(paint, laid.paint)
        if laid.mouth is not None:
            mask, paint = lips.painted(laid.mouth, mask, paint, moved)
    return Change(flow, shift, mask, paint)
