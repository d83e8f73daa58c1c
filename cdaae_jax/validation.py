"""What each field of a configuration may be, and what is said when it is something else."""

import functools
import numbers
from typing import Any

from cdaae_jax.config import Config, Model, picture_size
from cdaae_jax.config_fields import field_types
from cdaae_jax.errors import UserError
from cdaae_jax.labels import KINDS

MOST_PICTURE_SIZE = 512
_WIDEST = 65_536  # no network comes near it, and beyond it sizes overflow


def validate(config: Config) -> None:
    """Checks every field that can be wrong by itself.

    Raises:
      UserError: names the field, its value and what is allowed.
    """
    if not isinstance(config, Config):
        raise UserError(f"the configuration is a {type(config).__name__}; allowed: cdaae_jax.config.Config")
    _check_types(config)
    _check_model(config.model)
    model, loss, data, optim, run = config.model, config.loss, config.data, config.optim, config.run
    _one_of(loss.reconstruction, "loss.reconstruction", ("l1", "l2", "smooth_l1"))
    _one_of(loss.critic_sees, "loss.critic_sees", ("face", "mouth"))
    _one_of(loss.adversarial, "loss.adversarial", ("bce", "lsgan", "hinge"))
    for name in (
        "image_weight",
        "latent_weight",
        "total_variation_weight",
        "pyramid_weight",
        "flow_weight",
        "mask_weight",
        "maps_weight",
        "painted_weight",
        "shade_weight",
        "shade_edge_weight",
        "shade_depth",
        "place_weight",
        "shown_weight",
        "lips_weight",
        "divergence_weight",
        "warmup_steps",
    ):
        _require(getattr(loss, name) >= 0, f"loss.{name}", getattr(loss, name), "0 or more")
    allowed = "0 without loss.maps_weight, which reads the maps"
    for name in ("painted_weight", "shade_weight", "shade_edge_weight"):
        _require(not getattr(loss, name) or loss.maps_weight > 0, f"loss.{name}", getattr(loss, name), allowed)
    if loss.maps_weight:
        made = {*model.heads} | ({"flow", "shift"} if model.atlas else set())
        whole = model.name == "cdaae" and {"flow", "paint"} <= made
        allowed = "0 for models that do not make both flow and paint (model.heads, model.atlas)"
        _require(whole, "loss.maps_weight", loss.maps_weight, allowed)
        allowed = "0 for models that make no shift (model.heads, model.atlas)"
        for name in ("shade_weight", "shade_edge_weight"):
            _require(not getattr(loss, name) or "shift" in made, f"loss.{name}", getattr(loss, name), allowed)
    for name, what in (("place_weight", "finds places"), ("shown_weight", "reads what a photo shows")):
        allowed = f"0 without model.atlas, which {what}"
        _require(not getattr(loss, name) or model.atlas > 0, f"loss.{name}", getattr(loss, name), allowed)
    allowed = "0 without model.atlas_parted, which reads where lips are"
    _require(not loss.lips_weight or model.atlas_parted, "loss.lips_weight", loss.lips_weight, allowed)
    if model.name == "cvae":
        allowed = "0 with model.name='cvae', whose latents are Gaussian and not uniform"
        _require(loss.latent_weight == 0, "loss.latent_weight", loss.latent_weight, allowed)
    _require(optim.learning_rate > 0, "optim.learning_rate", optim.learning_rate, "more than 0")
    for name in ("beta1", "beta2", "ema_decay"):
        _require(0 <= getattr(optim, name) < 1, f"optim.{name}", getattr(optim, name), "0 to below 1")
    _require(optim.clip_norm >= 0, "optim.clip_norm", optim.clip_norm, "0 or more")
    _require(optim.warmup_steps >= 0, "optim.warmup_steps", optim.warmup_steps, "0 or more")
    longest = max(0, run.steps - optim.warmup_steps)
    _require(
        0 <= optim.decay_steps <= longest,
        "optim.decay_steps",
        optim.decay_steps,
        f"0 to {longest}, what the warm-up leaves of run.steps",
    )
    _one_of(data.label_kind, "data.label_kind", KINDS)
    _require(
        len(data.set_weights) in (0, len(data.manifests)) and all(weight > 0 for weight in data.set_weights),
        "data.set_weights",
        data.set_weights,
        f"() or a number above 0 for each of the {len(data.manifests)} manifests",
    )
    for name in ("neutral_source", "light", "camera"):
        _require(0 <= getattr(data, name) <= 1, f"data.{name}", getattr(data, name), "0 to 1")
    _require(0 <= data.misalignment <= 0.2, "data.misalignment", data.misalignment, "0 to 0.2")
    _require(0 <= data.proportions <= 0.05, "data.proportions", data.proportions, "0 to 0.05")
    sizes = f"0 or {model.image_size} (model.image_size) to {MOST_PICTURE_SIZE}, in multiples of it"
    size = picture_size(model, data)
    fits = model.image_size <= size <= MOST_PICTURE_SIZE and size % model.image_size == 0
    _require(fits, "data.picture_size", data.picture_size, sizes)
    _require(0 <= data.identity_share <= 1, "data.identity_share", data.identity_share, "0 to 1")
    _require(0 <= data.shift <= 0.5, "data.shift", data.shift, "0 to 0.5")
    _require(0 <= data.colour <= 1, "data.colour", data.colour, "0 to 1")
    _one_of(data.photos_on, "data.photos_on", ("auto", "device", "host"))
    for name in ("held_out", "max_people", "cache_gib"):
        _require(getattr(data, name) >= 0, f"data.{name}", getattr(data, name), "0 or more")
    _require(run.seed >= 0, "run.seed", run.seed, "0 or more")
    _require(run.steps >= 1, "run.steps", run.steps, "1 or more")
    _require(run.batch_size >= 1, "run.batch_size", run.batch_size, "1 or more")
    _require(run.steps_per_call >= 1, "run.steps_per_call", run.steps_per_call, "1 or more")
    _require(run.keep_checkpoints >= 1, "run.keep_checkpoints", run.keep_checkpoints, "1 or more")
    for name in ("num_devices", "log_steps", "grid_steps", "checkpoint_steps", "checkpoint_minutes", "profile_steps"):
        _require(getattr(run, name) >= 0, f"run.{name}", getattr(run, name), "0 or more")


