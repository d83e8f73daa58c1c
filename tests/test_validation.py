"""What is refused in a configuration, and what is said of it."""

import pytest

from cdaae_jax.config import Config, Model
from cdaae_jax.errors import UserError
from cdaae_jax.validation import allowed_type, validate


def changed(name, value):
    config = Config()
    section, field = name.split(".")
    setattr(getattr(config, section), field, value)
    return config


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("model.image_size", 48, "32, 64, 128 or 256"),
        ("model.join_levels", (4,), r"\(\), \(1,\), \(0, 1, 2\) ... rising"),
        ("model.join_levels", (2, 1), "rising"),
        ("model.join_levels", (1, 1), "rising"),
        ("model.join_levels", 1, r"a tuple of whole numbers such as \(1, 2\)"),
        ("model.join_levels", ("1",), "a tuple of whole numbers"),
        ("model.width", 0, "1 to 65536"),
        ("model.max_width", 0, "1 to 65536"),
        ("model.kernel_size", 1, "2 or more"),
        ("model.latent_size", 0, "1 to 65536"),
        ("model.label_repeats", -1, r"0 \(automatic\) to 65536"),
        ("model.discriminator_width", 0, "1 to 65536"),
        ("model.discriminator_dense", 0, "1 to 65536"),
        ("model.leak", 1.0, "0 to below 1"),
        ("model.leak", -0.1, "0 to below 1"),
        ("model.upsampling", "bilinear", "deconv or resize"),
        ("model.discriminator_norm", "group", "batch or layer or none"),
        ("model.dtype", "float16", "float32 or bfloat16"),
        ("loss.reconstruction", "l3", "l1 or l2"),
        ("loss.adversarial", "wgan", "bce or lsgan or hinge"),
        ("loss.image_weight", -0.1, "0 or more"),
        ("loss.latent_weight", float("nan"), "0 or more"),
        ("loss.total_variation_weight", -1, "0 or more"),
        ("loss.warmup_steps", -1, "0 or more"),
        ("loss.shade_edge_weight", 1.0, "0 without loss.maps_weight"),
        ("loss.shade_depth", -1.0, "0 or more"),
        ("model.shift_detail", 3, "1 or 2"),
        ("model.atlas_detail", 4, "1 or 2"),
        ("model.atlas", -1, "0 .none. to 65536"),
        ("loss.place_weight", -1.0, "0 or more"),
        ("loss.place_weight", 1.0, "0 without model.atlas, which finds places"),
        ("loss.shown_weight", -1.0, "0 or more"),
        ("loss.shown_weight", 1.0, "0 without model.atlas, which reads what a photo shows"),
        ("loss.lips_weight", -1.0, "0 or more"),
        ("loss.lips_weight", 1.0, "0 without model.atlas_parted, which reads where lips are"),
        ("model.atlas_carried", True, "false without model.atlas"),
        ("model.atlas_still", True, "false without an atlas that paints"),
        ("model.atlas_slit", True, "false without model.atlas_carried and model.atlas_still"),
        ("model.atlas_parted", True, "false without model.atlas_slit"),
        ("optim.learning_rate", 0, "more than 0"),
        ("optim.learning_rate", float("nan"), "more than 0"),
        ("optim.beta1", 1, "0 to below 1"),
        ("optim.beta2", -0.1, "0 to below 1"),
        ("optim.ema_decay", 1.0, "0 to below 1"),
        ("optim.decay_steps", 9_501, "0 to 9500, what the warm-up leaves of run.steps"),
        ("optim.warmup_steps", -1, "0 or more"),
        ("data.label_kind", "mood", "emotion or au"),
        ("data.set_weights", (1.0,), "or a number above 0 for each of the 0 manifests"),
        ("data.set_weights", ("a",), "a tuple of numbers such as"),
        ("data.identity_share", 1.1, "0 to 1"),
        ("data.identity_share", -0.1, "0 to 1"),
        ("data.proportions", 0.06, "0 to 0.05"),
        ("data.held_out", -1, "0 or more"),
        ("data.max_people", -1, "0 or more"),
        ("data.cache_gib", -1, "0 or more"),
        ("run.seed", -1, "0 or more"),
        ("run.steps", 0, "1 or more"),
        ("run.batch_size", 0, "1 or more"),
        ("run.keep_checkpoints", 0, "1 or more"),
        ("run.num_devices", -1, "0 or more"),
        ("run.log_steps", -1, "0 or more"),
        ("run.grid_steps", -1, "0 or more"),
        ("run.checkpoint_steps", -1, "0 or more"),
        ("run.checkpoint_minutes", -1, "0 or more"),
        # of another type
        ("run.steps", "many", "a whole number"),
        ("run.steps", 1.5, "a whole number"),
        ("run.steps", True, "a whole number"),
        ("optim.learning_rate", "1e-4", "a number"),
        ("optim.learning_rate", None, "a number"),
        ("data.flip", "no", "true or false"),
        ("model.name", 3, "text"),
        ("data.manifests", "faces.csv", "a tuple of strings such as"),
        ("data.label_names", (1, 2), "a tuple of strings such as"),
    ],
)
def test_a_bad_field_is_named_with_its_value_and_what_is_allowed(name, value, allowed):
    with pytest.raises(UserError, match=rf"^config\.{name} is .*; allowed: .*{allowed}") as raised:
        validate(changed(name, value))
    assert repr(value) in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optim.learning_rate", 1),
        ("data.manifests", ["faces.csv"]),
        ("data.identity_share", 0),
        ("data.identity_share", 1),
        ("loss.image_weight", 0),
        ("optim.ema_decay", 0.0),
        ("optim.decay_steps", 9_500),
        ("model.join_levels", ()),
        ("model.join_levels", (0, 1, 2, 3)),
        ("run.checkpoint_minutes", 0),
    ],
)
def test_values_at_the_ends_of_what_is_allowed_are_accepted(name, value):
    validate(changed(name, value))


