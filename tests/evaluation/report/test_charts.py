"""Charts hold what they are given, and are whole."""

import json

import numpy as np
import pytest
from PIL import Image

from cdaae_jax import UserError
from cdaae_jax.evaluation.report import charts


def test_charts_are_pictures_that_depend_on_the_numbers():
    people, amounts = ("a", "a", "b"), (0, 0.5, 1)
    rising = np.array([[0, 0.4, 1.0], [0, 0.5, 0.9], [0, 0.6, 1.1]])
    ends = np.where([True, False, True], rising, np.nan)
    drawn = charts.paths({"ours": rising, "true target": ends}, people, amounts, "smile")
    assert drawn.dtype == np.uint8 and drawn.shape[2] == 3 and drawn.min() < 50
    other = charts.paths({"ours": rising[:, ::-1], "true target": ends}, people, amounts, "smile")
    assert drawn.shape != other.shape or not np.array_equal(drawn, other)
    requested = np.array([[0, 5], [3, 0], [5, 2.0]])
    units = charts.action_units(requested, {"ours": requested / 2}, ("AU1", "AU12"), people)
    assert units.shape[1] > units.shape[0]
    requested[:, 1] = np.nan  # not known of anybody
    assert charts.action_units(requested, {"ours": requested}, ("AU1", "AU12"), people).shape == units.shape
    one = charts.confusion({"ours": {"happy": {"neutral": 1, "happy": 3}}})
    two = charts.confusion({name: {"happy": {"neutral": 1, "happy": 3}} for name in ("ours", "theirs")})
    assert two.shape[1] > 1.5 * one.shape[1]


def test_curves_appear_whole_or_not_at_all(tmp_path):
    lines = [{"step": step, "reconstruction": 1 / step} for step in (1, 2, 3)]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    charts.curve({"ours": tmp_path}, tmp_path / "curve.png")
    with Image.open(tmp_path / "curve.png") as curve:
        assert curve.size == (1000, 350)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        charts.curve({"ours": tmp_path}, tmp_path / "file" / "curve.png")
