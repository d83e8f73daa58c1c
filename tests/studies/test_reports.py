"""What is measured: complete trainings only, and only what is newer than the results."""

import os

import pytest

from cdaae_jax import checkpoint, config_fields
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
