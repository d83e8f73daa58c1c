"""The sampling program on a trained checkpoint: a picture, a folder, a strip, and what it refuses at that point."""

import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from support import make_face, make_tiny_config

import cdaae_jax
from cdaae_jax import UserError, images
from cdaae_jax.cli import sample
from cdaae_jax.photos import editing


@pytest.fixture(scope="module")
def workdir(faces_manifest, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    cdaae_jax.train(make_tiny_config(), workdir, faces_manifest.parent)
    return workdir


@pytest.fixture
def photos(faces_folder, tmp_path):
    """A folder with two photos and something that is none."""
    folder = tmp_path / "photos"
    for name, person in (("a.png", "p1"), ("b.png", "p2")):
        images.write(folder / name, images.read(faces_folder / person / "neutral" / "photo.png"))
    (folder / "notes.txt").write_text("not a picture")
    return folder


@flagsaver.flagsaver
def call(workdir, **given):
    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()
    for name, value in {"checkpoint": str(workdir), "label": "happy", **given}.items():
        setattr(flags.FLAGS, name, value if isinstance(value, int | float) else str(value))
    sample.main()


def test_a_picture_a_folder_and_a_strip(workdir, photos, tmp_path):
    sampler = cdaae_jax.Sampler.from_checkpoint(workdir)
    expected = sampler.edit(images.read(photos / "a.png"), "happy")

    call(workdir, input=photos / "a.png", output=tmp_path / "new" / "happy.png")
    np.testing.assert_array_equal(images.read(tmp_path / "new" / "happy.png"), expected)

    call(workdir, input=photos, output=tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.png", "b.png"]
    assert np.abs(images.read(tmp_path / "out" / "a.png").astype(int) - expected).max() <= 1

    call(workdir, input=photos / "a.png", label="neutral", to="happy", steps=4, output=tmp_path / "strip.png")
    strip = images.read(tmp_path / "strip.png")
    assert strip.shape == (32, 4 * 34 - 2, 3)
    assert np.abs(strip[:, -32:].astype(int) - expected).max() <= 1


class Finder:
    """Finds a face in the middle of every photo."""

    def find(self, photo, most=20):
        return [make_face((19.0, 20.0), (29.0, 20.0))]


def test_a_photo_and_a_folder_of_photos(workdir, photos, monkeypatch, capsys):
    monkeypatch.setattr(editing, "shared_finder", Finder)
    call(workdir, photo=photos / "a.png", amount=0.5)
    (edited,) = photos.glob("a.*.png")
    assert edited.name == "a.happy_amount-0.5.png" and capsys.readouterr().out == f"{edited}\n"
    expected = cdaae_jax.Sampler.from_checkpoint(workdir).edit_photo(images.read(photos / "a.png"), "happy", 0.5)
    np.testing.assert_array_equal(images.read(edited), expected)
    call(workdir, photo=photos, face="0", side_by_side=True, no_mark=True)
    assert capsys.readouterr().out == "edited 2 photos\n"
    assert images.read(photos / "b.happy_face-0_side-by-side.png").shape == (48, 96, 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"label": "hapy"}, "unknown expression 'hapy'; this model knows happy"),
        ({"label": "happy=9"}, "happy=9 is out of range"),
        (
            {"checkpoint": "nowhere"},
            "there is no folder nowhere, and this copy of the package has no model of",
        ),
        ({"output": "happy.tiff"}, "names no picture; it must end in"),
        ({"input": "missing.png"}, "there is no picture missing.png"),
    ],
)
def test_nothing_is_written_when_something_is_wrong(workdir, photos, tmp_path, monkeypatch, given, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        call(workdir, **({"input": photos / "a.png", "output": "happy.png"} | given))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]


def test_one_bad_picture_in_a_folder_spoils_nothing(workdir, photos, tmp_path):
    images.write(photos / "c.png", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(UserError, match=r"c\.png is 8x8 px, smaller than the 32x32 px"):
        call(workdir, input=photos, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
