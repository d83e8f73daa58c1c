"""The encoder: a photo's low-level features, and what is left of it in a short latent vector."""

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.models import layers

SMALLEST = 4  # pixels: the height and width at which convolutions end and the dense layer begins (CAAE)


def num_levels(image_size: int) -> int:
    """Returns how many stride-2 convolutions lead from the picture to 4x4 features."""
    return (image_size // SMALLEST).bit_length() - 1


def channels(level: int, width: int, max_width: int) -> int:
    """Returns the channels after `level` stride-2 convolutions (1 is the first)."""
    return min(width * 2 ** (level - 1), max_width)


class Encoder(nn.Module):
    """Stride-2 convolutions down to 4x4, then a dense layer with tanh (CAAE's encoder, no normalisation).

    Attributes:
      image_size: pixels of the square input, a power of two from 32.
      width: channels after the first convolution, doubled at each level up to `max_width`.
      max_width: the most channels of any level.
      kernel_size: of every convolution.
      latent_size: length of the latent.
      join_level: the level whose activations are the low-level features; 0 for none.
      latent_norm: whether the latent is standardised (mean 0, variance 1 over its entries) before its tanh.
      leak: slope of the leaky ReLU below zero.
      dtype: compute type.
    """

    image_size: int
    width: int
    max_width: int
    kernel_size: int
    latent_size: int
    join_level: int
    latent_norm: bool
    leak: float
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, source: Float[Array, "n s s 3"]) -> tuple[Float[Array, "n h h c"] | None, Float[Array, "n z"]]:
        """Encodes photos.

        Args:
          source: in [-1, 1].

        Returns:
          low_level: activations of level `join_level`, at image_size / 2**join_level pixels; None at level 0.
          latent: float32 in (-1, 1).
        """
        features, low_level = source, None
        for level in range(1, num_levels(self.image_size) + 1):
            num_channels = channels(level, self.width, self.max_width)
            features = layers.Conv(
                num_channels, self.kernel_size, stride=2, dtype=self.dtype, name=f"convolution_{level}"
            )(features)
            features = nn.leaky_relu(features, self.leak)
            if level == self.join_level:
                low_level = features
        flat = features.reshape(features.shape[0], -1)
        latent = nn.Dense(self.latent_size, dtype=self.dtype, name="latent")(flat).astype(jnp.float32)
        if self.latent_norm:
            # Reconstruction alone drives latents into the flat ends of the tanh, from where no gradient brings them
            # back. At mean 0 and variance 1 they stay where it bends, and near the uniform prior's own spread.
            latent = nn.LayerNorm(use_scale=False, use_bias=False, name="latent_norm")(latent)
        return low_level, jnp.tanh(latent)
