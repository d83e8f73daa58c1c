"""What the page asks of this machine."""

import numpy as np
import pytest
from page_visits import png
from support import make_face, make_sampler

from cdaae_jax.errors import UserError
from cdaae_jax.page import settings
from cdaae_jax.page.local_engine import LocalEngine


class Finder:
    def find(self, photo, most):
        return [make_face((10.0, 20.0), (30.0, 20.0))][:most]


@pytest.fixture(scope="module")
def engine():
    return LocalEngine({"tiny": make_sampler()}, Finder)


def test_faces_are_points_of_the_upright_photo(engine, faces_folder):
    found = engine.faces(next(faces_folder.rglob("*.png")).read_bytes())
    assert (found["width"], found["height"]) == (48, 48)
    assert found["faces"][0]["eyes"] == [[10.0, 20.0], [30.0, 20.0]]
    assert len(found["faces"][0]["hull"]) >= 3


def test_a_change_is_the_samplers(engine):
    sampler = engine.samplers["tiny"]
    size = sampler.image_size
    picture = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    label = np.eye(sampler.labels.size, dtype=np.float32)[1]
    shapes, content = engine.change("tiny", picture.tobytes() + label.tobytes())
    expected = sampler.change(picture, label)
    values = np.frombuffer(content, "<f4")
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        assert (values[:count].reshape(shape) == getattr(expected, name)[0]).all()
        values = values[count:]
    assert not len(values)


def test_requests_that_cannot_be_used(engine):
    with pytest.raises(UserError, match="no model 'other'; allowed: tiny"):
        engine.change("other", b"")
    with pytest.raises(UserError, match="a request of 3 bytes; allowed"):
        engine.change("tiny", b"abc")
    with pytest.raises(UserError, match="not a picture"):
        engine.faces(b"text")


def test_the_page_is_told_names_in_words_and_the_numbers_of_the_change(engine):
    known = settings.settings(engine.samplers, "python")
    assert known["models"]["tiny"]["names"] == engine.samplers["tiny"].labels.names
    assert known["change"]["slope"] == -0.75
    assert "compositeWithTrainedAlgorithmicMedia" in known["mark"]


def test_making_ready_leaves_what_is_missing_for_the_first_photo_to_say(engine):
    asked = []

    def without_a_file():
        asked.append("the face finder")
        raise UserError("the face landmarker is missing")

    starting = LocalEngine(engine.samplers, without_a_file)
    starting.warm_up()
    assert asked == ["the face finder"]
    with pytest.raises(UserError, match="landmarker is missing"):
        starting.faces(png(np.zeros((48, 48, 3), np.uint8)))
