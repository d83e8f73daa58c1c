"""Evaluation: held-out people only, the floor and the ceiling where they belong, a report that is whole."""

import dataclasses
import json

import numpy as np
import pytest
from cdaae_jax.evaluation.panel import Identity, Panel
from cdaae_jax.evaluation.scores import Figure
from PIL import Image
from support import make_tiny_config

import cdaae_jax
from cdaae_jax import Sampler, UserError
from cdaae_jax.config import Data
from cdaae_jax.evaluation import edits
from cdaae_jax.labels import LabelSpace


@pytest.fixture(scope="module")
def data_dir(faces_manifest):
    return faces_manifest.parent


@pytest.fixture(scope="module")
def sampler(data_dir, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    cdaae_jax.train(make_tiny_config(), workdir, data_dir)
    return Sampler.from_checkpoint(workdir)


def test_the_task_is_neutral_to_everything_else_of_held_out_people(data_dir):
    data = Data(manifests=("faces.csv",), held_out=2)
    task = edits.held_out_task(data, data_dir, 32)
    assert task.person == ("p3", "p3", "p4", "p4")
    assert task.names == ["happy=1", "surprised=1"] * 2
    np.testing.assert_array_equal(task.source[0], task.source[1])
    assert not np.array_equal(task.source[0], task.source[2])
    assert all(not np.array_equal(source, target) for source, target in zip(task.source, task.target, strict=True))
    with pytest.raises(UserError, match="nobody to judge on"):
        edits.held_out_task(dataclasses.replace(data, held_out=0), data_dir, 32)


def test_the_other_person_is_the_next_one_held_out(data_dir):
    task = edits.held_out_task(Data(manifests=("faces.csv",), held_out=2), data_dir, 32)
    other = edits.other_person(task)["other person"]
    np.testing.assert_array_equal(other, task.source[[2, 3, 0, 1]])
    assert edits.other_person(edits.held_out_task(Data(manifests=("faces.csv",), held_out=1), data_dir, 32)) == {}


def test_a_report_has_scores_table_and_figures(sampler, data_dir, tmp_path):
    scores = cdaae_jax.evaluate({"ours": sampler, "again": sampler}, tmp_path / "report", data_dir)
    assert list(scores) == ["ours", "again", "true target", "copy the source"]
    assert scores["ours"] == scores["again"]
    assert scores["true target"]["l1"] == Figure(0, 0, 0)
    assert scores["true target"]["ssim"].value == pytest.approx(1)
    # One person is held out: every set of people drawn is that person.
    assert 0 < scores["copy the source"]["l1"].low == scores["copy the source"]["l1"].high < 1
    written = json.loads((tmp_path / "report" / "scores.json").read_text())
    assert written["people"] == ["p4"] and written["edits"] == 2 and written["steps"]["ours"] == 4
    assert (written["seed"], written["repeats"], written["level"]) == (0, 1000, 0.95)
    assert written["scores"]["ours"]["l1"] == scores["ours"]["l1"]._asdict()
    assert written["scores"]["true target"]["psnr"]["value"] is None
    assert written["judges"] == {} == written["confusion"]
    assert "| ours | 0." in (tmp_path / "report" / "table.md").read_text()
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
    data = sampler.meta["config"]["data"] | {"label_kind": "au"}
    meta = sampler.meta | {"config": sampler.meta["config"] | {"data": data}}
    model = dataclasses.replace(sampler, labels=LabelSpace("au", Judge.names), meta=meta)
    scores = cdaae_jax.evaluate({"ours": model}, tmp_path / "report", faces_copy, judges=tmp_path)
    assert scores["ours"].keys() >= {"icc_AU12", "au_mse", "path_range", "unseen_lpips", "unseen_au_mse"}
    assert not any("read_as" in name for name in scores["ours"])
    written = json.loads((tmp_path / "report" / "scores.json").read_text())
    assert written["edits"] == 2 and written["unseen_edits"] == 1 and written["confusion"] == {}
    assert (tmp_path / "report" / "action_units.png").exists()


def test_other_pictures_are_reached_from_the_models_own_sources(data_dir):
    data = Data(manifests=("faces.csv?expression=neutral,happy",), held_out=1)
    # One picture of each person, none of them neutral: it takes the source that the model knows.
    task = edits.held_out_task(data, data_dir, 32, ["faces.csv?expression=surprised"])
    assert task.person == ("p4",) and task.names == ["surprised=1"]
    own = edits.held_out_task(data, data_dir, 32)
    np.testing.assert_array_equal(task.source, own.source)
    assert not np.array_equal(task.target, own.target)
    with pytest.raises(UserError, match="no picture but the sources"):
        edits.held_out_task(data, data_dir, 32, ["faces.csv?expression=neutral"])


def test_nobody_trained_on_is_judged(data_dir, faces_copy):
    data = Data(manifests=("faces.csv",), held_out=1)
    lines = (data_dir / "faces.csv").read_text().splitlines()
    (faces_copy / "some.csv").write_text("\n".join(line for line in lines if "p4" not in line) + "\n")
    with pytest.raises(UserError, match="everybody in some.csv was trained on"):
        edits.held_out_task(data, faces_copy, 32, ["some.csv"])


def test_another_set_may_be_judged_on(sampler, data_dir, tmp_path):
    cdaae_jax.evaluate(sampler, tmp_path, data_dir, manifests=["faces.csv?expression=neutral,happy"])
    assert json.loads((tmp_path / "scores.json").read_text())["edits"] == 1


def test_labels_are_put_into_the_model_s_words(data_dir):
    task = edits.held_out_task(Data(manifests=("faces.csv",), held_out=1), data_dir, 32)  # neutral, happy, surprised
    other = edits.in_space(task, LabelSpace("emotion", ("sad", "surprised", "neutral")))
    assert other.names == ["surprised=1"] and other.label.tolist() == [[0, 1, 0]] and other.person == ("p4",)
    np.testing.assert_array_equal(other.target, task.target[1:])
    assert edits.in_space(task, task.space) is task
    with pytest.raises(UserError, match="has only neutral, happy, surprised, and the model knows sad"):
        edits.in_space(task, LabelSpace("emotion", ("sad",)))


def test_models_of_different_data_are_not_compared(sampler, data_dir, tmp_path):
    other = dataclasses.replace(sampler, image_size=64)
    with pytest.raises(UserError, match="other has other labels, size or held-out people"):
        cdaae_jax.evaluate({"ours": sampler, "other": other}, tmp_path / "report", data_dir)
    assert not (tmp_path / "report").exists()


def test_missing_data_and_judges_are_named(sampler, data_dir, tmp_path, monkeypatch):
    monkeypatch.delenv("CDAAE_DATA", raising=False)
    with pytest.raises(UserError, match="--data_dir"):
        cdaae_jax.evaluate(sampler, tmp_path / "report")
    with pytest.raises(UserError, match="'true target', which stands beside"):
        cdaae_jax.evaluate({"true target": sampler}, tmp_path / "report", data_dir)
    with pytest.raises(UserError, match="judges"):
        cdaae_jax.evaluate(sampler, tmp_path / "report", data_dir, judges=tmp_path)
    assert not (tmp_path / "report").exists()
