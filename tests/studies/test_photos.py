"""The pages on whole photos: sheets are complete, and what the numbers say is measured."""

import numpy as np
import pytest
from PIL import Image
from support import make_face

from cdaae_jax.errors import UserError
from cdaae_jax.photos import editing
from studies import photo_sheets, photos


class Darkens:
    """A sampler's stand-in: a square in the middle of each photo, or at each face of the canvas, is darkened."""

    def edit_photo(self, photo, label, face="largest"):
        edited = photo.copy()
        if photo.shape[:2] == (3000, 4000):
            places = {0: [(1500, 1000)], 1: [(1000, 3000)], "all": [(1500, 1000), (1000, 3000)]}[face]
        else:
            places = [(photo.shape[0] // 2, photo.shape[1] // 2)]
        for row, column in places:
            edited[row : row + 20, column : column + 20] = 0
        return edited


@pytest.fixture
def files(tmp_path):
    made = [tmp_path / f"{name}.png" for name in "abc"]
    for number, file in enumerate(made):
        Image.new("RGB", (100, 100), (100 + 50 * number, 90, 80)).save(file)
    return made


def test_a_sheet_shows_every_photo_beside_its_edits(files):
    sheet = photo_sheets.sheet(Darkens(), files, (50, 50))
    assert sheet.shape == (2 * 54 - 4, 8 * 54 - 4, 3)
    np.testing.assert_array_equal(sheet[10, 10], (100, 90, 80))
    np.testing.assert_array_equal(sheet[10, 4 * 54 + 10], (150, 90, 80))
    assert (sheet[54:, 4 * 54 :] == 255).all()  # nothing beside the last photo
    assert sheet[30, 30].min() > 50 and sheet[30, 54 + 30].max() < 20


def test_the_canvas_is_measured_outside_of_what_was_asked_for(files):
    canvas = photo_sheets.two_people(files[:2])
    assert canvas.shape == (3000, 4000, 3)
    sheet, lines = photo_sheets.one_by_one(Darkens(), canvas, "happy", (64, 48))
    assert sheet.shape == (100, 132, 3)
    assert lines[0] == "| `face=0` | 400 | 1000 to 1019 | 1500 to 1519 | 0 |"
    assert lines[2].endswith("| 1000 to 3019 | 1000 to 1519 | 0 |")


def test_pupils_are_compared_with_the_table(files, monkeypatch, tmp_path):
    class Finder:
        def find(self, photo, most):
            return [make_face((30.0, 50.0), (70.0, 50.0))]

    monkeypatch.setattr(editing, "shared_finder", Finder)
    table = tmp_path / "metadata.csv"
    rows = [f"aligned/{file.name},60,100,140,104" for file in files]
    table.write_text("\n".join(["file,left_eye_x,left_eye_y,right_eye_x,right_eye_y", *rows]))
    text = photos.pupils(files, table)
    assert "Pupils of the 3 whole London photos" in text and "5.0% of the distance" in text


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no pictures; give the folder"):
        photos.pictures(tmp_path)
