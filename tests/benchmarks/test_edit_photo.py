"""The photo that is timed has 12 megapixels and a face of the size asked for; every stage is timed."""

import io
import types

import numpy as np
import pytest
from PIL import Image
from support import make_face

from benchmarks import edit_photo
from cdaae_jax.data.alignment import Geometry
from cdaae_jax.models.change import Change


class Finder:
    """Finds a face in the middle."""

    def find(self, photo, most):
        middle, row = photo.shape[1] / 2, photo.shape[0] / 2
        return [make_face((middle - 20, row), (middle + 20, row))]


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "face.png"
    Image.new("RGB", (200, 160), (200, 30, 30)).save(path)
    return path


def test_the_face_has_the_size_asked_for(photo):
    canvas = np.asarray(Image.open(io.BytesIO(edit_photo.photo_of(photo, Finder(), eyes=80))))
    assert canvas.shape == (3000, 4000, 3)
    red = canvas[..., 0].astype(int) - canvas[..., 1] > 100
    assert (red.sum(axis=0) > 0).sum() == pytest.approx(400, abs=4)  # twice as large, as 40 pixels become 80


def test_every_stage_is_timed(photo):
    sampler = types.SimpleNamespace(
        image_size=32,
        alignment=Geometry(),
        change=lambda pictures, label: Change(shift=np.full((1, 8, 8, 3), 0.5, np.float32)),
    )
    seconds = edit_photo.stages(sampler, Finder(), photo.read_bytes(), "happy")
    assert set(seconds) == {
        "decode", "find the face", "align", "network", "make the change", "put back", "encode"
    }  # fmt: skip
    assert all(value > 0 for value in seconds.values())
