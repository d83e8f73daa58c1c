"""The difference decoder: from latent and label to a change of low-level features, then to a picture."""

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.models import layers
from cdaae_jax.models.change import recolour
from cdaae_jax.models.encoder import SMALLEST, Features, channels, num_levels


class DifferenceDecoder(nn.Module):
    """Makes the difference between the source's low-level features and those of the same person's target face.

    Up-convolutions mirror the encoder. Up to the first join they see only latent and label. What they make at a join is
    linear and exactly 0 before training; it is added to the encoder's features of that level, which carry the identity.
    After a join, the sum shows the next, finer difference where it belongs in this face. A join at level 0 is the last
    step and adds to the photo itself. Without a join, latent and label alone make the picture, as in CAAE's decoder.

    Attributes:
      image_size, width, max_width, kernel_size, leak, dtype: as in the encoder.
      join_levels: where differences are added to the encoder's features.
      label_repeats: how often the label is tiled; 0 tiles it to about the latent's length.
      label_at_every_level: give the label to every layer, not only to the first (ExprGAN, Ding et al. 2018).
      upsampling: "deconv" or "resize", see `layers.Up`.
    """

    image_size: int
    width: int
    max_width: int
    kernel_size: int
    join_levels: tuple[int, ...]
    label_repeats: int
    label_at_every_level: bool
    upsampling: str
    leak: float
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(
        self, kept: Features, latent: Float[Array, "n z"], label: Float[Array, "n l"]
    ) -> tuple[Float[Array, "n s s 3"], Features]:
        """Decodes.

        Args:
          kept: the encoder's features at each of `join_levels`.
          latent: float32.
          label: see `cdaae_jax.labels`.

        Returns:
          image: float32 in [-1, 1].
          differences: by level, what was added to `kept`.
        """
        features = smallest_features(self, latent, label)
        differences = {}
        for level in range(num_levels(self.image_size) - 1, -1, -1):  # the level whose size the features now have
            joins = level > 0 and level in self.join_levels
            num_channels = channels(level, self.width, self.max_width)
            features = layers.Up(
                num_channels,
                self.kernel_size,
                kind=self.upsampling,
                dtype=self.dtype,
                zero_init=joins,
                name=f"up_{level}",
            )(features)
            if self.label_at_every_level:
                # Label maps would add the same vector to every pixel. This does it at no cost, and is exactly 0 at
                # first.
                zeros = nn.initializers.zeros
                shift = nn.Dense(
                    num_channels, use_bias=False, kernel_init=zeros, dtype=self.dtype, name=f"label_{level}"
                )
                features = features + shift(label)[:, None, None, :]
            if joins:
                differences[level] = features
                features = kept[level] + features
            if not joins or level > min(self.join_levels):
                features = nn.leaky_relu(features, self.leak)
        logits = picture_logits(self, features, zero_init=0 in self.join_levels)
        if 0 in self.join_levels:
            differences[0] = logits
            return recolour(kept[0], logits), differences
        return jnp.tanh(logits), differences


def smallest_features(
    decoder: nn.Module, latent: Float[Array, "n z"], label: Float[Array, "n l"]
) -> Float[Array, "n 4 4 c"]:
    """Returns where every decoder starts: a dense layer over latent and tiled label, inside `decoder`'s own scope."""
    repeats = decoder.label_repeats or max(1, latent.shape[-1] // label.shape[-1])
    code = jnp.concatenate([latent, jnp.tile(label, (1, repeats))], axis=-1)
    num_channels = channels(num_levels(decoder.image_size), decoder.width, decoder.max_width)
    features = nn.Dense(SMALLEST * SMALLEST * num_channels, dtype=decoder.dtype, name="dense")(code)
    return nn.leaky_relu(features.reshape(-1, SMALLEST, SMALLEST, num_channels), decoder.leak)


def picture_logits(
    decoder: nn.Module, features: Float[Array, "n s s c"], zero_init: bool = False
) -> Float[Array, "n s s 3"]:
    """Returns where every decoder ends: two stride-1 convolutions (CAAE), inside `decoder`'s own scope; float32."""
    init: dict[str, Any] = dict(kernel_init=nn.initializers.zeros) if zero_init else {}
    refine = layers.Conv(max(8, decoder.width // 4), decoder.kernel_size, dtype=decoder.dtype, name="refine")
    picture = layers.Conv(3, decoder.kernel_size, dtype=decoder.dtype, name="picture", **init)
    return picture(nn.leaky_relu(refine(features), decoder.leak)).astype(jnp.float32)
