"""The script that draws contact sheets: a small run of all of it."""

import numpy as np
import pytest

from cdaae_jax import images
from cdaae_jax.data.synthetic_faces import renderer
from studies import face_sheets


@pytest.fixture
def sheets(monkeypatch):
    monkeypatch.setattr(face_sheets, "TILE", 32)
    return face_sheets


def test_three_sheets_of_pictures_with_names(sheets, tmp_path, capsys):
    sheets.main([f"--output={tmp_path / 'sheets'}"])
    pages = {path.stem: images.read(path) for path in (tmp_path / "sheets").iterdir()}
    sizes = {name: (page.shape[1], page.shape[0]) for name, page in pages.items()}
    assert sizes == {"people": (76 + 270, 100), "action_units": (150 + 168, 426), "emotions": (76 + 270, 154)}
    assert capsys.readouterr().out.count(" MB") == 3
    page = pages["emotions"]
    assert page[:20].min() < 100 and page[:, :76].min() < 100  # texts, black on white
    tiles = page[20:, 76:]
    np.testing.assert_array_equal(tiles[:32, :32], renderer.render(renderer.sample_identity(104), {}, 32))


def test_action_units_are_shown_on_somebody_whose_brows_are_seen(sheets):
    person = renderer.sample_identity(sheets.bare_browed(0))
    assert person.fringe < 0 and person.glasses == 0
