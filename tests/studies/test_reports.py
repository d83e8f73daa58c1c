"""What is measured: complete trainings only, and only what is newer than the results."""

import dataclasses
import os
import pathlib

import numpy as np
import pytest

from cdaae_jax import checkpoint, config_fields
from cdaae_jax.evaluation.measures.scores import mean_of
from cdaae_jax.evaluation.tasks.edits import Task
from cdaae_jax.labels import LabelSpace
from studies import catalogue, reports, trainings

STUDY = catalogue.STUDIES["unseen_people_london"]


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A workdir that says to hold the study's models at their last step."""
    for training in STUDY.models.values():
        (tmp_path / training / "checkpoints" / str(catalogue.STEPS)).mkdir(parents=True)

    def read_meta(workdir):
        one = catalogue.TRAININGS[workdir.name]
        return {"step": max(checkpoint.steps(workdir)), "config": config_fields.to_dict(one)}

    monkeypatch.setattr(checkpoint, "read_meta", read_meta)
    return reports.Places(tmp_path, tmp_path / "results", None, tmp_path / "judges")


@pytest.fixture
def measured(monkeypatch):
    """The studies that were measured."""
    done = []
    monkeypatch.setitem(reports.REPORTS, STUDY.report, reports.Report(lambda study, places: done.append(study)))
    return done


def test_a_half_trained_model_is_never_measured(places, measured):
    half = places.workdir / "london_caae" / "checkpoints"
    (half / str(catalogue.STEPS)).rename(half / "700")
    with pytest.raises(trainings.Incomplete, match="london_caae was stopped at step 700 of 2000"):
        reports.measure(STUDY, places)
    assert not measured
    (half / "700").rename(half / str(catalogue.STEPS))
    reports.measure(STUDY, places)
    assert measured == [STUDY]


def test_only_models_younger_than_the_results_are_measured(places):
    assert reports.is_new(STUDY, places)
    places.output.mkdir()
    table = places.output / "table.md"
    table.write_text("results")
    assert not reports.is_new(STUDY, places)
    os.utime(table, (1, 1))
    assert reports.is_new(STUDY, places)


def test_quality_is_measured_at_every_checkpoint_that_is_kept(tmp_path, monkeypatch):
    """Each edit adds the checkpoint's step to the source, so the figures say which checkpoint was judged."""
    study = catalogue.STUDIES["time_to_quality"]
    places = reports.Places(tmp_path, tmp_path / "results", str(tmp_path), tmp_path / "judges")
    source = np.zeros((2, 8, 8, 3), np.uint8)
    task = Task(source, source, np.eye(2, dtype=np.float32), ("p1", "p2"), LabelSpace("emotion", ("a", "b")))
    asked = []

    def held_out(sampler, root, judges, manifests, split):
        asked.append((str(sampler.path.relative_to(tmp_path)), sampler.image_size, manifests, split))
        return task, None

    def edits(sampler, photos, labels):
        return [photos + np.uint8(sampler.path.name)]

    def statistics(asked, panel):
        seen = asked.edited.mean(axis=(1, 2, 3))
        return {column.name: mean_of(seen) for column in reports.TIMED}

    monkeypatch.setattr(reports.trainings, "minutes", lambda workdir: {5: 1.0, 9: 2.5})
    monkeypatch.setattr(reports.Sampler, "from_checkpoint", Opened)
    monkeypatch.setattr(reports.card_measures, "held_out", held_out)
    monkeypatch.setattr(reports.card_measures, "edits", edits)
    monkeypatch.setattr(reports.card_measures, "statistics_of", statistics)
    reports.against_minutes(study, places)
    checkpoints = [f"timed_{model}/checkpoints/{step}" for model in study.models for step in (5, 9)]
    assert asked == [(path, 64, study.manifests, "validation") for path in checkpoints]
    lines = (places.output / "table.md").read_text().splitlines()
    for model in study.models:
        assert any(line.startswith(f"| {model}, 1.0 | 5.000") for line in lines)
        assert any(line.startswith(f"| {model}, 2.5 | 9.000") for line in lines)
    assert lines[-1].startswith("| true target | 0.000")
    assert (places.output / "time_to_quality.png").stat().st_size > 10_000


@dataclasses.dataclass
class Opened:
    """A model that knows where it came from."""

    path: pathlib.Path
    image_size: int = 128
