"""The face of a photo is aligned, however the photo is turned; a worker ends with what started it."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from support import make_face

from cdaae_jax import images
from cdaae_jax.data import aligning
from cdaae_jax.data.aligning import FaceAligner
from cdaae_jax.errors import UserError
from cdaae_jax.faces import FaceFinder

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize("quarters", range(4))
def test_a_photo_is_turned_until_the_eyes_are_level(quarters):
    upright = np.zeros((60, 80, 3), np.uint8)
    upright[20, 30], upright[24, 50] = (255, 0, 0), (0, 255, 0)
    photo = np.rot90(upright, -quarters)
    eyes = []
    for colour in range(2):
        row, column = np.argwhere(photo[..., colour])[0]
        eyes.append((column + 0.5, row + 0.5))
    turned, found = aligning.turned_upright(photo, eyes)
    np.testing.assert_array_equal(turned, upright)
    assert found == [(30.5, 20.5), (50.5, 24.5)]


def test_the_largest_face_is_aligned_and_its_size_said():
    face = make_face((100.0, 120.0), (164.0, 120.0))

    class Finder:
        def find(self, photo, most):
            assert most == 1
            return [face] if photo.any() else []

    photo = np.zeros((300, 300, 3), np.uint8)
    photo[118:122, 98:102] = 255  # on the right eye
    aligned = FaceAligner(Finder())(photo, 200)
    assert aligned.face_size == face.size
    # The landmarks come along: those of the pupils lie where pupils belong.
    (x, y), (other_x, _) = aligned.points[[468, 473]]
    assert sorted((x, other_x)) == pytest.approx([0.34, 0.66]) and y == pytest.approx(0.38)
    row, column = np.argwhere(aligned.picture[..., 0] > 200).mean(axis=0) + 0.5
    assert (column, row) == pytest.approx((0.34 * 200, 0.38 * 200), abs=1)
    with pytest.raises(UserError, match="^no face was found$"):
        FaceAligner(Finder())(np.zeros_like(photo), 200)


def test_a_real_photo_is_aligned_alike_however_it_is_turned(london_data, face_model):
    photo = images.read(london_data / "frl_london" / "raw_sample" / "004_smiling.jpg")
    align = FaceAligner(FaceFinder.load(face_model))
    upright = align(photo, 64)
    for quarters in (1, 2, 3):
        turned = align(np.ascontiguousarray(np.rot90(photo, quarters)), 64)
        assert np.abs(turned.picture.astype(int) - upright.picture).mean() < 8  # turned the wrong way: 60 and more
        assert turned.face_size == pytest.approx(upright.face_size, rel=0.05)
        np.testing.assert_allclose(turned.points, upright.points, atol=0.03)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system that kills processes")
def test_workers_end_when_their_parent_is_killed(faces_folder, tmp_path):
    program = f"""
import pathlib, fake_faces
from cdaae_jax.data import preparing

if __name__ == "__main__":
    preparing.prepare({str(faces_folder)!r}, {str(tmp_path / "set")!r}, 32, 2, fake_faces.load_slow)
"""
    (tmp_path / "run.py").write_text(program)
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "run.py")],
        env=os.environ | {"PYTHONPATH": path, "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,  # the workers have it too, so it ends when they have ended
        text=True,
    )
    with process:
        begun = process.stdout.readline()
        process.kill()
        killed = time.monotonic()
        process.stdout.read()
    assert begun == "a worker has begun\n"
    assert time.monotonic() - killed < 30  # and not the minute that a worker takes
