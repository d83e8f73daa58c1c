"""The configuration: what a command line can change, what a checkpoint stores."""

import dataclasses
import sys

import pytest
from absl import flags
from ml_collections import config_flags

from cdaae_jax import config as configs
from cdaae_jax import config_fields
from cdaae_jax.config import Config, Data, Loss, Model, Optim, Run
from cdaae_jax.validation import validate

# ml_collections still loads a configuration file in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")

SECTIONS = {"data": Data, "model": Model, "loss": Loss, "optim": Optim, "run": Run}


def changed(name, value):
    config = Config()
    section, field = name.split(".")
    setattr(getattr(config, section), field, value)
    return config


def test_the_defaults_and_the_paper_preset_are_valid():
    validate(Config())
    preset = configs.paper()
    validate(Config(model=preset))
    assert (preset.image_size, preset.width, preset.max_width, preset.kernel_size) == (128, 64, 1024, 5)
    assert (preset.latent_size, preset.leak, preset.discriminator_width, preset.discriminator_dense) == (
        50,
        0,
        16,
        1024,
    )
    # The join at 32x32: two stride-2 convolutions below 128.
    assert [preset.image_size >> level for level in preset.join_levels] == [32]


def test_field_names_are_those_of_the_dataclasses():
    expected = [f"{name}.{field.name}" for name, cls in SECTIONS.items() for field in dataclasses.fields(cls)]
    assert config_fields.field_names() == expected
    assert "optim.learning_rate" in expected


def test_every_field_is_documented():
    for cls in SECTIONS.values():
        for field in dataclasses.fields(cls):
            assert field.name in cls.__doc__, f"{cls.__name__}.{field.name} is not in the docstring"


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
    validate(config)
    assert config.run.steps == 12 and type(config.run.steps) is int
    assert config.optim.learning_rate == 1.0 and type(config.optim.learning_rate) is float
    assert config.data.flip is False
    assert config.model.upsampling == "resize"
    assert config.data.manifests == ("a.csv",)
    assert config.data.label_names == ("happy", "sad")


def test_every_field_can_be_overridden_by_its_own_default(overridden):
    names = config_fields.field_names()
    defaults = [getattr(getattr(Config(), name.split(".")[0]), name.split(".")[1]) for name in names]
    assert overridden(*(f"--config.{n}={v}" for n, v in zip(names, defaults, strict=True))) == Config()


@pytest.mark.parametrize(
    "argument",
    ["--config.run.steps=abc", "--config.run.steps=1.5", "--config.data.flip=maybe", "--config.loss.image_weight="],
)
def test_overrides_of_another_type_are_refused(overridden, argument):
    with pytest.raises(flags.IllegalFlagValueError):
        overridden(argument)
