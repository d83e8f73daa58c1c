"""The difference decoders: from latent and label to a difference of low-level features, and from these to a change."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.models import change, layers
from cdaae_jax.models.change import Change
from cdaae_jax.models.encoder import SMALLEST, Features, channels, num_levels

Source = Float[Array, "n s s 3"]
Latent = Float[Array, "n z"]
Label = Float[Array, "n l"]


class ChangeDecoder(nn.Module):
    """Makes the difference between the source's low-level features and those of the person's target face, and a change.

    Up-convolutions mirror the encoder. Up to the first join they see only latent and label. What they make at a join is
    linear and exactly 0 before training; it is added to the encoder's features of that level, which carry the identity.
    The features at level 1, at half the network's size, say what moves, what changes colour and what is painted: the
    flow on their own grid, shift, mask and paint at the network's size or at twice that. Nothing is convolved at full
    size.

    Attributes:
      image_size, width, max_width, kernel_size, leak, dtype: as in the encoder.
      join_levels: where differences are added to the encoder's features, each 1 or more.
      label_repeats: how often the label is tiled; 0 tiles it to about the latent's length.
      label_at_every_level: give the label to every layer, not only to the first (ExprGAN, Ding et al. 2018).
      upsampling: "deconv" or "resize", see `layers.Up`.
      heads: which parts of a change are made, of "flow", "shift" and "paint".
      flow_reach: the farthest a pixel is fetched from, in sides of the picture.
      flow_detail: side of the flow's grid, in halves of the network's size: 1 or 2. An eye is 6 x 3 pixels of a
        64 px network, too small for a grid of 32 to close it.
      shift_detail: side of the shift's grid, in network sizes: 1 or 2. The two folds of an angry brow are half a pixel
        wide in a 64 px network.
      moving_shift: draw the shift on the photo as it is, from a layer of its own, and let the flow move it with the
        skin: a fold has its place beside brow, nose and mouth, wherever these go.
      paint_detail: side of the grid of mask and paint, in network sizes: 1 or 2. Teeth are finer than what it
        takes to find a mouth.
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
    heads: tuple[str, ...]
    flow_reach: float
    flow_detail: int
    shift_detail: int
    paint_detail: int
    moving_shift: bool
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, kept: Features, latent: Latent, label: Label, source: Source) -> tuple[Change, Features]:
        """Decodes.

        Args:
          kept: the encoder's features at each of `join_levels` from 1 on.
          latent: float32.
          label: see `cdaae_jax.labels`.
          source: the photo at the network's size, in [-1, 1].

        Returns:
          change: float32.
          differences: by level, what was added to `kept`.
        """
        joined, differences = climb(self, kept, latent, label, 1)
        features = nn.leaky_relu(self._conv(self.width, "refine")(joined), self.leak)
        flow = shift = mask = paint = None
        if "flow" in self.heads:
            flow = jnp.tanh(self._blocks(features, self.flow_detail, 2, "flow")) * self.flow_reach
        if "shift" in self.heads:
            folds = features
            if self.moving_shift:
                folds = nn.leaky_relu(self._conv(2 * self.width, "refine_shift")(joined), self.leak)
            shift = self._blocks(folds, 2 * self.shift_detail, 3, "shift")
            if self.moving_shift and flow is not None:
                # What the colours ask for would bend the flow, which the true maps or the picture teach better.
                fixed = jax.lax.stop_gradient(flow)
                shift = change.move(shift, change.enlarge(fixed, *shift.shape[1:3]))
        if "paint" in self.heads:
            paint = jnp.tanh(self._blocks(features, 2 * self.paint_detail, 3, "paint"))
            mask = nn.sigmoid(self._blocks(features, 2 * self.paint_detail, 1, "mask") + _LITTLE)
        return Change(flow, shift, mask, paint), differences

    def _blocks(
        self, features: Float[Array, "n h h c"], block: int, channels: int, name: str
    ) -> Float[Array, "n blockh blockh d"]:
        """Returns maps at `block` times the size: each feature makes a block of pixels (Shi et al. 2016)."""
        blocks = self._conv(block * block * channels, name, zero_init=True)(features).astype(jnp.float32)
        n, height, width, _ = blocks.shape
        blocks = blocks.reshape(n, height, width, block, block, channels).transpose(0, 1, 3, 2, 4, 5)
        return blocks.reshape(n, block * height, block * width, channels)

    def _conv(self, features: int, name: str, zero_init: bool = False) -> layers.Conv:
        init: dict[str, Any] = dict(kernel_init=nn.initializers.zeros) if zero_init else {}
        return layers.Conv(features, self.kernel_size, dtype=self.dtype, name=name, **init)


