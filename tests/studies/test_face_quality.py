"""The script that judges synthetic faces: its figures on made-up measurements, and a tiny run of all of it."""

import json
import os

import numpy as np
import pytest

from cdaae_jax import labels
from studies import face_judgements, face_quality


def test_readouts_must_rise_at_every_step():
    rises = face_judgements.rises
    steady = np.arange(6) * np.array([[1.0], [2.0]]) + [[5.0], [-3.0]]
    found = rises(steady)
    assert found["monotone"] and found["people_monotone"] == 1
    assert found["means"] == pytest.approx([1, 2.5, 4, 5.5, 7, 8.5])
    assert found["spearman"] > 0.8  # of the change from each person's own neutral: -3 and 5 do not matter

    flat = steady.copy()
    flat[0, 3] = flat[0, 2] - 2
    assert not rises(flat)["monotone"] and rises(flat)["people_monotone"] == 0.5
    assert rises(-steady)["spearman"] < -0.8
    assert rises(np.ones((2, 6)))["spearman"] is None

    lost = np.concatenate([steady, np.full((1, 6), np.nan)])
    lost[2, :3] = 1
    assert rises(lost) == found
    nobody = rises(lost[2:])
    assert nobody["spearman"] is None and not nobody["monotone"]


def test_random_action_units_are_in_range_and_repeatable():
    rows = face_judgements.random_aus(40, seed=1)
    np.testing.assert_array_equal(rows, face_judgements.random_aus(40, seed=1))
    assert (rows != face_judgements.random_aus(40, seed=2)).any()
    assert rows.min() == 0 and 4 < rows.max() <= labels.MAX_AU
    units = (rows[1::2] > 0).sum(axis=1)
    assert set(units) <= {1, 2, 3, 4} and units.max() > 1


@pytest.mark.slow
def test_everything_is_judged_and_written(tmp_path, capsys):
    """Two people: what matters is that each figure is there, not how high it is."""
    folder = os.environ.get("CDAAE_JUDGES")
    if not folder:
        pytest.skip("CDAAE_JUDGES does not point to the folder that fetch_judges filled")
    output = tmp_path / "deep" / "quality.json"
    sizes = ["--people=2", "--au_people=2", "--pictures=4", "--size=64"]
    flags = [f"--judges={folder}", *sizes, f"--output={output}"]
    assert face_quality.main(flags) == 0
    report = json.loads(output.read_text())
    assert report["arguments"]["people"] == 2 and report["versions"]["jax"]
    assert tuple(report["action_units"]) == labels.DISFA_AUS
    assert tuple(report["expression"]["confusion"]) == labels.EMOTIONS
    assert all(sum(row.values()) == pytest.approx(1) for row in report["expression"]["confusion"].values())
    assert len(report["checks"]) == 11
    printed = capsys.readouterr().out
    for check in report["checks"]:
        assert check["what"] in printed


def test_missing_judges_are_said_in_one_line(tmp_path, capsys):
    flags = [f"--judges={tmp_path}", f"--output={tmp_path / 'x.json'}"]
    assert face_quality.main(flags) == 2
    error = capsys.readouterr().err
    assert "face_landmarker.task is missing" in error and error.count("\n") == 1
