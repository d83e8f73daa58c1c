"""The difference decoder: from latent and label to a change of low-level features, then to a picture."""

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.models import layers
from cdaae_jax.models.encoder import SMALLEST, channels, num_levels


class DifferenceDecoder(nn.Module):
    """Makes the difference between the source's low-level features and those of the same person's target face.

    Up-convolutions mirror the encoder. Down to the join they see only latent and label, and what they make there is
    linear and starts at exactly 0; it is added to the low-level features, so that the identity rides on these. With
    `join_level` 0 there is nothing to add it to: latent and label alone make the picture, which is CAAE's decoder.

    Attributes:
      image_size, width, max_width, kernel_size, join_level, leak, dtype: as in the encoder.
      label_repeats: how often the label is tiled; 0 tiles it to about the latent's length.
      upsampling: "deconv" or "resize", see `layers.Up`.
    """

    image_size: int
    width: int
    max_width: int
    kernel_size: int
    join_level: int
    label_repeats: int
    upsampling: str
    leak: float
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(
        self,
        low_level: Float[Array, "n h h c"] | None,
        latent: Float[Array, "n z"],
        label: Float[Array, "n l"],
    ) -> tuple[Float[Array, "n s s 3"], Float[Array, "n h h c"] | None]:
        """Decodes.

        Args:
          low_level: the encoder's features at the join; None at level 0.
          latent: in (-1, 1).
          label: see `cdaae_jax.labels`.

        Returns:
          image: float32 in (-1, 1).
          difference: what was added to `low_level`; None at level 0.
        """
        top = num_levels(self.image_size)
        repeats = self.label_repeats or max(1, latent.shape[-1] // label.shape[-1])
        code = jnp.concatenate([latent, jnp.tile(label, (1, repeats))], axis=-1)
        num_channels = channels(top, self.width, self.max_width)
        features = nn.Dense(SMALLEST * SMALLEST * num_channels, dtype=self.dtype, name="dense")(code)
        features = features.reshape(-1, SMALLEST, SMALLEST, num_channels)
        features = nn.leaky_relu(features, self.leak)
        difference = None
        for level in range(top - 1, -1, -1):  # the level whose size the features reach
            at_join = level > 0 and level == self.join_level
            # Level 0 is the picture's own size; CAAE goes on halving its channels there.
            num_channels = channels(level, self.width, self.max_width) if level else max(8, self.width // 2)
            features = layers.Up(
                num_channels,
                self.kernel_size,
                kind=self.upsampling,
                dtype=self.dtype,
                zero_init=at_join,
                name=f"up_{level}",
            )(features)
            if at_join:
                difference = features
                features = low_level + difference
            else:
                features = nn.leaky_relu(features, self.leak)
        features = layers.Conv(max(8, self.width // 4), self.kernel_size, dtype=self.dtype, name="refine")(features)
        features = nn.leaky_relu(features, self.leak)
        image = layers.Conv(3, self.kernel_size, dtype=self.dtype, name="picture")(features)
        return jnp.tanh(image.astype(jnp.float32)), difference
