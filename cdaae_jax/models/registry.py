"""Builds a model's networks from its name; a new baseline is one entry here."""

import dataclasses
from typing import Any, NamedTuple

import jax.numpy as jnp
from flax import linen as nn

from cdaae_jax.config import Model
from cdaae_jax.errors import UserError
from cdaae_jax.labels import nearest
from cdaae_jax.models.atlas import Atlas
from cdaae_jax.models.decoder import ChangeDecoder, PlainDecoder
from cdaae_jax.models.discriminators import ImageDiscriminator, LatentDiscriminator
from cdaae_jax.models.encoder import Encoder, num_levels
from cdaae_jax.models.generators import Generator, VariationalGenerator
from cdaae_jax.models.unet import UNetDecoder


class Networks(NamedTuple):
    """The three networks that are trained."""

    generator: nn.Module
    image_discriminator: nn.Module
    latent_discriminator: nn.Module


def cdaae(model: Model) -> nn.Module:
    """Conditional Difference Adversarial Autoencoder (Zhou & Shi 2017, arXiv 1708.09126).

    The joined features say how the photo changes: what moves, what is recoloured, what is painted (`models.change`).
    """
    _check_joins(model)
    if not model.join_levels or 0 in model.join_levels:
        raise UserError(
            f"config.model.join_levels is {model.join_levels}; allowed for model.name='cdaae': 1, 2, 3 or several of "
            "them, as its pixels change through the flow and not through a join"
        )
    decoder = ChangeDecoder(
        **_common(model),
        **_decoding(model),
        join_levels=tuple(model.join_levels),
        label_at_every_level=model.label_at_every_level,
        heads=tuple(model.heads),
        flow_reach=model.flow_reach,
        flow_detail=model.flow_detail,
        shift_detail=model.shift_detail,
        paint_detail=model.paint_detail,
        moving_shift=model.moving_shift,
    )
    encoder = _encoder(model, keep_levels=tuple(model.join_levels))
    return Generator(encoder, decoder, _atlas(model) if model.atlas else None)


def plain(model: Model) -> nn.Module:
    """CDAAE as in the paper: the joined features lead to a picture, no pixel moves."""
    _check_joins(model)
    return Generator(_encoder(model, keep_levels=model.join_levels), _decoder(model, model.join_levels))


def caae(model: Model) -> nn.Module:
    """Conditional Adversarial Autoencoder (Zhang et al., CVPR 2017): the same network without the feedforward path.

    As in CAAE, the decoder sees latent and label at its first layer and nothing else.
    """
    return plain(dataclasses.replace(model, join_levels=(), label_at_every_level=False))


def cvae(model: Model) -> nn.Module:
    """Conditional variational autoencoder (Sohn et al., NeurIPS 2015): CAAE's layers, a Gaussian latent.

    As in the other models, the encoder sees the photo and not its label, so a photo of unknown expression is enough.
    The divergence term ties the latent to its prior, so `validation.validate` allows no latent discriminator.
    """
    encoder = _encoder(model, latent_size=2 * model.latent_size, bounded=False)
    return VariationalGenerator(encoder, _decoder(model, label_at_every_level=False))


def residual(model: Model) -> nn.Module:
    """The photo itself is added near the output ("ultimate skip connection", US-GAN, Akram & Khan 2021).

    What is added is made from latent and label alone, by CAAE's layers: level 0 is the only join.
    """
    return plain(dataclasses.replace(model, join_levels=(0,), label_at_every_level=False))


def unet(model: Model) -> nn.Module:
    """U-Net (Ronneberger et al. 2015): the decoder reads every level of the encoder; the label is at the bottleneck."""
    encoder = _encoder(model, keep_levels=tuple(range(1, num_levels(model.image_size))))
    return Generator(encoder, UNetDecoder(**_common(model), **_decoding(model)))


MODELS = {"cdaae": cdaae, "plain": plain, "caae": caae, "cvae": cvae, "residual": residual, "unet": unet}


def build(model: Model, axis_name: str | None = None) -> Networks:
    """Returns the networks of a model configuration; all models have the same two discriminators.

    Args:
      model: the configuration.
      axis_name: the mapped axis over which batch statistics are shared; None outside a mapped step.

    Raises:
      UserError: the name is not in the registry, or a join is deeper than the features go.
    """
    if model.name not in MODELS:
        raise UserError(f"unknown model {model.name!r}; known: {', '.join(nearest(model.name, list(MODELS)))}")
    norm: dict[str, Any] = dict(norm=model.discriminator_norm, axis_name=axis_name)
    return Networks(
        generator=MODELS[model.name](model),
        image_discriminator=ImageDiscriminator(
            width=model.discriminator_width,
            dense_size=model.discriminator_dense,
            kernel_size=model.kernel_size,
            leak=model.leak,
            dtype=jnp.dtype(model.dtype),
            **norm,
        ),
        latent_discriminator=LatentDiscriminator(leak=model.leak, **norm),
    )


def _check_joins(model: Model) -> None:
    lowest = num_levels(model.image_size) - 1
    if model.join_levels and max(model.join_levels) > lowest:
        raise UserError(
            f"config.model.join_levels is {model.join_levels}, but {model.image_size} px pictures have features of "
            f"more than 4x4 only up to level {lowest}; choose lower ones"
        )


def _encoder(model: Model, **changes) -> Encoder:
    fields: dict[str, Any] = dict(
        latent_size=model.latent_size, keep_levels=(), bounded=True, latent_norm=model.latent_norm
    )
    return Encoder(**_common(model), **fields | changes)


def _atlas(model: Model) -> Atlas:
    return Atlas(
        image_size=model.image_size,
        width=model.atlas,
        kernel_size=model.kernel_size,
        leak=model.leak,
        detail=model.atlas_detail,
        paints="paint" in model.heads,
        carried=model.atlas_carried,
        still=model.atlas_still,
        slit=model.atlas_slit,
        parted=model.atlas_parted,
        dtype=jnp.dtype(model.dtype),
    )


def _decoder(model: Model, join_levels: tuple[int, ...] = (), **changes) -> PlainDecoder:
    fields: dict[str, Any] = dict(join_levels=join_levels, label_at_every_level=model.label_at_every_level)
    return PlainDecoder(**_common(model), **_decoding(model), **fields | changes)


def _common(model: Model) -> dict[str, Any]:
    names = ("image_size", "width", "max_width", "kernel_size", "leak")
    return {name: getattr(model, name) for name in names} | {"dtype": jnp.dtype(model.dtype)}


def _decoding(model: Model) -> dict[str, Any]:
    return {"label_repeats": model.label_repeats, "upsampling": model.upsampling}