_LITTLE = -4.0  # before the sigmoid: a mask of 2 % to begin with


class PlainDecoder(nn.Module):
    """The paper's difference decoder: the differences lead to a picture, and to no flow and no mask.

    As `ChangeDecoder` down to level 1, then one more up-convolution and two convolutions. A join at level 0 adds to the
    photo itself, at the very end. Without a join there is nothing to add to: latent and label alone make the picture,
    which is CAAE's decoder. Attributes: as in `ChangeDecoder`, but that `join_levels` may hold 0.
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
    def __call__(self, kept: Features, latent: Latent, label: Label, source: Source) -> tuple[Change, Features]:
        """Decodes, see `ChangeDecoder`; the change is a shift alone, which turns the source into the picture."""
        features, differences = climb(self, kept, latent, label, 0)
        logits = picture_logits(self, features, zero_init=0 in self.join_levels)
        if 0 in self.join_levels:
            differences[0] = logits
            return Change(shift=logits), differences
        return Change(shift=change.shift_between(source, logits)), differences


def climb(
    decoder: Any, kept: Features, latent: Latent, label: Label, lowest: int
) -> tuple[Float[Array, "n h h c"], Features]:
    """Returns features at level `lowest`, and by level the differences that were joined on the way.

    The layers belong to `decoder`, in whose compact method it is called.
    """
    features = smallest_features(decoder, latent, label)
    differences: Features = {}
    for level in range(num_levels(decoder.image_size) - 1, lowest - 1, -1):  # the level whose size the features reach
        joins = level > 0 and level in decoder.join_levels
        num_channels = channels(level, decoder.width, decoder.max_width)
        features = layers.Up(
            num_channels,
            decoder.kernel_size,
            kind=decoder.upsampling,
            dtype=decoder.dtype,
            zero_init=joins,
            name=f"up_{level}",
        )(features)
        if decoder.label_at_every_level:
            # Maps of a label add the same to every pixel; so does this, at no cost, and it starts at exactly 0.
            zeros = nn.initializers.zeros
            dense = nn.Dense(
                num_channels, use_bias=False, kernel_init=zeros, dtype=decoder.dtype, name=f"label_{level}"
            )
            features = features + dense(label)[:, None, None, :]
        if joins:
            differences[level] = features
            features = kept[level] + features
        if not joins or level > min(decoder.join_levels):
            features = nn.leaky_relu(features, decoder.leak)
    return features, differences


def smallest_features(decoder: nn.Module, latent: Latent, label: Label) -> Float[Array, "n 4 4 c"]:
    """Returns where every decoder starts: a dense layer over latent and tiled label, inside `decoder`'s own scope."""
    repeats = decoder.label_repeats or max(1, latent.shape[-1] // label.shape[-1])
    code = jnp.concatenate([latent, jnp.tile(label, (1, repeats))], axis=-1)
    num_channels = channels(num_levels(decoder.image_size), decoder.width, decoder.max_width)
    features = nn.Dense(SMALLEST * SMALLEST * num_channels, dtype=decoder.dtype, name="dense")(code)
    return nn.leaky_relu(features.reshape(-1, SMALLEST, SMALLEST, num_channels), decoder.leak)


def picture_logits(
    decoder: nn.Module, features: Float[Array, "n s s c"], zero_init: bool = False
) -> Float[Array, "n s s 3"]:
    """Returns a picture before its tanh: two stride-1 convolutions (CAAE), inside `decoder`'s own scope; float32."""
    init: dict[str, Any] = dict(kernel_init=nn.initializers.zeros) if zero_init else {}
    refine = layers.Conv(max(8, decoder.width // 4), decoder.kernel_size, dtype=decoder.dtype, name="refine")
    picture = layers.Conv(3, decoder.kernel_size, dtype=decoder.dtype, name="picture", **init)
    return picture(nn.leaky_relu(refine(features), decoder.leak)).astype(jnp.float32)
