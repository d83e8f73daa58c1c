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
from cdaae_jax.evaluate import table
from cdaae_jax.evaluation import edits


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


def test_a_report_has_scores_table_and_figures(sampler, data_dir, tmp_path):
    scores = cdaae_jax.evaluate({"ours": sampler, "again": sampler}, tmp_path / "report", data_dir)
    assert list(scores) == ["ours", "again", "copy the source", "true target"]
    assert scores["ours"] == scores["again"]
    assert scores["true target"]["l1"] == 0 and scores["true target"]["ssim"] == pytest.approx(1)
    assert 0 < scores["copy the source"]["l1"] < 1
    written = json.loads((tmp_path / "report" / "scores.json").read_text())
    assert written["people"] == ["p4"] and written["edits"] == 2 and written["steps"]["ours"] == 4
    assert written["scores"]["ours"] == scores["ours"]
    assert (tmp_path / "report" / "table.md").read_text() == table(scores)
    with Image.open(tmp_path / "report" / "people.png") as people:
        assert people.size == (70 + 3 * 66 - 2, 22 + 3 * 66 - 2)  # the truth and two models; the source and two labels
    with Image.open(tmp_path / "report" / "amounts_ours.png") as amounts:
        assert amounts.size == (6 * 66 - 2, 22 + 66 - 2)


def test_the_table_shows_only_what_was_measured():
    text = table({"ours": {"l1": 0.01234, "psnr": float("inf")}, "copy": {"l1": 0.5, "psnr": 20.0}})
    assert text.splitlines() == [
        "| | L1 | PSNR, dB |",
        "| --- | ---: | ---: |",
        "| ours | 0.0123 | - |",
        "| copy | 0.5000 | 20.0 |",
    ]


def test_models_of_different_data_are_not_compared(sampler, data_dir, tmp_path):
    other = dataclasses.replace(sampler, image_size=64)
    with pytest.raises(UserError, match="other has other labels, size or held-out people"):
        cdaae_jax.evaluate({"ours": sampler, "other": other}, tmp_path / "report", data_dir)
    assert not (tmp_path / "report").exists()


def test_missing_data_and_judges_are_named(sampler, data_dir, tmp_path, monkeypatch):
    monkeypatch.delenv("CDAAE_DATA", raising=False)
    with pytest.raises(UserError, match="--data_dir"):
        cdaae_jax.evaluate(sampler, tmp_path / "report")
    with pytest.raises(UserError, match="judges"):
        cdaae_jax.evaluate(sampler, tmp_path / "report", data_dir, judges=tmp_path)
    assert not (tmp_path / "report").exists()
