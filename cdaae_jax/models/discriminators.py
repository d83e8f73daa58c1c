"""The two discriminators: is a picture real under its label, and is a latent drawn from the uniform prior?"""

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.models import layers


class ImageDiscriminator(nn.Module):
    """Judges (image, label): four stride-2 convolutions, the label as maps after the first, two dense layers (CAAE).

    Attributes:
      width: channels of the first convolution, doubled at each of the three others.
      dense_size: units of the dense layer.
      kernel_size: height and width of every kernel.
      leak: slope of the leaky ReLU below zero.
      norm: "batch", "layer" or "none".
      dtype: compute type.
      axis_name: see `layers.Norm`.
    """

    width: int
    dense_size: int
    kernel_size: int
    leak: float
    norm: str
    dtype: jnp.dtype = jnp.float32
    axis_name: str | None = None

    @nn.compact
    def __call__(self, image: Float[Array, "n s s 3"], label: Float[Array, "n l"], train: bool) -> Float[Array, " n"]:
        """Returns float32 logits: positive means real. `image` is in [-1, 1]."""
        features = image
        for i in range(4):
            features = layers.Conv(
                self.width * 2**i, self.kernel_size, stride=2, dtype=self.dtype, name=f"convolution_{i + 1}"
            )(features)
            # The label joins after this layer. No normalisation here: it would wash out maps that are constant.
            if i > 0:
                features = layers.Norm(self.norm, self.dtype, self.axis_name, name=f"norm_{i + 1}")(features, train)
            features = nn.leaky_relu(features, self.leak)
            if i == 0:
                maps = jnp.broadcast_to(label[:, None, None, :], (*features.shape[:3], label.shape[-1]))
                features = jnp.concatenate([features, maps.astype(features.dtype)], axis=-1)
        flat = features.reshape(features.shape[0], -1)
        hidden = nn.leaky_relu(nn.Dense(self.dense_size, dtype=self.dtype, name="dense")(flat), self.leak)
        return nn.Dense(1, dtype=jnp.float32, name="logit")(hidden.astype(jnp.float32))[:, 0]


class LatentDiscriminator(nn.Module):
    """Judges latents: dense layers of 64, 32 and 16 units, then a logit (CAAE).

    Attributes:
      leak: slope of the leaky ReLU below zero.
      norm: "batch", "layer" or "none".
      axis_name: see `layers.Norm`.
    """

    leak: float
    norm: str
    axis_name: str | None = None

    @nn.compact
    def __call__(self, latent: Float[Array, "n z"], train: bool) -> Float[Array, " n"]:
        """Returns float32 logits: positive means drawn from the prior. `latent` is in [-1, 1]."""
        hidden = latent
        for i, units in enumerate((64, 32, 16)):
            hidden = nn.Dense(units, name=f"dense_{i + 1}")(hidden)
            hidden = layers.Norm(self.norm, axis_name=self.axis_name, name=f"norm_{i + 1}")(hidden, train)
            hidden = nn.leaky_relu(hidden, self.leak)
        return nn.Dense(1, name="logit")(hidden)[:, 0]
