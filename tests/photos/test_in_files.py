"""Photos and folders edited beside the originals: names, what is kept and left out, strips and pairs."""

import errno
import io
import os
import pathlib

import numpy as np
import pytest
from PIL import Image, ImageSequence
from support import SPACE, make_face

from cdaae_jax.data.alignment import Geometry
from cdaae_jax.errors import UserError
from cdaae_jax.models.change import Change
from cdaae_jax.photos import editing, in_files, strips
from cdaae_jax.photos.request import Request
from cdaae_jax.provenance import SOURCE_TYPE


class Brighter:
    """A sampler's stand-in: the happier a face is to be, the brighter it becomes."""

    image_size = 32
    alignment = Geometry()
    labels = SPACE

    def change(self, pictures, label):
        happiness = SPACE.parse(label)[1]
        return Change(shift=np.full((len(pictures), 8, 8, 3), happiness, np.float32))

    def change_by(self, pictures, label, amount):
        return self.change(pictures, label), amount


class Finder:
    """Finds one face in every photo whose corner is not black."""

    def find(self, photo, most=20):
        width = photo.shape[1]
        return [make_face((0.4 * width, 50.0), (0.6 * width, 50.0))] if photo[0, 0].any() else []


@pytest.fixture
def sampler(monkeypatch):
    monkeypatch.setattr(editing, "shared_finder", Finder)
    return Brighter()


@pytest.fixture
def photos(tmp_path):
    """A folder with two photos, one without a face, one that is damaged, and a text."""
    folder = tmp_path / "photos"
    folder.mkdir()
    grey = np.random.default_rng(0).integers(90, 110, (120, 120, 3), np.uint8)
    Image.fromarray(grey).save(folder / "a.png")
    Image.fromarray(grey).save(folder / "b.jpg", quality=95)
    Image.new("RGB", (120, 120)).save(folder / "nobody.png")
    (folder / "damaged.jpg").write_bytes((folder / "b.jpg").read_bytes()[:700])
    (folder / "notes.txt").write_text("no photo")
    return folder


def opened(file):
    return Image.open(io.BytesIO(file.read_bytes()))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


ORIGINALS = ["a.png", "b.jpg", "damaged.jpg", "nobody.png", "notes.txt"]


def brightness(file):
    return np.asarray(opened(file).convert("RGB"), np.float32)[55:75, 50:70].mean()


def test_an_edit_lies_beside_the_photo(sampler, photos):
    before = (photos / "a.png").read_bytes()
    target = in_files.edit_photo(sampler, photos / "a.png", Request("happy=0.5"))
    assert target == photos / "a.happy-0.5.png" and (photos / "a.png").read_bytes() == before
    assert brightness(target) > brightness(photos / "a.png") + 10
    assert SOURCE_TYPE in opened(target).info["XML:com.adobe.xmp"]
    unmarked = in_files.edit_photo(sampler, photos / "a.png", Request("happy", mark=False), photos / "plain.png")
    assert "XML:com.adobe.xmp" not in opened(unmarked).info


def test_nothing_is_overwritten_unless_asked_for(sampler, photos):
    target = photos / "a.happy.png"
    target.write_bytes(b"somebody's")
    with pytest.raises(UserError, match="a.happy.png is there already; --overwrite replaces it"):
        in_files.edit_photo(sampler, photos / "a.png", Request("happy"))
    assert target.read_bytes() == b"somebody's"
    in_files.edit_photo(sampler, photos / "a.png", Request("happy", overwrite=True))
    assert opened(target).size == (120, 120)


def test_a_folder_is_done_but_for_what_cannot_be(sampler, photos, capsys):
    edited = in_files.edit_folder(sampler, photos, Request("happy"))
    assert str(edited) == "edited 2 photos; 2 could not be edited"
    assert names(photos) == sorted([*ORIGINALS, "a.happy.png", "b.happy.jpg"])
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and said[0].startswith("damaged.jpg is left out: ") and "nobody.png: no face" not in said[0]
    assert said[1].startswith("nobody.png is left out: no face was found")
    # Again: nothing is edited twice, and edits are not edited.
    again = in_files.edit_folder(sampler, photos, Request("happy"))
    assert (len(again.written), again.kept, len(again.failed)) == (0, 2, 2)
    assert "2 had theirs already, --overwrite makes them anew" in str(again)
    in_files.edit_folder(sampler, photos, Request("neutral", side_by_side=True))
    assert names(photos) == sorted(
        [*ORIGINALS, "a.happy.png", "b.happy.jpg", "a.neutral_side-by-side.png", "b.neutral_side-by-side.jpg"]
    )


