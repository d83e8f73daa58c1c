"""Typed configuration: what an experiment is, in five small dataclasses.

The dataclasses are not frozen, so that ml_collections.config_flags can apply `--config.optim.learning_rate=1e-4`
with the field's own type. Call `validate` before use.
"""

import dataclasses
import functools
import numbers
from collections.abc import Iterator
from typing import Any

from cdaae_jax.errors import UserError


@dataclasses.dataclass
class Data:
    """Where the pictures come from and how pairs are drawn from them.

    Attributes:
      manifests: CSV files (columns file, subject, and expression or AUs), or folders laid out as
        subject/expression/picture, relative to the data folder; "people.csv?expression=neutral,happy" keeps only those
        rows. Or TFDS builders, some with options: "tfds:frl_london", "tfds:synthetic_faces/64?people=40".
      label_kind: "emotion" or "au".
      label_names: the label vector's entries; empty means all that the data holds, in the vocabulary's order.
      held_out: how many people (the last ids in sorted order) are never trained on.
      max_people: train on only the first so many of the others; 0 means all.
      identity_share: share of the pairs, 0..1, whose target is the source itself.
      flip: mirror half of the pairs, both pictures alike, unless the target's label is one-sided (contempt, AU12R).
      shift: move each pair by up to this share of the picture's side, 0..0.5, both pictures alike.
      colour: multiply each colour channel by a factor within this of 1, 0..1, both pictures alike.
      cache_gib: keep decoded pictures in memory where they fit in so many GiB; else decode on the fly.
    """

    manifests: tuple[str, ...] = ()
    label_kind: str = "emotion"
    label_names: tuple[str, ...] = ()
    held_out: int = 16
    max_people: int = 0
    identity_share: float = 0.1
    flip: bool = True
    shift: float = 0.0
    colour: float = 0.0
    cache_gib: float = 4.0


@dataclasses.dataclass
class Model:
    """The networks. The defaults train at 64 px on two CPU cores; `paper` has the sizes of CAAE at 128 px.

    Attributes:
      name: an entry of `cdaae_jax.models.registry`.
      image_size: pixels, a power of two from 32 to 256.
      width: channels after the encoder's first convolution; doubled at each level up to `max_width`.
      max_width: the most channels of any layer.
      kernel_size: of all 2-D convolutions.
      latent_size: length of the latent vector.
      latent_norm: standardise the latent before its tanh. Without this a fast run can saturate every latent for good
        (`latent_saturated` in the metrics), and the difference then no longer depends on the person.
      join_levels: feedforward paths leave after so many stride-2 convolutions, each 0 (the photo itself) to 3; () is no
        path (CAAE).
      label_repeats: how often the label is tiled before it joins the latent; 0 tiles it to about the latent's length.
      label_at_every_level: give the label to every layer of the decoder, not to the first alone.
      upsampling: "deconv" (transposed convolution) or "resize" (nearest neighbour, then convolution).
      leak: slope of the leaky ReLU below zero; 0 is the plain ReLU.
      discriminator_width: channels of the image discriminator's first convolution.
      discriminator_dense: units of its dense layer.
      discriminator_norm: "batch", "layer" or "none".
      dtype: compute type, "float32" or "bfloat16"; parameters and outputs are always float32.
    """

    name: str = "cdaae"
    image_size: int = 64
    width: int = 32
    max_width: int = 1024
    kernel_size: int = 4
    latent_size: int = 50
    latent_norm: bool = True
    join_levels: tuple[int, ...] = (0, 1, 2)
    label_repeats: int = 0
    label_at_every_level: bool = True
    upsampling: str = "deconv"
    leak: float = 0.2
    discriminator_width: int = 16
    discriminator_dense: int = 256
    discriminator_norm: str = "batch"
    dtype: str = "float32"


@dataclasses.dataclass
class Loss:
    """What the generator is trained on.

    Attributes:
      reconstruction: "l1", "l2" or "smooth_l1" (for pictures without noise, `losses.smooth_l1`), weight 1: all other
        weights are relative to it.
      adversarial: "bce", "lsgan" or "hinge".
      image_weight: weight of the image discriminator's term.
      latent_weight: weight of the latent discriminator's term.
      total_variation_weight: weight of the output's total variation.
      divergence_weight: weight of the divergence of a Gaussian latent from its prior, per latent in nats; `cvae` alone
        has one.
      warmup_steps: both adversarial weights are 0 before this step; the discriminators learn from the start.
    """

    reconstruction: str = "l1"
    adversarial: str = "bce"
    image_weight: float = 1e-4
    latent_weight: float = 0.01
    total_variation_weight: float = 0.0
    divergence_weight: float = 1e-5
    warmup_steps: int = 500