def validate_model(model: Model) -> None:
    """Checks the fields of a model's configuration, which may come out of a stranger's file.

    Raises:
      UserError: names the field, its value and what is allowed.
    """
    _check_types(model, "model.")
    _check_model(model)


def _check_types(section: Any, prefix: str = "") -> None:
    for name, kind in field_types().items():
        if name.startswith(prefix):
            value = functools.reduce(getattr, name.removeprefix(prefix).split("."), section)
            _require(_TYPES[kind][1](value), name, value, _TYPES[kind][0])


def _check_model(model: Model) -> None:
    _require(model.image_size in (32, 64, 128, 256), "model.image_size", model.image_size, "32, 64, 128 or 256")
    joins = tuple(model.join_levels)
    _require(
        joins == tuple(sorted({*joins} & {0, 1, 2, 3})), "model.join_levels", joins, "(), (1,), (0, 1, 2) ... rising"
    )
    for name in ("width", "max_width", "kernel_size", "latent_size", "discriminator_width", "discriminator_dense"):
        _require(1 <= getattr(model, name) <= _WIDEST, f"model.{name}", getattr(model, name), f"1 to {_WIDEST}")
    _require(model.kernel_size >= 2, "model.kernel_size", model.kernel_size, "2 or more, or stride 2 would skip pixels")
    repeats = f"0 (automatic) to {_WIDEST}"
    _require(0 <= model.label_repeats <= _WIDEST, "model.label_repeats", model.label_repeats, repeats)
    _require(0 <= model.leak < 1, "model.leak", model.leak, "0 to below 1")
    _require(set(model.heads) <= {"flow", "shift", "paint"}, "model.heads", model.heads, "flow, shift and paint")
    _require(0 < model.flow_reach <= 0.5, "model.flow_reach", model.flow_reach, "more than 0 to 0.5")
    for name in ("flow_detail", "shift_detail", "paint_detail", "atlas_detail"):
        _require(getattr(model, name) in (1, 2), f"model.{name}", getattr(model, name), "1 or 2")
    movable = not model.moving_shift or {"flow", "shift"} <= {*model.heads}
    allowed = "false for models that do not make both flow and shift (model.heads)"
    _require(movable, "model.moving_shift", model.moving_shift, allowed)
    _require(0 <= model.atlas <= _WIDEST, "model.atlas", model.atlas, f"0 (none) to {_WIDEST}")
    allowed = "0 for all models but cdaae, which alone can have one"
    _require(not model.atlas or model.name == "cdaae", "model.atlas", model.atlas, allowed)
    allowed = "false without model.atlas, whose maps it carries"
    _require(not model.atlas_carried or model.atlas > 0, "model.atlas_carried", model.atlas_carried, allowed)
    allowed = 'false without an atlas that paints (model.atlas, and "paint" among model.heads)'
    paints = model.atlas > 0 and "paint" in model.heads
    _require(not model.atlas_still or paints, "model.atlas_still", model.atlas_still, allowed)
    allowed = "false without model.atlas_carried and model.atlas_still, whose mask it opens"
    opens = model.atlas_carried and model.atlas_still
    _require(not model.atlas_slit or opens, "model.atlas_slit", model.atlas_slit, allowed)
    allowed = "false without model.atlas_slit, which is to be a straight line"
    _require(not model.atlas_parted or model.atlas_slit, "model.atlas_parted", model.atlas_parted, allowed)
    _one_of(model.upsampling, "model.upsampling", ("deconv", "resize"))
    _one_of(model.discriminator_norm, "model.discriminator_norm", ("batch", "layer", "none"))
    _one_of(model.dtype, "model.dtype", ("float32", "bfloat16"))


def allowed_type(name: str) -> str:
    """Returns in words what kind of value the field of this dotted name takes ("a whole number")."""
    return _TYPES[field_types()[name]][0]


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


# For each type of field: what it is called in messages, and whether a value is one.
_TYPES: dict[Any, tuple[str, Any]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", lambda value: _is_number(value) and isinstance(value, numbers.Integral)),
    float: ("a number", _is_number),
    str: ("text", lambda value: isinstance(value, str)),
    tuple[int, ...]: (
        "a tuple of whole numbers such as (1, 2)",
        lambda value: isinstance(value, tuple | list) and all(_TYPES[int][1](number) for number in value),
    ),
    tuple[float, ...]: (
        "a tuple of numbers such as (1, 0.5)",
        lambda value: isinstance(value, tuple | list) and all(map(_is_number, value)),
    ),
    tuple[str, ...]: (
        "a tuple of strings such as ('a', 'b')",
        lambda value: isinstance(value, tuple | list) and all(isinstance(text, str) for text in value),
    ),
}


def _require(holds: bool, name: str, value: Any, allowed: str) -> None:
    if not holds:
        raise UserError(f"config.{name} is {value!r}; allowed: {allowed}")


def _one_of(value: str, name: str, allowed: tuple[str, ...]) -> None:
    _require(value in allowed, name, value, " or ".join(allowed))
