"""The U-Net baseline's decoder: it reads every level of the encoder, and makes no difference to add."""

import jax.numpy as jnp
from flax import linen as nn

from cdaae_jax.models import layers
from cdaae_jax.models.change import Change, shift_between
from cdaae_jax.models.decoder import Label, Latent, Source, picture_logits, smallest_features
from cdaae_jax.models.encoder import Features, channels, num_levels


class UNetDecoder(nn.Module):
    """Up-convolutions, each followed by the encoder's features of its level, concatenated (Ronneberger et al. 2015).

    The label enters at the bottleneck alone, with the latent. Attributes: as in `decoder.PlainDecoder`.
    """

    image_size: int
    width: int
    max_width: int
    kernel_size: int
    label_repeats: int
    upsampling: str
    leak: float
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, kept: Features, latent: Latent, label: Label, source: Source) -> tuple[Change, Features]:
        """Returns the shift from source to picture, and no differences; `kept` holds all levels above 4x4."""
        features = smallest_features(self, latent, label)
        for level in range(num_levels(self.image_size) - 1, -1, -1):
            num_channels = channels(level, self.width, self.max_width)
            features = layers.Up(
                num_channels, self.kernel_size, kind=self.upsampling, dtype=self.dtype, name=f"up_{level}"
            )(features)
            features = nn.leaky_relu(features, self.leak)
            if level:
                features = jnp.concatenate([features, kept[level]], axis=-1)
        return Change(shift=shift_between(source, picture_logits(self, features))), {}