@dataclasses.dataclass
class Optim:
    """Adam, one each for generator, image discriminator and latent discriminator.

    Attributes:
      learning_rate: of all three.
      beta1, beta2: Adam's decay rates.
      warmup_steps: the rate rises from 0 over the first so many steps.
      decay_steps: the rate falls along a half cosine to 0 over the last so many steps of the run; 0 keeps it constant.
      ema_decay: of the running average of the generator's parameters that sampling uses; 0 uses the last ones.
    """

    learning_rate: float = 1e-3
    beta1: float = 0.5
    beta2: float = 0.999
    warmup_steps: int = 500
    decay_steps: int = 0
    ema_decay: float = 0.999


@dataclasses.dataclass
class Run:
    """How long, how often, on how many devices.

    Attributes:
      seed: of the initial parameters, the pairs and the prior.
      steps: training steps in all.
      batch_size: pairs per step over all devices of all processes.
      num_devices: local devices to use; 0 means all.
      log_steps, grid_steps, checkpoint_steps: intervals in steps; 0 switches the thing off, but for the last step.
      checkpoint_minutes: a checkpoint is also written when the last one is older than this; 0 switches it off.
      keep_checkpoints: the newest so many are kept.
      profile_steps: record so many steps, after the first ten, for a profile viewer in workdir/profile; 0 is off.
    """

    seed: int = 0
    steps: int = 10_000
    batch_size: int = 16
    num_devices: int = 0
    log_steps: int = 100
    grid_steps: int = 1_000
    checkpoint_steps: int = 1_000
    checkpoint_minutes: float = 10.0
    keep_checkpoints: int = 2
    profile_steps: int = 0


@dataclasses.dataclass
class Config:
    """One experiment."""

    data: Data = dataclasses.field(default_factory=Data)
    model: Model = dataclasses.field(default_factory=Model)
    loss: Loss = dataclasses.field(default_factory=Loss)
    optim: Optim = dataclasses.field(default_factory=Optim)
    run: Run = dataclasses.field(default_factory=Run)


def paper() -> Model:
    """Returns the sizes of CAAE (Zhang et al., CVPR 2017), which CDAAE builds on, at 128 px with the join at 32x32."""
    return Model(
        image_size=128,
        width=64,
        kernel_size=5,
        latent_norm=False,
        join_levels=(2,),
        label_at_every_level=False,
        leak=0.0,
        discriminator_width=16,
        discriminator_dense=1024,
    )


def to_dict(config: Any) -> dict[str, Any]:
    """Returns a configuration as plain values that JSON holds (tuples become lists)."""
    return {
        key: list(value) if isinstance(value, tuple) else to_dict(value) if dataclasses.is_dataclass(value) else value
        for key, value in vars(config).items()
    }


def model_from_dict(fields: dict[str, Any]) -> Model:
    """Returns the model configuration that a checkpoint stores.

    Raises:
      UserError: it has other fields than this version's `Model`. A default for a missing one would be a guess, and
        would change the pictures without a word.
    """
    known = {field.name for field in dataclasses.fields(Model)}
    if different := sorted(known ^ fields.keys()):
        raise UserError(
            f"the checkpoint is of another version of cdaae_jax: model fields {', '.join(different)} are not in both; "
            "use the version that its meta item names"
        )
    return Model(**_with_tuples(fields))


def data_from_dict(fields: dict[str, Any]) -> Data:
    """Returns the data configuration that a checkpoint stores."""
    return Data(**_with_tuples(fields))


