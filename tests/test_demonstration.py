"""The demo: every expression of the drawn face, or of any photo through `edit_photo`, and one sheet."""

import pytest
from support import make_sampler

from cdaae_jax import demonstration, images, pretrained
from cdaae_jax.sampling import Sampler


@pytest.fixture(scope="module")
def sampler():
    return make_sampler()


def test_the_drawn_face(sampler, tmp_path):
    (edit,), sheet = demonstration.show(sampler, None, tmp_path / "demo")
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == [edit.name, sheet.name]
    assert (edit.name, sheet.name) == ("p000031.happy.jpg", "p000031.sheet.png")
    drawn, edited = images.read(demonstration.DRAWN), images.read(edit)
    assert edited.shape == drawn.shape == (512, 512, 3) and (edited != drawn).mean() > 0.5
    assert images.read(sheet).shape == (256, 514, 3)


def test_a_photo_of_ones_own_stays_as_it_is(sampler, tmp_path, monkeypatch):
    asked = []

    def edit_photo(self, photo, label):
        asked.append(label)
        return other

    monkeypatch.setattr(Sampler, "edit_photo", edit_photo, raising=False)
    content, other = ((pretrained.PORTRAITS / f"p0000{number}.jpg").read_bytes() for number in ("07", "23"))
    photo = tmp_path / "me.jpg"
    photo.write_bytes(content)
    (edit,), sheet = demonstration.show(sampler, photo, tmp_path / "demo")
    assert asked == ["happy"] and photo.read_bytes() == content and edit.read_bytes() == other
    assert (edit.name, sheet.name) == ("me.happy.jpg", "me.sheet.png")
