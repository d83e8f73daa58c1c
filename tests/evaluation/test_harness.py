"""Evaluation: held-out people only, the floor and the ceiling where they belong, a report that is whole."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image
from support import make_tiny_config

import cdaae_jax
from cdaae_jax import Sampler, UserError
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.evaluation.judges.panel import Identity, Panel
from cdaae_jax.evaluation.measures.scores import Score
from cdaae_jax.labels import LabelSpace


@pytest.fixture(scope="module")
def data_dir(faces_manifest):
    return faces_manifest.parent


@pytest.fixture(scope="module")
def sampler(data_dir, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    cdaae_jax.train(make_tiny_config(), workdir, data_dir)
    return knowing(Sampler.from_checkpoint(workdir))


def fingerprint_of(folder):
    """The fingerprint of the set as it is when it is trained on with AU labels."""
    return datasets.load(Data(manifests=("faces.csv",), label_kind="au"), folder, 32).fingerprint


def knowing(sampler, train=("p1", "p2", "p3"), validation=(), test=("p4",), fingerprint=None, **data):
    """The model as if it had been trained on these people; `data` replaces fields of its configuration."""
    people = {"train": list(train), "validation": list(validation), "test": list(test)}
    config = sampler.meta["config"] | {"data": sampler.meta["config"]["data"] | data}
    known = fingerprint or sampler.meta["fingerprint"]
    meta = {"format": 2, "people": people, "fingerprint": known, "config": config}
    return dataclasses.replace(sampler, meta=sampler.meta | meta)


@pytest.fixture
def loaded(monkeypatch):
    """The manifests and label kinds of each set that is read."""
    calls, load = [], datasets.load

    def counting(data, *arguments, **options):
        calls.append((data.manifests, data.label_kind))
        return load(data, *arguments, **options)

    monkeypatch.setattr(datasets, "load", counting)
    return calls


def test_a_report_has_scores_table_and_pictures(sampler, data_dir, tmp_path):
    scores = cdaae_jax.evaluate({"ours": sampler, "again": sampler}, tmp_path / "report", data_dir)
    assert list(scores) == ["ours", "again", "true target", "copy the source"]
    assert scores["ours"] == scores["again"]
    assert scores["true target"]["l1"] == Score(0, 0, 0)
    assert scores["true target"]["ssim"].value == pytest.approx(1)
    # One person is held out: every set of people drawn is that person.
    assert 0 < scores["copy the source"]["l1"].low == scores["copy the source"]["l1"].high < 1
    written = json.loads((tmp_path / "report" / "scores.json").read_text())
    assert (
        written["people"] == ["p4"]
        and written["split"] == "test"
        and written["edits"] == 2
        and written["steps"]["ours"] == 4
    )
    assert (written["seed"], written["repeats"], written["level"]) == (0, 1000, 0.95)
    assert written["scores"]["ours"]["l1"] == scores["ours"]["l1"]._asdict()
    assert written["scores"]["true target"]["psnr"]["value"] is None
    assert written["judges"] == {} == written["confusion"]
    table = (tmp_path / "report" / "table.md").read_text()
    assert "| ours | 0." in table
    assert table.startswith("Judged on 1 people who were not trained on (split test). [low, high]: ")
    with Image.open(tmp_path / "report" / "people.png") as people:
        assert people.size == (70 + 3 * 66 - 2, 22 + 3 * 66 - 2)  # the truth and two models; the source and two labels
    with Image.open(tmp_path / "report" / "amounts.png") as amounts:
        assert amounts.size == (70 + 6 * 66 - 2, 22 + 66 - 2)


class Judge:
    """Judges whatever it is shown by its brightness: identity, expression, perception and AU1, AU6 and AU12."""

    names = ("AU1", "AU6", "AU12")

    def embed(self, pictures):
        return pictures.mean(axis=(1, 2)) / 255

    def expressions(self, pictures):
        happy = pictures.mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - happy, happy, *[0 * happy] * 5], axis=-1)

    def lpips(self, output, target):
        return np.abs(output.astype(float) - target).mean(axis=(1, 2, 3)) / 255

    def measure(self, source, pictures, clip=True):
        return 5 * (self.embed(pictures) - self.embed(source))


def judge(monkeypatch, **judges):
    identity = Identity("test", "brightness", Judge().embed, {"verified": 0.1})
    panel = Panel(identities=(identity,), lpips=Judge().lpips, features=Judge().embed, facts={"test": {}}, **judges)
    monkeypatch.setattr(Panel, "load", lambda *_: panel)


def test_with_judges_a_report_has_identity_expression_and_paths(sampler, data_dir, tmp_path, monkeypatch):
    judge(monkeypatch, expressions=Judge().expressions)
    scores = cdaae_jax.evaluate({"ours": sampler}, tmp_path / "report", data_dir, judges=tmp_path)
    assert scores["copy the source"]["identity_distance"].value == scores["true target"]["lpips"].value == 0
    assert scores["ours"].keys() >= {"verified", "frechet", "read_as_happy", "path_spearman"}
    assert "path_spearman" not in scores["true target"]  # only the ends of photos are known
    written = json.loads((tmp_path / "report" / "scores.json").read_text())
    assert written["path_intensity"] == "probability of the requested expression"
    assert written["judges"] == {"test": {}} and written["unseen_edits"] == 0
    assert list(written["confusion"]) == ["ours", "true target", "copy the source"]
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"scores.json", "table.md", "people.png", "amounts.png", "confusion.png", "paths.png"}


def test_action_units_are_measured_and_mixtures_that_training_lacks(sampler, faces_copy, tmp_path, monkeypatch):
    judge(monkeypatch, meter=Judge())
    manifest = faces_copy / "faces.csv"
    happy = "faces/p4/happy/photo.png,p4,happy,"
    text = manifest.read_text()
    assert happy + "0,3,4.5" in text
    manifest.write_text(text.replace(happy + "0,3,4.5", happy + "2,3,4.5"))
    model = dataclasses.replace(
        knowing(sampler, fingerprint=fingerprint_of(faces_copy), label_kind="au"), labels=LabelSpace("au", Judge.names)
    )
    scores = cdaae_jax.evaluate({"ours": model}, tmp_path / "report", faces_copy, judges=tmp_path)
    assert scores["ours"].keys() >= {"icc_AU12", "au_mse", "path_range", "unseen_lpips", "unseen_au_mse"}
    assert not any("read_as" in name for name in scores["ours"])
    written = json.loads((tmp_path / "report" / "scores.json").read_text())
    assert written["edits"] == 2 and written["unseen_edits"] == 1 and written["confusion"] == {}
    assert (tmp_path / "report" / "action_units.png").exists()


BOTH = LabelSpace("both", ("neutral", "happy", "AU12"))


@pytest.fixture
def knows_both(sampler, faces_copy):
    """A model of emotions, which p1 and p2 have, and of AU12, which p3 and p4 have; p2 and p4 are the test people."""
    lines = (faces_copy / "faces.csv").read_text().splitlines()
    emotions = [",".join(line.split(",")[:3]) for line in lines if not line.startswith(("faces/p3", "faces/p4"))]
    units = [line for line in lines if not line.startswith(("faces/p1", "faces/p2"))]
    (faces_copy / "emotions.csv").write_text("\n".join(emotions))
    (faces_copy / "units.csv").write_text(
        "\n".join(",".join(part for k, part in enumerate(line.split(",")) if k != 2) for line in units)
    )
    data = {"manifests": ("emotions.csv", "units.csv"), "label_kind": "both", "label_names": BOTH.names}
    fingerprint = datasets.load(Data(**data, set_weights=(1, 1)), faces_copy, 32).fingerprint
    model = knowing(sampler, ("p1", "p3"), (), ("p2", "p4"), fingerprint, set_weights=(1, 1), **data)
    return dataclasses.replace(model, labels=BOTH)


def test_a_model_of_both_kinds_is_judged_on_each(knows_both, faces_copy, tmp_path, monkeypatch):
    kinds = []

    def load(folder, label_kind, image_size, calibration):
        kinds.append((label_kind, calibration and calibration.people))
        identity = Identity("test", "brightness", Judge().embed, {"verified": 0.1})
        judges = {"expressions": Judge().expressions} if label_kind == "emotion" else {"meter": Judge()}
        return Panel(identities=(identity,), **judges)

    monkeypatch.setattr(Panel, "load", load)
    report = tmp_path / "report"
    scores = cdaae_jax.evaluate({"ours": knows_both}, report, faces_copy, judges=tmp_path)
    assert kinds == [("emotion", None), ("au", ("p3",))]
    assert scores["ours, emotions"].keys() >= {"read_as_happy", "expression_gain", "path_spearman"}
    assert scores["ours, action units"].keys() >= {"icc_AU12", "au_gain", "path_range"}
    assert scores["true target, emotions"]["l1"].value == scores["true target, action units"]["l1"].value == 0
    written = {kind: json.loads((report / kind / "scores.json").read_text()) for kind in ("emotion", "au")}
    assert {kind: facts["people"] for kind, facts in written.items()} == {"emotion": ["p2"], "au": ["p4"]}
    assert (written["emotion"]["edits"], written["au"]["edits"]) == (1, 2)
    assert written["au"]["scores"]["ours"]["l1"] == scores["ours, action units"]["l1"]._asdict()
    assert {path.name for path in report.iterdir()} == {"emotion", "au"}
    assert (
        (report / "au" / "table.md").read_text().startswith("Judged on action units, on 1 people who were not trained")
    )


def test_a_kind_of_which_nobody_was_kept_apart_is_left_out_and_said(knows_both, faces_copy, tmp_path, caplog):
    one = dataclasses.replace(
        knows_both, meta=knows_both.meta | {"people": {"train": ["p1", "p3", "p4"], "validation": [], "test": ["p2"]}}
    )
    scores = cdaae_jax.evaluate({"ours": one}, tmp_path / "report", faces_copy)
    assert set(scores) == {"ours, emotions", "true target, emotions", "copy the source, emotions"}
    assert "not judged on action units: nobody of split test has pictures with such labels" in caplog.text
    assert not (tmp_path / "report" / "au").exists()
    # Pictures of another set count for the kinds that they have.
    (faces_copy / "smiles.csv").write_text(
        "file,subject,AU12\nfaces/p4/neutral/photo.png,p4,0\nfaces/p4/happy/photo.png,p4,2"
    )
    scores = cdaae_jax.evaluate({"ours": knows_both}, tmp_path / "other", faces_copy, manifests=["smiles.csv"])
    assert set(scores) == {f"{name}, action units" for name in ("ours", "true target", "copy the source")}


def test_data_with_other_labels_is_not_what_was_trained_on(sampler, faces_copy, tmp_path):
    manifest = faces_copy / "faces.csv"
    manifest.write_text(manifest.read_text().replace("p2,surprised", "p2,sad"))
    with pytest.raises(UserError, match="has other photos or labels than cdaae was trained on"):
        cdaae_jax.evaluate(sampler, tmp_path / "report", faces_copy)
    assert not (tmp_path / "report").exists()


def test_another_set_may_be_judged_on(sampler, data_dir, tmp_path):
    cdaae_jax.evaluate(sampler, tmp_path, data_dir, manifests=["faces.csv?expression=neutral,happy"])
    assert json.loads((tmp_path / "scores.json").read_text())["edits"] == 1


def test_models_of_different_data_are_not_compared(sampler, data_dir, tmp_path):
    other = dataclasses.replace(sampler, image_size=64)
    with pytest.raises(UserError, match="other has other labels or another image size than ours"):
        cdaae_jax.evaluate({"ours": sampler, "other": other}, tmp_path / "report", data_dir)
    other = knowing(sampler, fingerprint="beef")
    with pytest.raises(UserError, match="other and ours were trained on different data"):
        cdaae_jax.evaluate({"ours": sampler, "other": other}, tmp_path / "report", data_dir)
    assert not (tmp_path / "report").exists()


def test_nobody_is_judged_whom_a_model_was_trained_on(sampler, data_dir, tmp_path):
    other = knowing(sampler, train=("p1", "p4"), test=("p3",), held_out=1)
    with pytest.raises(UserError, match=r"other would be judged on p4, whom its training used \(split train\)"):
        cdaae_jax.evaluate({"ours": sampler, "other": other}, tmp_path / "report", data_dir)
    old = dataclasses.replace(sampler, meta={name: sampler.meta[name] for name in ("step", "config", "labels")})
    with pytest.raises(UserError, match="checkpoint of old does not say who"):
        cdaae_jax.evaluate({"old": old}, tmp_path / "report", data_dir)
    assert not (tmp_path / "report").exists()


def test_people_who_are_gone_from_the_data_are_missed(sampler, faces_copy, tmp_path):
    manifest = faces_copy / "faces.csv"
    manifest.write_text("".join(line for line in manifest.read_text().splitlines(True) if ",p2," not in line))
    with pytest.raises(UserError, match="p2 of the people whom cdaae knows .* lies elsewhere"):
        cdaae_jax.evaluate(sampler, tmp_path / "report", faces_copy)
    assert not (tmp_path / "report").exists()


def test_the_validation_people_are_judged_where_asked(sampler, data_dir, tmp_path):
    model = knowing(sampler, train=("p1",), validation=("p2", "p3"))
    cdaae_jax.evaluate(model, tmp_path, data_dir, split="validation")
    written = json.loads((tmp_path / "scores.json").read_text())
    assert written["people"] == ["p2", "p3"] and written["split"] == "validation"
    assert "2 people who were not trained on (split validation)" in (tmp_path / "table.md").read_text()


def test_each_set_is_read_once_however_many_models_there_are(sampler, data_dir, tmp_path, loaded):
    models = {"ours": sampler, "few": knowing(sampler, train=("p1",), max_people=1)}
    other = "faces.csv?expression=neutral,happy"
    cdaae_jax.evaluate(models, tmp_path, data_dir, manifests=[other])
    assert loaded == [(("faces.csv",), "emotion"), ((other,), "emotion")]


def test_the_meter_is_calibrated_on_what_is_loaded_already(sampler, data_dir, tmp_path, loaded, monkeypatch):
    calibrated = []

    def load(folder, label_kind, image_size, calibration):
        calibrated.append((label_kind, image_size, calibration and calibration.people))
        return Panel()

    monkeypatch.setattr(Panel, "load", load)
    cdaae_jax.evaluate(sampler, tmp_path, data_dir, judges=tmp_path)
    units = dataclasses.replace(sampler, labels=LabelSpace("au", Judge.names))
    few = knowing(
        units,
        train=("p1",),
        validation=("p2",),
        fingerprint=fingerprint_of(data_dir),
        label_kind="au",
        max_people=1,
    )
    loaded.clear()
    cdaae_jax.evaluate(few, tmp_path, data_dir, judges=tmp_path)
    # p3 was left out of a small training: not trained on, and yet not judged.
    assert calibrated == [("emotion", 32, None), ("au", 32, ("p1", "p3"))]
    assert loaded == [(("faces.csv",), "au")]


def test_missing_data_and_judges_are_named(sampler, data_dir, tmp_path, monkeypatch):
    monkeypatch.delenv("CDAAE_DATA", raising=False)
    with pytest.raises(UserError, match="--data_dir"):
        cdaae_jax.evaluate(sampler, tmp_path / "report")
    with pytest.raises(UserError, match="'true target', which stands beside"):
        cdaae_jax.evaluate({"true target": sampler}, tmp_path / "report", data_dir)
    with pytest.raises(UserError, match="judges"):
        cdaae_jax.evaluate(sampler, tmp_path / "report", data_dir, judges=tmp_path)
    assert not (tmp_path / "report").exists()
