"""Layers shared by all networks: NHWC, SAME padding, bias, float32 parameters."""

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.models.convolutions import convolution, down_convolution, up_convolution

_he_normal = nn.initializers.variance_scaling(2.0, "fan_in", "truncated_normal")
# Only a quarter of a stride-2 transposed kernel's taps meet in an output pixel, so the variance is four times as large.
_he_normal_up = nn.initializers.variance_scaling(8.0, "fan_in", "truncated_normal", in_axis=-1, out_axis=-2)


class Conv(nn.Module):
    """Convolution with bias.

    Attributes:
      features: output channels.
      kernel_size: height and width of the kernel.
      stride: 1 keeps height and width, 2 halves them.
      dtype: compute type.
      kernel_init: initialiser of the kernel.
    """

    features: int
    kernel_size: int
    stride: int = 1
    dtype: jnp.dtype = jnp.float32
    kernel_init: nn.initializers.Initializer = _he_normal

    @nn.compact
    def __call__(self, pictures: Float[Array, "n h w c"]) -> Float[Array, "n h/stride w/stride d"]:
        """Convolves, in `dtype`."""
        shape = (self.kernel_size, self.kernel_size, pictures.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, (self.features,), jnp.float32)
        pictures, kernel, bias = (a.astype(self.dtype) for a in (pictures, kernel, bias))
        convolve = down_convolution if self.stride == 2 else convolution
        return convolve(pictures, kernel) + bias


class Up(nn.Module):
    """Doubles height and width, with bias.

    Attributes:
      features: output channels.
      kernel_size: height and width of the kernel.
      kind: "deconv" (transposed convolution) or "resize" (nearest neighbour, then convolution: no checkerboard).
      dtype: compute type.
      zero_init: whether the output is exactly 0 before training.
    """

    features: int
    kernel_size: int
    kind: str = "deconv"
    dtype: jnp.dtype = jnp.float32
    zero_init: bool = False

    @nn.compact
    def __call__(self, features: Float[Array, "n h w d"]) -> Float[Array, "n 2h 2w c"]:
        """Upsamples, in `dtype`."""
        if self.kind == "resize":
            doubled = jnp.repeat(jnp.repeat(features, 2, axis=1), 2, axis=2)
            init = nn.initializers.zeros if self.zero_init else _he_normal
            return Conv(self.features, self.kernel_size, dtype=self.dtype, kernel_init=init, name="convolution")(
                doubled
            )
        shape = (self.kernel_size, self.kernel_size, self.features, features.shape[-1])
        init = nn.initializers.zeros if self.zero_init else _he_normal_up
        kernel = self.param("kernel", init, shape, jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, (self.features,), jnp.float32)
        features, kernel, bias = (a.astype(self.dtype) for a in (features, kernel, bias))
        return up_convolution(features, kernel) + bias


class Norm(nn.Module):
    """Normalises activations before their non-linearity.

    Attributes:
      kind: "batch" (statistics of the whole batch over all devices), "layer" or "none".
      dtype: compute type; statistics are float32.
      axis_name: the mapped axis over which batch statistics are averaged; None on one device.
    """

    kind: str
    dtype: jnp.dtype = jnp.float32
    axis_name: str | None = None

    @nn.compact
    def __call__(self, activations: Float[Array, "n ..."], train: bool) -> Float[Array, "n ..."]:
        """Normalises; `train` uses the batch's own statistics and updates the running ones."""
        if self.kind == "batch":
            return nn.BatchNorm(
                use_running_average=not train,
                momentum=0.9,
                dtype=self.dtype,
                # Initialisation runs outside the mapped axis.
                axis_name=None if self.is_initializing() else self.axis_name,
                name="batch_norm",
            )(activations)
        if self.kind == "layer":
            return nn.LayerNorm(dtype=self.dtype, name="layer_norm")(activations)
        return activations
