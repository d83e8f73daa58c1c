"""The networks as a Flax user writes them: nn.Conv and nn.ConvTranspose, with our parameters' names and shapes."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from cdaae_jax.config import Model
from cdaae_jax.models.encoder import SMALLEST, Features, channels, num_levels
from cdaae_jax.models.registry import Networks


class Generated(NamedTuple):
    """What the generator returns: image [n, s, s, 3] in (-1, 1), latent [n, z], differences by level."""

    image: jax.Array
    latent: jax.Array
    differences: Features


class Encoder(nn.Module):
    """See `cdaae_jax.models.encoder.Encoder`."""

    model: Model

    @nn.compact
    def __call__(self, source):
        """Returns the features at the joins, by level, and the latent."""
        model, features, kept = self.model, source, {}
        for level in range(1, num_levels(model.image_size) + 1):
            size = channels(level, model.width, model.max_width)
            features = _conv(model, size, 2, f"convolution_{level}")(features)
            features = nn.leaky_relu(features, model.leak)
            if level in model.join_levels:
                kept[level] = features
        latent = nn.Dense(model.latent_size, dtype=model.dtype, name="latent")(features.reshape(len(features), -1))
        latent = latent.astype(jnp.float32)
        if model.latent_norm:
            latent = nn.LayerNorm(use_scale=False, use_bias=False)(latent)
        return kept, jnp.tanh(latent)


class Decoder(nn.Module):
    """See `cdaae_jax.models.decoder.PlainDecoder`."""

    model: Model

    @nn.compact
    def __call__(self, kept, latent, label):
        """Returns image and differences, by level."""
        model, differences = self.model, {}
        top = num_levels(model.image_size)
        repeats = model.label_repeats or max(1, latent.shape[-1] // label.shape[-1])
        code = jnp.concatenate([latent, jnp.tile(label, (1, repeats))], axis=-1)
        size = channels(top, model.width, model.max_width)
        features = nn.Dense(SMALLEST * SMALLEST * size, dtype=model.dtype, name="dense")(code)
        features = nn.leaky_relu(features.reshape(-1, SMALLEST, SMALLEST, size), model.leak)
        for level in range(top - 1, -1, -1):
            size = channels(level, model.width, model.max_width)
            kernel = (model.kernel_size, model.kernel_size)
            up = nn.ConvTranspose(size, kernel, (2, 2), transpose_kernel=True, dtype=model.dtype, name=f"up_{level}")
            features = up(features)
            if level in model.join_levels:
                differences[level] = features
                features = kept[level] + features
            if level not in model.join_levels or level > min(model.join_levels):
                features = nn.leaky_relu(features, model.leak)
        features = nn.leaky_relu(_conv(model, max(8, model.width // 4), 1, "refine")(features), model.leak)
        return jnp.tanh(_conv(model, 3, 1, "picture")(features).astype(jnp.float32)), differences


class Generator(nn.Module):
    """Encoder and difference decoder in a row."""

    model: Model

    @nn.compact
    def __call__(self, source, label):
        """Returns `Generated`."""
        kept, latent = Encoder(self.model, name="encoder")(source)
        image, differences = Decoder(self.model, name="decoder")(kept, latent, label)
        return Generated(image, latent, differences)


class _Norm(nn.Module):
    """One level more in the parameter tree, as ours has."""

    dtype: Any

    @nn.compact
    def __call__(self, activations, train: bool):
        return nn.BatchNorm(use_running_average=not train, momentum=0.9, dtype=self.dtype, name="batch_norm")(
            activations
        )


class ImageDiscriminator(nn.Module):
    """See `cdaae_jax.models.discriminators.ImageDiscriminator`."""

    model: Model

    @nn.compact
    def __call__(self, image, label, train: bool):
        """Returns logits."""
        model, features = self.model, image
        for i in range(4):
            features = _conv(model, model.discriminator_width * 2**i, 2, f"convolution_{i + 1}")(features)
            if i > 0:
                features = _Norm(model.dtype, name=f"norm_{i + 1}")(features, train)
            features = nn.leaky_relu(features, model.leak)
            if i == 0:
                maps = jnp.broadcast_to(label[:, None, None, :], (*features.shape[:3], label.shape[-1]))
                features = jnp.concatenate([features, maps.astype(features.dtype)], axis=-1)
        hidden = nn.Dense(model.discriminator_dense, dtype=model.dtype, name="dense")(
            features.reshape(len(features), -1)
        )
        return nn.Dense(1, name="logit")(nn.leaky_relu(hidden, model.leak).astype(jnp.float32))[:, 0]


class LatentDiscriminator(nn.Module):
    """See `cdaae_jax.models.discriminators.LatentDiscriminator`."""

    model: Model

    @nn.compact
    def __call__(self, latent, train: bool):
        """Returns logits."""
        for i, units in enumerate((64, 32, 16), start=1):
            latent = _Norm(jnp.float32, name=f"norm_{i}")(nn.Dense(units, name=f"dense_{i}")(latent), train)
            latent = nn.leaky_relu(latent, self.model.leak)
        return nn.Dense(1, name="logit")(latent)[:, 0]


def _conv(model: Model, features: int, stride: int, name: str) -> nn.Conv:
    kernel = (model.kernel_size, model.kernel_size)
    return nn.Conv(features, kernel, (stride, stride), padding="SAME", dtype=model.dtype, name=name)


def build(model: Model) -> Networks:
    """Returns the networks of a model configuration.

    Raises:
      ValueError: the configuration asks for what this peer does not have.
    """
    if model.name != "plain" or model.label_at_every_level:
        raise ValueError("plain Flax has only the model 'plain', with the label at the first layer")
    if model.upsampling != "deconv" or model.discriminator_norm != "batch":
        raise ValueError("the peers have only upsampling 'deconv' and 'batch' norm")
    return Networks(Generator(model), ImageDiscriminator(model), LatentDiscriminator(model))
