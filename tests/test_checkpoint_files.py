"""The folders of checkpoints: which there are, and moving a damaged one aside when others do the same."""

import pytest

from cdaae_jax.checkpoint_files import move_aside, newest_first, steps
from cdaae_jax.errors import UserError


def make(workdir, *names):
    for name in names:
        (workdir / "checkpoints" / name).mkdir(parents=True)
        (workdir / "checkpoints" / name / "mark").write_text(name)


def test_only_numbers_are_checkpoints(tmp_path):
    assert steps(tmp_path) == steps(tmp_path / "nowhere") == []
    make(tmp_path, "9", "10", "20.orbax-checkpoint-tmp-1", "notes")
    assert steps(tmp_path) == [9, 10]
    (tmp_path / "photo.png").write_text("")
    assert steps(tmp_path / "photo.png") == []


def test_a_checkpoint_that_appears_meanwhile_comes_next(tmp_path):
    make(tmp_path, "10", "20")
    found = newest_first(tmp_path)
    assert next(found) == 20
    make(tmp_path, "30")
    assert list(found) == [30, 10]


def test_nothing_is_overwritten_when_a_checkpoint_is_moved_aside(tmp_path):
    (tmp_path / "damaged" / "20").mkdir(parents=True)
    (tmp_path / "damaged" / "20" / "mark").write_text("an earlier one")
    (tmp_path / "damaged" / "20.1").write_text("a note")
    make(tmp_path, "10", "20")
    move_aside(tmp_path, 20)
    assert steps(tmp_path) == [10]
    assert (tmp_path / "damaged" / "20" / "mark").read_text() == "an earlier one"
    assert (tmp_path / "damaged" / "20.1").read_text() == "a note"
    assert (tmp_path / "damaged" / "20.2" / "mark").read_text() == "20"


def test_one_that_another_process_has_moved_is_no_error(tmp_path):
    make(tmp_path, "20")
    move_aside(tmp_path, 20)
    move_aside(tmp_path, 20)
    assert [path.name for path in (tmp_path / "damaged").iterdir()] == ["20"]


def test_where_it_cannot_be_moved_the_reason_is_told(tmp_path):
    make(tmp_path, "20")
    (tmp_path / "damaged").write_text("a note")
    with pytest.raises(UserError, match="cannot move the damaged checkpoint .*20 to .*damaged: File exists; move"):
        move_aside(tmp_path, 20)
    assert steps(tmp_path) == [20]
