"""Charts are drawn from rows of figures; that they look well, a person has to see."""

import numpy as np
from PIL import Image

from cdaae_jax.evaluation.measures.scores import Score
from studies import charts


def read(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_lines_have_a_panel_for_each_figure_and_do_not_need_a_scale(tmp_path):
    points = {8: Score(0.5, 0.4, 0.6), 16: Score(0.4, 0.35, 0.5)}
    charts.lines(
        {"lpips": {"a": points}, "l1": {"a": points}}, {"lpips": points[8], "l1": points[8]}, "n", tmp_path / "two.png"
    )
    charts.lines({"lpips": {"a": points}}, {"lpips": points[8]}, "n", tmp_path / "one.png")
    one, two = (read(tmp_path / f"{name}.png") for name in ("one", "two"))
    assert two.shape[1] == 2 * one.shape[1] and len(np.unique(one)) > 20


def test_bars_grow_with_the_models(tmp_path):
    row = {"l1": Score(0.5, 0.4, 0.6)}
    charts.bars({"a": row, "b": row}, ("l1",), tmp_path / "two.png")
    charts.bars(dict.fromkeys("abcdef", row), ("l1",), tmp_path / "six.png")
    assert len(read(tmp_path / "six.png")) > len(read(tmp_path / "two.png"))
