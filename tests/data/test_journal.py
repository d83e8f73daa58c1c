"""What a job that goes on believes of its journal."""

import json

import numpy as np
import pytest

from cdaae_jax import UserError
from cdaae_jax.data import journal
from cdaae_jax.data.unaligned import Unaligned


@pytest.fixture
def photo(tmp_path):
    source = tmp_path / "a.jpg"
    source.touch()
    (tmp_path / "a.png").touch()
    photo = Unaligned(source, "a.jpg", "a.png", {})
    written = journal.Journal(tmp_path, {"size": 64})
    with written.writing():
        written.add(photo, journal.stamp(source), 80.5, np.full((5, 2), 0.25))
    return photo


def test_what_is_done_is_known_again(photo, tmp_path):
    again = journal.Journal(tmp_path, {"size": 64})
    assert again.knows(photo) and again.face_size(photo) == 80.5 and again.frame(photo) is None
    np.testing.assert_array_equal(again.points(photo), np.full((5, 2), 0.25))


@pytest.mark.parametrize(
    "other",
    [
        {"face": 10**400},
        {"face": float("nan")},
        {"face": "large"},
        {"points": "not base64"},
        {"points": "AAAA"},
        {"frame": [1]},
        {"file": None},
        {"was": "today"},
    ],
)
def test_the_photo_of_a_line_that_cannot_be_used_is_done_again(photo, tmp_path, caplog, other):
    path = tmp_path / journal.NAME
    settings, line = path.read_text().splitlines()
    path.write_text(f"{settings}\n{json.dumps(json.loads(line) | other)}\n[]\n")
    again = journal.Journal(tmp_path, {"size": 64})
    assert not again.knows(photo)
    assert "2 lines cannot be used; their photos are done again" in caplog.text


def test_a_line_that_says_where_it_lies_is_not_believed(photo, tmp_path):
    path = tmp_path / journal.NAME
    settings, line = path.read_text().splitlines()
    path.write_text(f"{settings}\n{json.dumps(json.loads(line) | {'place': 10**9})}\n")
    np.testing.assert_array_equal(journal.Journal(tmp_path, {"size": 64}).points(photo), np.full((5, 2), 0.25))


def test_a_journal_that_does_not_say_how_it_was_begun_is_refused(photo, tmp_path):
    path = tmp_path / journal.NAME
    path.write_text("\0" + path.read_text())
    with pytest.raises(UserError, match="is damaged: it does not say how the folder was begun; delete it"):
        journal.Journal(tmp_path, {"size": 64})
