"""The encoder: a photo in, its low-level features and a short latent vector out."""

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.models import layers

# Feature maps by level: level k is at image_size / 2**k pixels.
Features = dict[int, Float[Array, "n h h c"]]

SMALLEST = 4  # pixels: the height and width at which convolutions end and the dense layer begins (CAAE)


def num_levels(image_size: int) -> int:
    """Returns how many stride-2 convolutions lead from the picture to 4x4 features."""
    return (image_size // SMALLEST).bit_length() - 1


def channels(level: int, width: int, max_width: int) -> int:
    """Returns the number of channels at a level; level 0 means the decoder's features at the picture's size."""
    return min(width * 2 ** (level - 1), max_width) if level else max(8, width // 2)


class Encoder(nn.Module):
    """Stride-2 convolutions down to 4x4, then a dense layer with tanh (CAAE's encoder, no normalisation).

    Attributes:
      image_size: pixels of the square input, a power of two from 32.
      width: channels after the first convolution, doubled at each level up to `max_width`.
      max_width: the most channels of any level.
      kernel_size: height and width of every kernel.
      latent_size: length of the latent.
      keep_levels: the levels whose activations are returned beside the latent.
      bounded: whether the latent goes through a tanh; if not, it holds a Gaussian's mean and log-variance.
      latent_norm: whether a bounded latent is standardised (mean 0, variance 1 over its entries) before its tanh.
      leak: slope of the leaky ReLU below zero.
      dtype: compute type.
    """

    image_size: int
    width: int
    max_width: int
    kernel_size: int
    latent_size: int
    keep_levels: tuple[int, ...]
    bounded: bool
    latent_norm: bool
    leak: float
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, source: Float[Array, "n s s 3"]) -> tuple[Features, Float[Array, "n z"]]:
        """Encodes photos.

        Args:
          source: in [-1, 1].

        Returns:
          kept: by level, the activations of each of `keep_levels`, at image_size / 2**level pixels. Level 0, the
            photo itself, is not among them: decoders are given the photo.
          latent: float32; in (-1, 1) if `bounded`.
        """
        features = source
        kept = {}
        for level in range(1, num_levels(self.image_size) + 1):
            num_channels = channels(level, self.width, self.max_width)
            features = layers.Conv(
                num_channels, self.kernel_size, stride=2, dtype=self.dtype, name=f"convolution_{level}"
            )(features)
            features = nn.leaky_relu(features, self.leak)
            if level in self.keep_levels:
                kept[level] = features
        flat = features.reshape(features.shape[0], -1)
        latent = nn.Dense(self.latent_size, dtype=self.dtype, name="latent")(flat).astype(jnp.float32)
        if not self.bounded:
            return kept, latent
        if self.latent_norm:
            # Reconstruction alone drives latents into the flat ends of the tanh, where no gradient can bring them back.
            # With mean 0 and variance 1 they keep to its steep part and spread about as far as the uniform prior.
            latent = nn.LayerNorm(use_scale=False, use_bias=False, name="latent_norm")(latent)
        return kept, jnp.tanh(latent)