def test_a_folder_may_be_written_elsewhere(sampler, photos, tmp_path):
    in_files.edit_folder(sampler, photos, Request("happy"), tmp_path / "new" / "out")
    assert names(tmp_path / "new" / "out") == ["a.happy.png", "b.happy.jpg"]
    assert names(photos) == ORIGINALS
    with pytest.raises(UserError, match="a.png is a file, but .* is a folder; name a folder"):
        in_files.edit_folder(sampler, photos, Request("happy"), photos / "a.png")


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_a_strip_goes_there_and_back(sampler, photos, ending):
    target = in_files.edit_photo(
        sampler, photos / "a.png", Request("neutral", to="happy", steps=4), photos / f"strip{ending}"
    )
    strip = opened(target)
    frames = [np.asarray(frame.convert("RGB"), np.float32) for frame in ImageSequence.Iterator(strip)]
    assert len(frames) == 6 and strip.info["loop"] == 0
    levels = [frame[55:75, 50:70].mean() for frame in frames]
    assert levels[0] < levels[1] < levels[2] < levels[3] > levels[4] > levels[5]
    assert all(np.abs(frame[:5] - frames[0][:5]).max() < 12 for frame in frames)
    mark = strip.info["comment"] if ending == ".gif" else strip.info["xmp"]
    assert SOURCE_TYPE.encode() in mark
    if ending == ".gif":  # away from the face not a single pixel flickers
        assert all((frame[:5] == frames[0][:5]).all() for frame in frames)


def test_a_large_photo_makes_a_strip_of_moderate_size(sampler, photos, monkeypatch):
    monkeypatch.setattr(strips, "LARGEST_SIDE", 60)
    target = in_files.edit_photo(sampler, photos / "b.jpg", Request("neutral", to="happy", steps=2))
    assert target.name == "b.neutral_to_happy.gif" and opened(target).size == (60, 60)
    first, second = (np.asarray(frame.convert("L"), int) for frame in ImageSequence.Iterator(opened(target)))
    assert (second - first)[28:36, 25:35].mean() > 10  # the face is where it was


def test_photos_of_one_name_make_two_strips(sampler, photos):
    opened(photos / "a.png").convert("RGB").save(photos / "a.jpg")
    in_files.edit_folder(sampler, photos, Request("neutral", to="happy", steps=2))
    assert {"a.neutral_to_happy.gif", "a.png.neutral_to_happy.gif"} < set(names(photos))
    assert in_files.edit_folder(sampler, photos, Request("neutral", to="happy", steps=2)).kept == 3


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_before_and_after_stand_side_by_side(sampler, photos, ending):
    photo = photos / {"png": "a.png", "jpg": "b.jpg"}[ending]
    target = in_files.edit_photo(sampler, photo, Request("happy", side_by_side=True))
    assert target.name == f"{photo.stem}.happy_side-by-side.{ending}"
    both = opened(target)
    assert both.size == (240, 120)
    left, right = (np.asarray(both.convert("RGB").crop((x, 0, x + 120, 120)), int) for x in (0, 120))
    assert np.abs(left - np.asarray(opened(photo))).mean() < 3
    assert (right - left)[55:75, 50:70].mean() > 10
    mark = both.info["XML:com.adobe.xmp"] if ending == "png" else both.info["xmp"].decode()
    assert SOURCE_TYPE in mark


@pytest.mark.parametrize(
    ("request_", "output", "message"),
    [
        (Request("hapy"), None, "unknown expression 'hapy'"),
        (Request("neutral", to="hapy"), None, "unknown expression 'hapy'"),
        (Request("happy", amount=2.0), None, "amount is 2; allowed: 0 to 1.5"),
        (Request("happy"), "me.jpg", "me.jpg cannot be written; its name must end in .png$"),
        (Request("neutral", to="happy"), "me.png", "must end in .gif or .webp"),
        (Request("happy", side_by_side=True), "me.gif", "must end in .png or .jpg or .jpeg or .webp"),
        (Request("happy", face=3), None, "face is 3, but .*a.png shows 1"),
    ],
)
def test_requests_that_cannot_be_met_write_nothing(sampler, photos, request_, output, message):
    with pytest.raises(UserError, match=message):
        in_files.edit_photo(sampler, photos / "a.png", request_, output and photos / output)
    assert names(photos) == ORIGINALS


def test_a_folder_without_photos_or_without_faces_is_refused(sampler, photos, tmp_path):
    with pytest.raises(UserError, match="new holds no photos; allowed: .jpg, "):
        (tmp_path / "new").mkdir()
        in_files.edit_folder(sampler, tmp_path / "new", Request("happy"))
    for file in ("a.png", "b.jpg"):
        (photos / file).unlink()
    with pytest.raises(UserError, match="none of the 2 photos in .* can be edited; they are named above"):
        in_files.edit_folder(sampler, photos, Request("happy"))


def test_a_full_disk_leaves_no_half_file_and_ends_a_folder(sampler, photos, monkeypatch):
    def full(self, content):
        with self.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pathlib.Path, "write_bytes", full)
    with pytest.raises(UserError, match="cannot write .*a.happy.png: No space left on device"):
        in_files.edit_folder(sampler, photos, Request("happy"))
    assert names(photos) == ORIGINALS