def _with_tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Returns "model.width: 32 here, 64 there" for each field in which two configuration dictionaries differ."""
    flat_ours, flat_theirs = dict(_flatten(ours)), dict(_flatten(theirs))
    return [
        f"{name}: {flat_ours.get(name)} here, {flat_theirs.get(name)} there"
        for name in sorted(flat_ours.keys() | flat_theirs.keys())
        if flat_ours.get(name) != flat_theirs.get(name)
    ]


def field_names() -> list[str]:
    """Returns the dotted names of all fields that a command line can override."""
    return list(_field_types(Config))


def allowed_type(name: str) -> str:
    """Returns in words what kind of value the field of this dotted name takes ("a whole number")."""
    return _TYPES[_field_types(Config)[name]][0]


def validate(config: Config) -> None:
    """Checks every field that can be wrong by itself.

    Raises:
      UserError: names the field, its value and what is allowed.
    """
    if not isinstance(config, Config):
        raise UserError(f"the configuration is a {type(config).__name__}; allowed: cdaae_jax.config.Config")
    for name, kind in _field_types(Config).items():
        value = functools.reduce(getattr, name.split("."), config)
        _require(_TYPES[kind][1](value), name, value, _TYPES[kind][0])
    model, loss, data, optim, run = config.model, config.loss, config.data, config.optim, config.run
    _require(model.image_size in (32, 64, 128, 256), "model.image_size", model.image_size, "32, 64, 128 or 256")
    joins = tuple(model.join_levels)
    _require(
        joins == tuple(sorted({*joins} & {0, 1, 2, 3})), "model.join_levels", joins, "(), (1,), (0, 1, 2) ... rising"
    )
    for name in ("width", "max_width", "kernel_size", "latent_size", "discriminator_width", "discriminator_dense"):
        _require(getattr(model, name) >= 1, f"model.{name}", getattr(model, name), "1 or more")
    _require(model.kernel_size >= 2, "model.kernel_size", model.kernel_size, "2 or more, as stride 2 skips pixels else")
    _require(model.label_repeats >= 0, "model.label_repeats", model.label_repeats, "0 (automatic) or more")
    _require(0 <= model.leak < 1, "model.leak", model.leak, "0 to below 1")
    _one_of(model.upsampling, "model.upsampling", ("deconv", "resize"))
    _one_of(model.discriminator_norm, "model.discriminator_norm", ("batch", "layer", "none"))
    _one_of(model.dtype, "model.dtype", ("float32", "bfloat16"))
    _one_of(loss.reconstruction, "loss.reconstruction", ("l1", "l2", "smooth_l1"))
    _one_of(loss.adversarial, "loss.adversarial", ("bce", "lsgan", "hinge"))
    for name in (
        "image_weight",
        "latent_weight",
        "total_variation_weight",
        "divergence_weight",
        "warmup_steps",
    ):
        _require(getattr(loss, name) >= 0, f"loss.{name}", getattr(loss, name), "0 or more")
    if model.name == "cvae":
        allowed = "0 with model.name='cvae', whose latents are Gaussian and not uniform"
        _require(loss.latent_weight == 0, "loss.latent_weight", loss.latent_weight, allowed)
    _require(optim.learning_rate > 0, "optim.learning_rate", optim.learning_rate, "more than 0")
    for name in ("beta1", "beta2", "ema_decay"):
        _require(0 <= getattr(optim, name) < 1, f"optim.{name}", getattr(optim, name), "0 to below 1")
    _require(optim.warmup_steps >= 0, "optim.warmup_steps", optim.warmup_steps, "0 or more")
    longest = max(0, run.steps - optim.warmup_steps)
    _require(
        0 <= optim.decay_steps <= longest,
        "optim.decay_steps",
        optim.decay_steps,
        f"0 to {longest}, what the warm-up leaves of run.steps",
    )
    _one_of(data.label_kind, "data.label_kind", ("emotion", "au"))
    _require(0 <= data.identity_share <= 1, "data.identity_share", data.identity_share, "0 to 1")
    _require(0 <= data.shift <= 0.5, "data.shift", data.shift, "0 to 0.5")
    _require(0 <= data.colour <= 1, "data.colour", data.colour, "0 to 1")
    for name in ("held_out", "max_people", "cache_gib"):
        _require(getattr(data, name) >= 0, f"data.{name}", getattr(data, name), "0 or more")
    _require(run.seed >= 0, "run.seed", run.seed, "0 or more")
    _require(run.steps >= 1, "run.steps", run.steps, "1 or more")
    _require(run.batch_size >= 1, "run.batch_size", run.batch_size, "1 or more")
    _require(run.keep_checkpoints >= 1, "run.keep_checkpoints", run.keep_checkpoints, "1 or more")
    for name in ("num_devices", "log_steps", "grid_steps", "checkpoint_steps", "checkpoint_minutes", "profile_steps"):
        _require(getattr(run, name) >= 0, f"run.{name}", getattr(run, name), "0 or more")


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


# For each type of field: what it is called in messages, and whether a value is one.
_TYPES = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", lambda value: _is_number(value) and isinstance(value, numbers.Integral)),
    float: ("a number", _is_number),
    str: ("a text", lambda value: isinstance(value, str)),
    tuple[int, ...]: (
        "a tuple of whole numbers such as (1, 2)",
        lambda value: isinstance(value, tuple | list) and all(_TYPES[int][1](number) for number in value),
    ),
    tuple[str, ...]: (
        "a tuple of texts such as ('a', 'b')",
        lambda value: isinstance(value, tuple | list) and all(isinstance(text, str) for text in value),
    ),
}


def _field_types(cls: type) -> dict[str, Any]:
    types = {}
    for field in dataclasses.fields(cls):
        if dataclasses.is_dataclass(field.type):
            types |= {f"{field.name}.{inner}": kind for inner, kind in _field_types(field.type).items()}
        else:
            types[field.name] = field.type
    return types


def _require(holds: bool, name: str, value: Any, allowed: str) -> None:
    if not holds:
        raise UserError(f"config.{name} is {value!r}; allowed: {allowed}")


def _one_of(value: str, name: str, allowed: tuple[str, ...]) -> None:
    _require(value in allowed, name, value, " or ".join(allowed))


def _flatten(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
