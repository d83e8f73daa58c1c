"""The sheet of portraits: aligned, in every expression, without those that have no face."""

import types

import numpy as np
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.faces.networks import PUPILS
from studies import anywhere


class Landmarks:
    """Sees a face in pictures that are not black, its pupils at a quarter and three quarters of the width."""

    def find(self, pictures):
        points = np.zeros((1, 478, 2), np.float32)
        points[0, list(PUPILS)] = [(pictures.shape[2] * share, pictures.shape[1] * 0.4) for share in (0.75, 0.25)]
        return types.SimpleNamespace(found=[pictures.any()], points=points)


class Copies:
    """A sampler's stand-in that returns the photo for each label."""

    labels = types.SimpleNamespace(names=("neutral", "happy", "sad"))

    def edit(self, photo, labels):
        return np.stack([photo] * len(labels))


@pytest.fixture
def sampler(monkeypatch):
    monkeypatch.setattr(anywhere.dataclasses, "replace", lambda sampler, image_size: sampler)
    return Copies()


def test_a_row_for_each_face(sampler, capsys):
    photos = {"a.jpg": np.full((300, 300, 3), 90, np.uint8), "none.jpg": np.zeros((300, 300, 3), np.uint8)}
    made = anywhere.sheet(sampler, Landmarks(), photos)
    assert made.shape == (256, 3 * 258 - 2, 3) and (made[:, :256] == 90).all()
    assert "none.jpg: no face found" in capsys.readouterr().err


def test_no_face_at_all_is_refused(sampler):
    with pytest.raises(UserError, match="no face in any of the portraits"):
        anywhere.sheet(sampler, Landmarks(), {"none.jpg": np.zeros((300, 300, 3), np.uint8)})


def test_an_empty_folder_is_refused(tmp_path):
    flags = [f"--{name}={tmp_path}" for name in ("checkpoint", "judges", "portraits", "output")]
    with pytest.raises(UserError, match="holds no pictures"):
        anywhere.main(flags)