@pytest.mark.parametrize("heads", [("flow", "paint"), ("shift", "paint")])
def test_a_shift_can_only_move_where_there_are_a_shift_and_a_flow(heads):
    config = changed("model.heads", heads)
    validate(config)
    config.model.moving_shift = True
    with pytest.raises(UserError, match=r"config\.model\.moving_shift is True; allowed: false for models"):
        validate(config)


def test_only_cdaae_has_an_atlas():
    config = changed("model.atlas", 8)
    config.loss.place_weight = 1.0
    validate(config)
    config.model.name = "unet"
    with pytest.raises(UserError, match=r"config\.model\.atlas is 8; allowed: 0 for all models but cdaae"):
        validate(config)


def test_what_an_atlas_makes_can_be_compared_with_true_maps():
    config = changed("model.heads", ("paint",))
    config.loss.maps_weight = config.loss.shade_weight = 1.0
    with pytest.raises(UserError, match=r"config\.loss\.maps_weight is 1.0; allowed: 0 for models"):
        validate(config)
    config.model.atlas = 8
    validate(config)


@pytest.mark.parametrize("name", ["shade_weight", "shade_edge_weight"])
def test_only_a_shift_can_be_compared_with_the_true_shading(name):
    config = changed("model.heads", ("flow", "paint"))
    config.loss.maps_weight = 1.0
    validate(config)
    setattr(config.loss, name, 1.0)
    with pytest.raises(UserError, match=rf"config\.loss\.{name} is 1.0; allowed: 0 for models that make no shift"):
        validate(config)


@pytest.mark.parametrize("config", [None, {"model": {}}, Model()])
def test_something_that_is_no_configuration_is_refused(config):
    with pytest.raises(UserError, match=r"^the configuration is a .*; allowed: cdaae_jax.config.Config"):
        validate(config)


def test_a_type_is_told_in_words():
    assert allowed_type("run.steps") == "a whole number"
    assert allowed_type("data.flip") == "true or false"
