"""An export from its request to its folder: what is said of the model, what is refused, and what a failure leaves."""

import dataclasses
import json

import pytest
from support import make_sampler

from cdaae_jax import UserError, pretrained
from cdaae_jax.exporting import exports, model, programs, trial

ABOUT = model.Provenance("mine")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What stands for a training here: an export of a tiny model."""
    folder = tmp_path_factory.mktemp("model") / "trained"
    folder.mkdir()
    model.write(folder, make_sampler(), model.Provenance("trained"), trial.faces(None, 32))
    return str(folder)


def test_an_export_opens_and_is_replaced_only_on_request(trained, tmp_path):
    said = exports.export(trained, tmp_path / "mine", model.Provenance("mine", "cc-by-4.0"))
    assert "of float16; edits of 4 photos with 2 labels each" in said
    opened = pretrained.open_model(str(tmp_path / "mine"))
    assert opened.meta["licence"] == "cc-by-4.0" and opened.labels.names == ("neutral", "happy")
    with pytest.raises(UserError, match="holds an earlier export; add --overwrite"):
        exports.export(trained, tmp_path / "mine", ABOUT)
    exports.export(trained, tmp_path / "mine", model.Provenance("ours"), overwrite=True)
    assert json.loads((tmp_path / "mine" / "meta.json").read_text())["name"] == "ours"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"size": 64}, "--size is for --format=stablehlo"),
        ({"kind": "stablehlo", "size": 31}, "--size=31 is less than the 32 px that the network sees"),
        ({"photos": pretrained.PLACE / "nowhere"}, "there is no folder .*nowhere"),
        ({"photos": pretrained.PLACE}, "holds no pictures"),
    ],
)
def test_what_cannot_be_used_is_refused(trained, tmp_path, given, message):
    with pytest.raises(UserError, match=message):
        exports.export(trained, tmp_path / "mine", ABOUT, **given)
    assert not list(tmp_path.iterdir())


def test_programs_that_differ_leave_nothing(trained, tmp_path, monkeypatch):
    def unlike(*_):
        raise programs.Unlike("edits are 9 grey levels off")

    monkeypatch.setattr(programs, "compare", unlike)
    with pytest.raises(programs.Unlike):
        exports.export(trained, tmp_path / "mine", ABOUT, "stablehlo")
    assert not list(tmp_path.iterdir())


def test_an_export_says_what_its_training_started_from_but_not_where_that_lay():
    sampler = make_sampler()
    begun = {"checkpoint": "/home/somebody/runs/first", "step": 900, "people": ["p1"]}
    run = {"run": sampler.meta["config"].get("run", {}) | {"start_from": begun["checkpoint"]}}
    sampler = dataclasses.replace(
        sampler, meta=sampler.meta | {"origin": begun, "config": sampler.meta["config"] | run}
    )
    said = model.meta(sampler, ABOUT, "model")
    assert "/home" not in json.dumps(said)
    assert said["origin"] == {"checkpoint": "first", "step": 900, "people": ["p1"]}
    assert said["config"]["run"]["start_from"] == "first"
