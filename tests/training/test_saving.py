"""What a run does when something cannot be written, and what killed writers leave."""

import errno
import json
import logging

import pytest

from cdaae_jax import checkpoint_files
from cdaae_jax.training.saving import SaveFailed, Saver
from cdaae_jax.training.writers import Writer


class FullDisk:
    """A checkpointer whose background write fails, once for each step of `fails`."""

    def __init__(self, fails):
        self.fails, self.begun, self.written = fails, None, []

    def save(self, step):
        self.begun = step

    def wait(self):
        step, self.begun = self.begun, None
        if step in self.fails:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.written += [step] if step else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wait()


def test_a_checkpoint_that_cannot_be_written_ends_the_run(tmp_path):
    disk = FullDisk(fails={1})
    with pytest.raises(SaveFailed, match="No space left .* are unharmed: make room, then run the same command again"):
        with Saver(disk, tmp_path) as saver:
            saver.save(1)
            saver.save(2)


def test_where_it_is_tolerated_the_run_goes_on_and_says_so(tmp_path, caplog):
    disk = FullDisk(fails={1, 2})
    with Saver(disk, tmp_path, tolerant=True) as saver:
        for step in (1, 2, 3, 4):
            saver.save(step)
    assert disk.written == [3, 4]
    assert caplog.text.count("checkpoints of steps none are unharmed; training goes on without it") == 2


def test_the_last_checkpoint_must_be_written_all_the_same(tmp_path):
    with pytest.raises(SaveFailed, match="make room"):
        with Saver(FullDisk(fails={2}), tmp_path, tolerant=True) as saver:
            saver.save(1)
            saver.save(2)


@pytest.mark.parametrize("tolerant", [False, True])
def test_metrics_that_cannot_be_written_are_tolerated_or_not(tmp_path, monkeypatch, caplog, tolerant):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with Writer(tmp_path, 0, 4, 1, active=True, tolerant=tolerant) as writer:
        with monkeypatch.context() as full:
            full.setattr(writer._tensorboard, "scalars", refuse)
            if tolerant:
                writer.scalars(1, {"loss": 1.0})
            else:
                with pytest.raises(SaveFailed, match="cannot write to .* make room"):
                    writer.scalars(1, {"loss": 1.0})
        writer.scalars(2, {"loss": 0.5})
    assert ("training goes on without it" in caplog.text) == tolerant
    assert json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])["step"] == 2


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    for name in ("3", "4.orbax-checkpoint-tmp", "5.orbax-checkpoint-tmp-1700", "mine"):
        (tmp_path / name / "model").mkdir(parents=True)
    checkpoint_files.remove_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3", "mine"]
