"""The configuration: what is refused, what a command line can change, what a checkpoint stores."""

import dataclasses
import json
import sys

import pytest
from absl import flags
from ml_collections import config_flags

from cdaae_jax import config as configs
from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run
from cdaae_jax.errors import UserError

# ml_collections still loads a configuration file in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")

SECTIONS = {"data": Data, "model": Model, "loss": Loss, "optim": Optim, "run": Run}


def changed(name, value):
    config = Config()
    section, field = name.split(".")
    setattr(getattr(config, section), field, value)
    return config


def test_the_defaults_and_the_paper_preset_are_valid():
    configs.validate(Config())
    preset = configs.paper()
    configs.validate(Config(model=preset))
    assert (preset.image_size, preset.width, preset.max_width, preset.kernel_size) == (128, 64, 1024, 5)
    assert (preset.latent_size, preset.leak, preset.discriminator_width, preset.discriminator_dense) == (
        50,
        0,
        16,
        1024,
    )
    # The join at 32x32: two stride-2 convolutions below 128.
    assert [preset.image_size >> level for level in preset.join_levels] == [32]


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("model.image_size", 48, "32, 64, 128 or 256"),
        ("model.join_levels", (4,), r"\(\), \(1,\), \(0, 1, 2\) ... rising"),
        ("model.join_levels", (2, 1), "rising"),
        ("model.join_levels", (1, 1), "rising"),
        ("model.join_levels", 1, r"a tuple of whole numbers such as \(1, 2\)"),
        ("model.join_levels", ("1",), "a tuple of whole numbers"),
        ("model.width", 0, "1 or more"),
        ("model.max_width", 0, "1 or more"),
        ("model.kernel_size", 1, "2 or more"),
        ("model.latent_size", 0, "1 or more"),
        ("model.label_repeats", -1, r"0 \(automatic\) or more"),
        ("model.discriminator_width", 0, "1 or more"),
        ("model.discriminator_dense", 0, "1 or more"),
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
        ("optim.learning_rate", 0, "more than 0"),
        ("optim.learning_rate", float("nan"), "more than 0"),
        ("optim.beta1", 1, "0 to below 1"),
        ("optim.beta2", -0.1, "0 to below 1"),
        ("optim.ema_decay", 1.0, "0 to below 1"),
        ("optim.decay_steps", 9_501, "0 to 9500, what the warm-up leaves of run.steps"),
        ("optim.warmup_steps", -1, "0 or more"),
        ("data.label_kind", "mood", "emotion or au"),
        ("data.identity_share", 1.1, "0 to 1"),
        ("data.identity_share", -0.1, "0 to 1"),
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
        ("model.name", 3, "a text"),
        ("data.manifests", "faces.csv", "a tuple of texts such as"),
        ("data.label_names", (1, 2), "a tuple of texts such as"),
    ],
)
def test_a_bad_field_is_named_with_its_value_and_what_is_allowed(name, value, allowed):
    with pytest.raises(UserError, match=rf"^config\.{name} is .*; allowed: .*{allowed}") as raised:
        configs.validate(changed(name, value))
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
    configs.validate(changed(name, value))


@pytest.mark.parametrize("config", [None, {"model": {}}, Model()])
def test_something_that_is_no_configuration_is_refused(config):
    with pytest.raises(UserError, match=r"^the configuration is a .*; allowed: cdaae_jax.config.Config"):
        configs.validate(config)


def test_field_names_are_those_of_the_dataclasses():
    expected = [f"{name}.{field.name}" for name, cls in SECTIONS.items() for field in dataclasses.fields(cls)]
    assert configs.field_names() == expected
    assert "optim.learning_rate" in expected
    assert configs.allowed_type("run.steps") == "a whole number"
    assert configs.allowed_type("data.flip") == "true or false"


def test_every_field_is_documented():
    for cls in SECTIONS.values():
        for field in dataclasses.fields(cls):
            assert field.name in cls.__doc__, f"{cls.__name__}.{field.name} is not in the docstring"


def test_a_configuration_survives_json_as_a_checkpoint_stores_it():
    config = changed("data.manifests", ("a.csv", "b.csv"))
    stored = json.loads(json.dumps(configs.to_dict(config)))
    assert stored["data"]["manifests"] == ["a.csv", "b.csv"]
    assert configs.model_from_dict(stored["model"]) == config.model
    assert configs.differences(configs.to_dict(config), stored) == []


def test_differences_name_each_field_once_and_both_values():
    ours, theirs = configs.to_dict(Config()), configs.to_dict(changed("model.width", 64))
    theirs["run"]["seed"] = 7
    theirs["run"]["removed"] = 1
    assert configs.differences(ours, theirs) == [
        "model.width: 32 here, 64 there",
        "run.removed: None here, 1 there",
        "run.seed: 0 here, 7 there",
    ]


@pytest.fixture
def overridden(tmp_path, monkeypatch):
    """The configuration after a command line, read as the programs read it, but by flags of its own."""
    file = tmp_path / "defaults.py"
    file.write_text("from cdaae_jax.config import Config as get_config\n")

    def parse(*arguments):
        values = flags.FlagValues()
        config_flags.DEFINE_config_file("config", None, "", flag_values=values)
        monkeypatch.setattr(sys, "argv", ["program", f"--config={file}", *arguments])  # ml_collections looks there
        values(sys.argv)
        return values.config

    return parse


def test_overrides_arrive_with_the_type_of_their_field(overridden):
    config = overridden(
        "--config.run.steps=12",
        "--config.optim.learning_rate=1",
        "--noconfig.data.flip",
        "--config.model.upsampling=resize",
        "--config.data.manifests=a.csv",
        "--config.data.label_names=('happy', 'sad')",
    )
    configs.validate(config)
    assert config.run.steps == 12 and type(config.run.steps) is int
    assert config.optim.learning_rate == 1.0 and type(config.optim.learning_rate) is float
    assert config.data.flip is False
    assert config.model.upsampling == "resize"
    assert config.data.manifests == ("a.csv",)
    assert config.data.label_names == ("happy", "sad")


def test_every_field_can_be_overridden_by_its_own_default(overridden):
    names = configs.field_names()
    defaults = [getattr(getattr(Config(), name.split(".")[0]), name.split(".")[1]) for name in names]
    assert overridden(*(f"--config.{n}={v}" for n, v in zip(names, defaults, strict=True))) == Config()


@pytest.mark.parametrize(
    "argument",
    ["--config.run.steps=abc", "--config.run.steps=1.5", "--config.data.flip=maybe", "--config.loss.image_weight="],
)
def test_overrides_of_another_type_are_refused(overridden, argument):
    with pytest.raises(flags.IllegalFlagValueError):
        overridden(argument)


def test_a_checkpoint_of_another_version_is_refused_not_guessed():
    fields = configs.to_dict(Model())
    assert configs.model_from_dict(fields) == Model()
    fields.pop("latent_norm")
    with pytest.raises(UserError, match="model fields latent_norm, old are not in both"):
        configs.model_from_dict(fields | {"old": 1})
