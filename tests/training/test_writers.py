"""What a run leaves behind: metrics.jsonl, TensorBoard events and PNG grids."""

import json
import logging

import numpy as np
import pytest

from cdaae_jax import images
from cdaae_jax.training.writers import Writer, duration


def lines(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


def write_steps(workdir, start, stop, run="first"):
    with Writer(workdir, start, steps=10, batch_size=4, active=True) as writer:
        for step in range(start + 1, stop + 1):
            writer.advance(1)
            writer.scalars(step, {"loss": step / 2, "run": run == "first"}, shown=("loss",))


def test_scalars_are_lines_of_json_and_tensorboard_events(tmp_path):
    write_steps(tmp_path, 0, 3)
    assert lines(tmp_path) == [{"step": step, "loss": step / 2, "run": True} for step in (1, 2, 3)]
    assert list((tmp_path / "tensorboard").glob("events*"))


def test_lines_are_on_disk_before_the_run_ends(tmp_path):
    with Writer(tmp_path, 0, steps=10, batch_size=4, active=True) as writer:
        writer.scalars(1, {"loss": 0.5})
        assert lines(tmp_path) == [{"step": 1, "loss": 0.5}]


@pytest.mark.parametrize("start", [0, 2, 5, 9])
def test_a_resumed_run_drops_the_steps_that_it_takes_again(tmp_path, start, caplog):
    write_steps(tmp_path, 0, 5)
    with caplog.at_level(logging.INFO, logger="cdaae_jax.training.writers"):
        write_steps(tmp_path, start, 7, run="second")
    first = min(start, 5)
    assert [(line["step"], line["run"]) for line in lines(tmp_path)] == [
        *((step, True) for step in range(1, first + 1)),
        *((step, False) for step in range(start + 1, 8)),
    ]
    assert ("dropped" in caplog.text) == (start < 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics.jsonl", "tensorboard"]


def test_a_line_that_a_crash_cut_short_is_dropped(tmp_path):
    write_steps(tmp_path, 0, 2)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 3, "lo')
    write_steps(tmp_path, 2, 3, run="second")
    assert [line["step"] for line in lines(tmp_path)] == [1, 2, 3]


def test_lines_that_somebody_else_wrote_are_dropped_and_said(tmp_path, caplog):
    caplog.set_level(logging.INFO, "cdaae_jax")
    good = b'{"step": 1, "a": 0.5}\n'
    (tmp_path / "metrics.jsonl").write_bytes(good + b'{"step": \n[1]\n\xff\xfe\n{"step": "2"}\n{}\n' + good + b'{"st')
    with Writer(tmp_path, 2, 4, 2, active=True):
        pass
    assert (tmp_path / "metrics.jsonl").read_bytes() == good * 2
    assert "metrics.jsonl: dropped 5 lines that cannot be read" in caplog.text


def test_pictures_become_png_grids_named_by_step(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
    with Writer(tmp_path, 0, steps=10, batch_size=4, active=True) as writer:
        writer.picture(25, "held_out", picture)
    assert [path.name for path in (tmp_path / "grids").iterdir()] == ["held_out_0000025.png"]
    np.testing.assert_array_equal(images.read(tmp_path / "grids" / "held_out_0000025.png"), picture)


def test_the_bar_counts_pictures_from_where_the_run_goes_on(tmp_path, capsys):
    write_steps(tmp_path, 5, 10)
    assert "40.0/40.0" in capsys.readouterr().err


def test_an_inactive_writer_writes_and_shows_nothing(tmp_path, capsys):
    with Writer(tmp_path, 0, steps=10, batch_size=4, active=False) as writer:
        writer.advance(1)
        writer.scalars(1, {"loss": 0.5}, shown=("loss",))
        writer.picture(1, "held_out", np.zeros((8, 8, 3), np.uint8))
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr() == ("", "")


def test_it_says_once_how_long_the_rest_will_take(tmp_path, caplog, monkeypatch):
    clock = iter([100.0, 150.0])  # 25 steps in 50 seconds
    monkeypatch.setattr("cdaae_jax.training.writers.monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO, logger="cdaae_jax.training.writers"):
        with Writer(tmp_path, 0, steps=330, batch_size=4, active=True) as writer:
            for _ in range(60):
                writer.advance(1)
    assert [record.message for record in caplog.records] == [
        "about 10 min for the remaining 300 steps, at the speed so far"
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "about 0 s"), (89, "about 89 s"), (100, "about 2 min"), (7200, "about 2.0 h")]
)
def test_durations_are_said_as_people_say_them(seconds, text):
    assert duration(seconds) == text
