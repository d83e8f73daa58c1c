"""The networks of `cdaae_jax.models` in PyTorch: NCHW, float32 parameters, default layers, nothing of our own.

A stride-2 convolution with SAME padding pads an odd kernel by one pixel more on the right and below. PyTorch's
`padding=` pads both sides alike, which here is the same network seen in a mirror: one pixel more on the left and
above. So with odd kernels these networks take and give mirrored pictures (both axes) with mirrored kernels, and need
no separate padding, which would cost PyTorch time. `carry_over` mirrors the weights.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers.torch_change import Application, Change, shrink
from cdaae_jax.config import Config, Model, picture_size
from cdaae_jax.models.encoder import SMALLEST, channels, num_levels

Features = dict[int, torch.Tensor]


class Generated(NamedTuple):
    """What the generator returns: image [n, 3, s, s], latent [n, z], differences [n, c, h, h] by level, any flow."""

    image: torch.Tensor
    latent: torch.Tensor
    differences: Features
    flow: torch.Tensor | None


class Networks(NamedTuple):
    """The three networks that are trained."""

    generator: nn.Module
    image_discriminator: nn.Module
    latent_discriminator: nn.Module


def is_mirrored(kernel_size: int) -> bool:
    """Says whether the networks see pictures upside down and left to right (see the module's docstring)."""
    return kernel_size % 2 == 1


def _down(inputs: int, outputs: int, kernel_size: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size, stride=2, padding=(kernel_size - 1) // 2)


def _up(inputs: int, outputs: int, kernel_size: int) -> nn.ConvTranspose2d:
    padding = (kernel_size - 1) // 2
    return nn.ConvTranspose2d(
        inputs, outputs, kernel_size, stride=2, padding=padding, output_padding=2 + 2 * padding - kernel_size
    )


def _flat(kernel_size: int, inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size, padding="same")


class Encoder(nn.Module):
    """See `cdaae_jax.models.encoder.Encoder`."""

    def __init__(self, model: Model):
        super().__init__()
        self.join_levels = model.join_levels
        self.latent_norm = model.latent_norm
        levels = range(1, num_levels(model.image_size) + 1)
        sizes = [3, *(channels(level, model.width, model.max_width) for level in levels)]
        for level in levels:
            self.add_module(f"convolution_{level}", _down(sizes[level - 1], sizes[level], model.kernel_size))
        self.latent = nn.Linear(SMALLEST * SMALLEST * sizes[-1], model.latent_size)
        self.activation = nn.LeakyReLU(model.leak, inplace=True)
        self.num_levels = len(levels)

    def forward(self, source: torch.Tensor) -> tuple[Features, torch.Tensor]:
        """Encodes photos [n, 3, s, s] in [-1, 1] to the features at the joins, by level, and the latent [n, z]."""
        features, kept = source, {}
        for level in range(1, self.num_levels + 1):
            features = self.activation(self.get_submodule(f"convolution_{level}")(features))
            if level in self.join_levels:
                kept[level] = features
        latent = self.latent(features.flatten(1)).float()
        if self.latent_norm:
            latent = F.layer_norm(latent, latent.shape[1:], eps=1e-6)
        return kept, torch.tanh(latent)


class Climb(nn.Module):
    """See `cdaae_jax.models.decoder.climb`: from latent and label up to features at level `lowest`."""

    def __init__(self, model: Model, label_size: int, lowest: int):
        super().__init__()
        self.join_levels = model.join_levels
        self.top, self.lowest = num_levels(model.image_size), lowest
        self.repeats = model.label_repeats or max(1, model.latent_size // label_size)
        self.label_at_every_level = model.label_at_every_level
        size = channels(self.top, model.width, model.max_width)
        self.dense = nn.Linear(model.latent_size + self.repeats * label_size, SMALLEST * SMALLEST * size)
        for level in range(self.top - 1, lowest - 1, -1):
            outputs = channels(level, model.width, model.max_width)
            self.add_module(f"up_{level}", _up(size, outputs, model.kernel_size))
            if self.label_at_every_level:
                self.add_module(f"label_{level}", nn.Linear(label_size, outputs, bias=False))
            size = outputs
        self.activation = nn.LeakyReLU(model.leak, inplace=True)

    def climb(self, kept: Features, latent: torch.Tensor, label: torch.Tensor) -> tuple[torch.Tensor, Features]:
        """Returns the features and the differences, by level."""
        features = self.dense(torch.cat([latent, label.repeat(1, self.repeats)], 1))
        features = self.activation(features.unflatten(1, (-1, SMALLEST, SMALLEST)))
        differences = {}
        for level in range(self.top - 1, self.lowest - 1, -1):
            features = self.get_submodule(f"up_{level}")(features)
            if self.label_at_every_level:
                features = features + self.get_submodule(f"label_{level}")(label)[:, :, None, None]
            if level in self.join_levels:
                differences[level] = features
                features = kept[level] + features
            if level not in self.join_levels or level > min(self.join_levels):
                features = self.activation(features)
        return features, differences


class PlainDecoder(Climb):
    """See `cdaae_jax.models.decoder.PlainDecoder`."""

    def __init__(self, model: Model, label_size: int):
        super().__init__(model, label_size, lowest=0)
        size = max(8, model.width // 4)
        self.refine = _flat(model.kernel_size, channels(0, model.width, model.max_width), size)
        self.picture = _flat(model.kernel_size, size, 3)

    def forward(self, kept: Features, latent: torch.Tensor, label: torch.Tensor) -> tuple[torch.Tensor, Features]:
        """Decodes a latent [n, z] and a label [n, l] to the image and the differences, by level."""
        features, differences = self.climb(kept, latent, label)
        image = self.picture(self.activation(self.refine(features)))
        return torch.tanh(image.float()), differences


class ChangeDecoder(Climb):
    """See `cdaae_jax.models.decoder.ChangeDecoder`; one convolution for all maps is faster than one for each."""

    def __init__(self, model: Model, label_size: int):
        super().__init__(model, label_size, lowest=1)
        self.reach = model.flow_reach
        self.blocks = {name: block for name, (block, _) in heads(model).items()}
        self.sizes = [block * block * number for block, number in heads(model).values()]
        self.refine = _flat(model.kernel_size, model.width, model.width)
        self.heads = _flat(model.kernel_size, model.width, sum(self.sizes))

    def forward(self, kept: Features, latent: torch.Tensor, label: torch.Tensor) -> tuple[Change, Features]:
        """Decodes a latent [n, z] and a label [n, l] to the change and the differences, by level."""
        features, differences = self.climb(kept, latent, label)
        maps = self.heads(self.activation(self.refine(features))).float().split(self.sizes, 1)
        flow, shift, mask, paint = (
            F.pixel_shuffle(one, block) for one, block in zip(maps, self.blocks.values(), strict=True)
        )
        # The mask begins with 2 %, see there.
        return Change(torch.tanh(flow) * self.reach, shift, torch.sigmoid(mask - 4.0), torch.tanh(paint)), differences


def heads(model: Model) -> dict[str, tuple[int, int]]:
    """Returns the maps of a change in their order: the side of the block that a feature makes, and the channels."""
    painted = 2 * model.paint_detail
    return {"flow": (model.flow_detail, 2), "shift": (2, 3), "mask": (painted, 1), "paint": (painted, 3)}


class Generator(nn.Module):
    """Encoder, difference decoder and, where that makes a change, its application to photos of `side` pixels."""

    def __init__(self, model: Model, label_size: int, side: int):
        super().__init__()
        self.size = model.image_size
        self.encoder = Encoder(model)
        makes_change = model.name == "cdaae"
        self.decoder = ChangeDecoder(model, label_size) if makes_change else PlainDecoder(model, label_size)
        self.application = Application(model, side) if makes_change else None

    def forward(self, photo: torch.Tensor, label: torch.Tensor, sharp: bool = False) -> Generated:
        """`photo` is [n, 3, side, side] in [-1, 1]; `label` is [n, l]; `sharp` as in `Application`."""
        kept, latent = self.encoder(shrink(photo, self.size))
        made, differences = self.decoder(kept, latent, label)
        if self.application is None:
            return Generated(made, latent, differences, None)
        with torch.autocast(photo.device.type, enabled=False):
            return Generated(self.application(made, photo, sharp), latent, differences, made.flow)


class ImageDiscriminator(nn.Module):
    """See `cdaae_jax.models.discriminators.ImageDiscriminator`."""

    def __init__(self, model: Model, label_size: int):
        super().__init__()
        width, side = model.discriminator_width, model.image_size // 16
        sizes = [3, width + label_size, 2 * width, 4 * width]
        for i in range(4):
            self.add_module(f"convolution_{i + 1}", _down(sizes[i], width * 2**i, model.kernel_size))
            if i > 0:
                self.add_module(f"norm_{i + 1}", nn.BatchNorm2d(width * 2**i))
        self.dense = nn.Linear(side * side * width * 8, model.discriminator_dense)
        self.logit = nn.Linear(model.discriminator_dense, 1)
        self.activation = nn.LeakyReLU(model.leak, inplace=True)

    def forward(self, image: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """Returns logits [n] of pictures [n, 3, s, s] under labels [n, l]."""
        features = self.activation(self.convolution_1(image))
        maps = label[:, :, None, None].expand(-1, -1, *features.shape[2:])
        features = torch.cat([features, maps.to(features.dtype)], 1)
        features = self.activation(self.norm_2(self.convolution_2(features)))
        features = self.activation(self.norm_3(self.convolution_3(features)))
        features = self.activation(self.norm_4(self.convolution_4(features)))
        hidden = self.activation(self.dense(features.flatten(1)))
        with torch.autocast(image.device.type, enabled=False):
            return self.logit(hidden.float())[:, 0]


class LatentDiscriminator(nn.Module):
    """See `cdaae_jax.models.discriminators.LatentDiscriminator`."""

    def __init__(self, model: Model):
        super().__init__()
        size = model.latent_size
        for i, units in enumerate((64, 32, 16), start=1):
            self.add_module(f"dense_{i}", nn.Linear(size, units))
            self.add_module(f"norm_{i}", nn.BatchNorm1d(units))
            size = units
        self.logit = nn.Linear(size, 1)
        self.activation = nn.LeakyReLU(model.leak, inplace=True)

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        """Returns logits [n] of latents [n, z]."""
        with torch.autocast(latent.device.type, enabled=False):
            hidden = self.activation(self.norm_1(self.dense_1(latent)))
            hidden = self.activation(self.norm_2(self.dense_2(hidden)))
            hidden = self.activation(self.norm_3(self.dense_3(hidden)))
            return self.logit(hidden)[:, 0]


def build(config: Config, label_size: int) -> Networks:
    """Returns the networks of an experiment, in training mode.

    Raises:
      ValueError: the configuration asks for what this peer does not have.
    """
    model = config.model
    if model.upsampling != "deconv" or model.discriminator_norm != "batch":
        raise ValueError("the peers have only upsampling 'deconv' and 'batch' norm")
    if model.name == "cdaae" and (is_mirrored(model.kernel_size) or set(model.heads) != {"flow", "shift", "paint"}):
        raise ValueError("of a change, PyTorch has all parts, and even kernels: a mirrored flow points elsewhere")
    return Networks(
        Generator(model, label_size, picture_size(model, config.data)),
        ImageDiscriminator(model, label_size),
        LatentDiscriminator(model),
    )
