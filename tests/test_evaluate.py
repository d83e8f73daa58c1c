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
from cdaae_jax.evaluation import edits
from cdaae_jax.evaluation.scores import Figure


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
