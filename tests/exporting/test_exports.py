"""An export from its request to its folder: what is said of the model, what is refused, and what a failure leaves."""

import dataclasses
import json

import numpy as np
import pytest
from support import make_sampler

from cdaae_jax import UserError, pretrained
from cdaae_jax.exporting import exports, model, programs, trial
from cdaae_jax.exporting.gains import Gains, label_gains, with_gains
from cdaae_jax.labels import LabelSpace

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


def test_a_stronger_shift_is_the_same_change_otherwise_and_is_told(trained, tmp_path):
    exports.export(trained, tmp_path / "once", ABOUT, gains=Gains(shift=2.0))
    exports.export(str(tmp_path / "once"), tmp_path / "twice", ABOUT, gains=Gains(shift=1.5))
    photo = trial.faces(None, 32)[0]
    before, after = (pretrained.open_model(name).change(photo, "happy") for name in (trained, str(tmp_path / "twice")))
    assert np.abs(before.shift).max() > 0.01
    np.testing.assert_allclose(after.shift, 3 * before.shift, rtol=2e-3, atol=2e-4)
    np.testing.assert_array_equal(after.flow, before.flow)
    assert json.loads((tmp_path / "twice" / "meta.json").read_text())["shift_gain"] == 3
    assert "its colour shift is 3 times as strong as after training" in (tmp_path / "twice" / "README.md").read_text()


def test_a_stronger_flow_moves_farther_and_is_told(trained, tmp_path):
    exports.export(trained, tmp_path / "far", ABOUT, gains=Gains(flow=1.5))
    photo = trial.faces(None, 32)[0]
    before, after = (pretrained.open_model(name).change(photo, "happy") for name in (trained, str(tmp_path / "far")))
    reach = pretrained.open_model(trained).meta["config"]["model"]["flow_reach"]
    expected = np.tanh(1.5 * np.arctanh(before.flow / reach)) * reach
    assert np.abs(before.flow).max() > 1e-3
    np.testing.assert_allclose(after.flow, expected, rtol=2e-3, atol=1e-5)
    np.testing.assert_array_equal(after.shift, before.shift)
    assert "its flow is 1.5 times as strong as after training" in (tmp_path / "far" / "README.md").read_text()


def test_a_label_with_a_gain_asks_for_more_of_it_and_is_told(trained, tmp_path):
    exports.export(trained, tmp_path / "once", ABOUT, gains=Gains(labels={"happy": 1.25}))
    exports.export(str(tmp_path / "once"), tmp_path / "twice", ABOUT, gains=Gains(labels={"happy": 1.12}))
    photo = trial.faces(None, 32)[0]
    before, after = (pretrained.open_model(name) for name in (trained, str(tmp_path / "twice")))
    for asked, means in (("happy", "happy=1.4"), ("happy=0.5", "happy=0.7"), ("neutral", "neutral")):
        mine, theirs = after.change(photo, asked), before.change(photo, means)
        np.testing.assert_allclose(mine.flow, theirs.flow, rtol=2e-3, atol=1e-5)
        np.testing.assert_allclose(mine.shift, theirs.shift, rtol=2e-3, atol=2e-4)
    assert np.abs(before.change(photo, "happy").shift - after.change(photo, "happy").shift).max() > 1e-3
    assert json.loads((tmp_path / "twice" / "meta.json").read_text())["label_gains"] == {"happy": pytest.approx(1.4)}
    assert "its label happy is 1.4 times as strong as after training" in (tmp_path / "twice" / "README.md").read_text()


def test_a_model_whose_meta_leaves_its_gains_open_takes_new_ones(tmp_path):
    open_gains = {"label_gains": None, "shift_gain": None, "flow_gain": None}
    sampler = make_sampler()
    sampler = dataclasses.replace(sampler, meta=sampler.meta | open_gains)
    stronger = with_gains(sampler, Gains(shift=2.0, labels={"happy": 1.2}))
    assert (stronger.meta["shift_gain"], stronger.meta["label_gains"]) == (2.0, {"happy": 1.2})
    model.write(tmp_path, sampler, ABOUT, trial.faces(None, 32))
    assert "as strong as after training" not in (tmp_path / "README.md").read_text()


