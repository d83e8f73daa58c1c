"""Configurations as plain values: through JSON and back, compared, and from other versions."""

import json

import pytest

from cdaae_jax import config_fields
from cdaae_jax.config import Config, Data, Loss, Model, Run
from cdaae_jax.errors import UserError


def test_a_configuration_survives_json_as_a_checkpoint_stores_it():
    config = Config(data=Data(manifests=("a.csv", "b.csv")))
    stored = json.loads(json.dumps(config_fields.to_dict(config)))
    assert stored["data"]["manifests"] == ["a.csv", "b.csv"]
    assert config_fields.model_from_dict(stored["model"]) == config.model
    assert config_fields.data_from_dict(stored["data"]) == config.data
    assert config_fields.differences(config_fields.to_dict(config), stored) == []


def test_differences_name_each_field_once_and_both_values():
    ours, theirs = config_fields.to_dict(Config()), config_fields.to_dict(Config(model=Model(width=64)))
    theirs["run"]["seed"] = 7
    theirs["run"]["removed"] = 1
    assert config_fields.differences(ours, theirs) == [
        "model.width: 32 here, 64 there",
        "run.removed: None here, 1 there",
        "run.seed: 0 here, 7 there",
    ]


@pytest.mark.parametrize(
    ("section", "from_dict"), [(Model, config_fields.model_from_dict), (Data, config_fields.data_from_dict)]
)
def test_a_checkpoint_of_another_version_is_refused_not_guessed(section, from_dict):
    fields = config_fields.to_dict(section())
    assert from_dict(fields) == section()
    lost = list(fields)[0]
    fields.pop(lost)
    with pytest.raises(UserError, match=f"{section.__name__.lower()} fields {lost} are not in both"):
        from_dict(fields)
    with pytest.raises(UserError, match=f"{section.__name__.lower()} fields {lost}, old are not in both"):
        from_dict(fields | {"old": 1})


def test_fields_that_came_later_mean_what_was_done_before():
    later = (
        "set_weights",
        "separate_sets",
        "photos_on",
        "proportions",
        "flow_detail",
        "shift_detail",
        "moving_shift",
        "atlas",
        "atlas_detail",
        "atlas_carried",
        "atlas_still",
        "atlas_slit",
        "atlas_parted",
        "place_weight",
        "shown_weight",
        "lips_weight",
    )
    later += ("shade_edge_weight", "shade_depth", "steps_per_call", "tolerate_failed_writes")
    sections = {"data": Data, "model": Model, "loss": Loss, "run": Run}
    whole = {name: config_fields.to_dict(section()) for name, section in sections.items()}
    old = {
        section: {name: value for name, value in fields.items() if name not in later}
        for section, fields in whole.items()
    }
    assert config_fields.data_from_dict(old["data"]) == Data()
    assert config_fields.model_from_dict(old["model"]) == Model()
    assert config_fields.differences(config_fields.completed(old), whole) == []