def test_a_shift_that_moves_is_made_stronger_where_it_goes():
    sampler = make_sampler(shift_detail=2, moving_shift=True)
    stronger = with_gains(sampler, Gains(shift=2.0))
    photos = trial.faces(None, 32)
    plain, strong = (one.change(photos, "happy") for one in (sampler, stronger))
    np.testing.assert_allclose(strong.shift, 2.0 * plain.shift, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(strong.flow, plain.flow)


def test_an_atlas_is_made_stronger_as_layers_are():
    sampler = make_sampler(atlas=4, heads=("shift", "paint"))
    stronger = with_gains(sampler, Gains(shift=2.0, flow=1.5))
    for name, gain in (("light", 2.0), ("flow", 1.5)):
        np.testing.assert_allclose(stronger.params["atlas"][name], gain * sampler.params["atlas"][name], rtol=1e-6)
    photos = trial.faces(None, 32)
    plain, strong = (one.change(photos, "happy") for one in (sampler, stronger))
    np.testing.assert_allclose(strong.flow, 1.5 * plain.flow, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(strong.mask, plain.mask, atol=1e-6)


def test_a_label_with_a_gain_asks_an_atlas_for_more_too():
    sampler = make_sampler(atlas=4)
    atlas = sampler.params["atlas"]
    atlas = atlas | {"shown": {name: 0.0 * values for name, values in atlas["shown"].items()}}
    sampler = dataclasses.replace(sampler, params=sampler.params | {"atlas": atlas})
    stronger = with_gains(sampler, Gains(labels={"happy": 1.2}))
    photo = trial.faces(None, 32)[0]
    mine, theirs = stronger.change(photo, {"happy": 1.0}), sampler.change(photo, {"happy": 1.2})
    np.testing.assert_allclose(mine.flow, theirs.flow, rtol=1e-3, atol=1e-5)


def test_an_action_unit_with_a_gain_takes_nothing_from_the_others():
    sampler = dataclasses.replace(make_sampler(), labels=LabelSpace("au", ("AU1", "AU12")))
    stronger = with_gains(sampler, Gains(labels={"AU1": 1.2}))
    photo = trial.faces(None, 32)[0]
    mine = stronger.change(photo, {"AU1": 2.0, "AU12": 3.0})
    theirs = sampler.change(photo, {"AU1": 2.4, "AU12": 3.0})
    np.testing.assert_allclose(mine.flow, theirs.flow, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(mine.mask, theirs.mask, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "gains", [{"happy": 0.0}, {"happy": 1.6}, {"happy": float("nan")}, {"glad": 1.1}, {"neutral": 1.1}]
)
def test_a_gain_of_a_label_that_cannot_be_is_refused(gains):
    with pytest.raises(UserError, match="allowed: "):
        with_gains(make_sampler(), Gains(labels=gains))


@pytest.mark.parametrize(
    "text", ["happy", "happy=", "happy=1=2", "1.2", "happy=1.2,", "happy:1.2", "happy=1.2,happy=1.3"]
)
def test_gains_of_labels_that_cannot_be_read_are_refused(text):
    with pytest.raises(UserError, match="write LABEL=GAIN"):
        label_gains(text)


def test_gains_of_labels_are_read_from_a_flag():
    assert label_gains("") == {}
    assert label_gains("happy=1.2, sad=0.9") == {"happy": 1.2, "sad": 0.9}


@pytest.mark.parametrize("head", ["shift", "flow"])
@pytest.mark.parametrize("gain", [0.0, -1.0, 4.5, float("nan")])
def test_a_gain_out_of_range_is_refused(trained, tmp_path, gain, head):
    with pytest.raises(UserError, match="allowed: above 0, at most 4"):
        exports.export(trained, tmp_path / "mine", ABOUT, gains=Gains(**{head: gain}))
    assert not list(tmp_path.iterdir())


def test_a_model_without_a_head_of_its_own_is_not_strengthened():
    with pytest.raises(UserError, match="no layer that makes a shift alone"):
        with_gains(dataclasses.replace(make_sampler(), params={"decoder": {"picture": {}}}), Gains(shift=2.0))
