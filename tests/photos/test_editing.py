"""Whole photos edited: the right faces, the same kind of thing back, metadata kept and marked."""

import io
import pathlib
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms
from support import make_face

from cdaae_jax.data.alignment import Geometry
from cdaae_jax.errors import UserError
from cdaae_jax.faces import FaceFinder
from cdaae_jax.models.change import Change
from cdaae_jax.photos import editing
from cdaae_jax.provenance import SOURCE_TYPE, Credentials
from cdaae_jax.sampling import Sampler

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
EYES = [((30.0, 40.0), (62.0, 40.0)), ((150.0, 50.0), (170.0, 52.0))]


class Brighter:
    """A sampler's stand-in: whatever is asked for, all of the face becomes brighter."""

    image_size = 32
    alignment = Geometry()
    asked = ()

    def change(self, pictures, label):
        self.asked = pictures.shape, label
        return Change(shift=np.full((len(pictures), 8, 8, 3), 0.5, np.float32))

    def change_by(self, pictures, label, amount):
        return self.change(pictures, label), amount


class Finder:
    """Finds the faces at EYES, the largest first, in photos that are as high as it knows."""

    def find(self, photo, most=20):
        return [make_face(*eyes) for eyes in EYES][:most] if photo.shape[0] == 130 else []


@pytest.fixture
def sampler(monkeypatch):
    monkeypatch.setattr(editing, "shared_finder", Finder)
    return Brighter()


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(60, 140, (130, 220, 3), np.uint8)


def changed(one, other):
    """Whether the left and the right face differ, after it is checked that nothing else does."""
    differs = (np.asarray(one) != np.asarray(other)).reshape(130, 220, -1).any(axis=-1)
    assert not differs[:, 100:125].any() and not differs[:, 205:].any()
    return bool(differs[:, :100].any()), bool(differs[:, 125:].any())


@pytest.mark.parametrize(
    ("which", "expected"),
    [("largest", (True, False)), ("all", (True, True)), (0, (True, False)), (1, (False, True))],
)
def test_the_faces_that_are_asked_for_change_and_no_others(sampler, photo, which, expected):
    edited = editing.edit_photo(sampler, photo, "happy", face=which)
    assert changed(edited, photo) == expected
    assert sampler.asked == ((sum(expected), 32, 32, 3), "happy")


def test_all_is_each_one_alone(sampler, photo):
    both = editing.edit_photo(sampler, photo, "happy", face="all")
    one = editing.edit_photo(sampler, photo, "happy", face=1)
    np.testing.assert_array_equal(both[:, 110:], one[:, 110:])


def test_amount_0_gives_the_photo_back(sampler, photo):
    np.testing.assert_array_equal(editing.edit_photo(sampler, photo, "happy", amount=0), photo)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"face": 2}, "face is 2, but the photo shows 2; allowed: 0 to 1"),
        ({"face": "left"}, "face is 'left'; allowed: 'largest', 'all' or a number"),
        ({"face": -1}, "face is -1; allowed"),
        ({"face": True}, "face is True; allowed"),
        ({"amount": 2.0}, "amount is 2; allowed: 0 to 1.5"),
        ({"mark": Credentials("a", "b")}, "only files can be signed"),
    ],
)
def test_what_cannot_be_asked_for(sampler, photo, options, message):
    with pytest.raises(UserError, match=message):
        editing.edit_photo(sampler, photo, "happy", **options)


def test_a_photo_without_a_face_is_refused_and_nothing_is_written(sampler, photo, tmp_path):
    path = tmp_path / "me.png"
    Image.fromarray(photo[:100]).save(path)
    with pytest.raises(UserError, match="no face was found in .*me.png; give a photo"):
        editing.edit_photo(sampler, path, "happy")
    assert list(tmp_path.iterdir()) == [path]


def test_a_small_face_is_edited_with_a_warning(sampler, photo, caplog, monkeypatch):
    editing.edit_photo(sampler, photo, "happy", face=0)
    assert not caplog.records
    editing.edit_photo(sampler, photo, "happy", face=1)  # its box is 50 pixels high
    assert not caplog.records

    class Small(Finder):
        def find(self, photo, most=20):
            return [make_face((150.0, 50.0), (165.0, 50.0))]

    (face,) = editing.chosen_faces(Small(), photo, "largest")
    assert "a face in the photo is only 37 pixels large" in caplog.text and face.size < 48


def with_metadata():
    """EXIF with an artist and orientation 6."""
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "Somebody"
    return exif.tobytes()


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_a_file_comes_back_with_its_metadata_and_a_mark(sampler, photo, name):
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(photo)))  # lies on its side, as phones write it
    file = io.BytesIO()
    options = {"lossless": True} if name == "WEBP" else {}
    stored.save(file, name, exif=with_metadata(), icc_profile=PROFILE, **options)
    edited = Image.open(io.BytesIO(editing.edit_photo(sampler, file.getvalue(), "happy")))
    assert edited.format == name and edited.size == stored.size and edited.mode == "RGB"
    assert edited.info["icc_profile"] == PROFILE
    assert edited.getexif()[0x013B] == "Somebody" and edited.getexif()[0x0112] == 6
    xmp = edited.info["xmp"] if name != "PNG" else edited.info["XML:com.adobe.xmp"].encode()
    assert SOURCE_TYPE.encode() in xmp
    if name != "JPEG":
        assert changed(np.rot90(np.asarray(edited), 3), photo) == (True, False)

    plain = Image.open(io.BytesIO(editing.edit_photo(sampler, file.getvalue(), "happy", mark=False)))
    assert not {"xmp", "XML:com.adobe.xmp"} & set(plain.info)
    np.testing.assert_array_equal(plain, edited)


def test_a_jpeg_keeps_its_iptc_block_and_not_the_thumbnail_beside_it(sampler, photo):
    caption = b"\x1c\x02\x78\x00\x05Maria"
    resources = b"".join(
        struct.pack(">4sHHI", b"8BIM", code, 0, len(content)) + content
        for code, content in ((0x040C, b"the face before!"), (0x0404, caption))
    )
    content = b"Photoshop 3.0\0" + resources
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", extra=struct.pack(">HH", 0xFFED, 2 + len(content)) + content)
    stored = Image.open(io.BytesIO(file.getvalue()))
    assert set(stored.info["photoshop"]) == {0x0404, 0x040C}

    made = editing.edit_photo(sampler, file.getvalue(), "happy")
    edited = Image.open(io.BytesIO(made))
    assert edited.info["photoshop"] == {0x0404: caption} and SOURCE_TYPE.encode() in edited.info["xmp"]
    assert b"the face before" not in made
    assert editing.edit_photo(sampler, stored, "happy").info["photoshop"] == {0x0404: caption}


def test_a_png_keeps_its_texts_and_its_own_xmp(sampler, photo):
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("Software", "a camera")
    texts.add_itxt("Title", "Müller", lang="de")
    texts.add_text("Raw profile type exif", "the thumbnail, in letters")
    own = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:my="http://example.org/" my:own="kept"/></rdf:RDF></x:xmpmeta>'
    )
    texts.add_itxt("XML:com.adobe.xmp", own)
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "PNG", pnginfo=texts)
    edited = Image.open(io.BytesIO(editing.edit_photo(sampler, file.getvalue(), "happy")))
    assert edited.text["Software"] == "a camera" and edited.text["Title"] == "Müller"
    assert "Raw profile type exif" not in edited.text
    assert 'my:own="kept"' in edited.text["XML:com.adobe.xmp"] and SOURCE_TYPE in edited.text["XML:com.adobe.xmp"]


def test_a_path_gives_a_new_file_beside_it_and_never_overwrites(sampler, photo, tmp_path):
    path = tmp_path / "me.png"
    Image.fromarray(photo).save(path)
    before = path.read_bytes()
    written = editing.edit_photo(sampler, path, "happy")
    assert written == tmp_path / "me.happy.png" and path.read_bytes() == before
    assert changed(Image.open(written), photo) == (True, False)
    with pytest.raises(UserError, match="me.happy.png is there already"):
        editing.edit_photo(sampler, path, "happy")
    mixed = editing.edit_photo(sampler, str(path), {"happy": 0.7, "sad": 0.3})
    assert mixed == str(tmp_path / "me.happy-0.7_sad-0.3.png")
    other = editing.edit_photo(sampler, path, "happy", amount=0.5, face="all")
    assert other == tmp_path / "me.happy_amount-0.5_face-all.png" and other.exists()


def test_a_picture_comes_back_as_a_picture(sampler, photo):
    picture = Image.fromarray(photo).convert("RGBA")
    picture.putalpha(Image.fromarray(photo[..., 0]))
    picture.info["icc_profile"] = b"a profile"
    edited = editing.edit_photo(sampler, picture, "happy")
    assert edited.mode == "RGBA" and edited.info["icc_profile"] == b"a profile"
    assert SOURCE_TYPE.encode() in edited.info["xmp"]
    np.testing.assert_array_equal(edited.getchannel("A"), photo[..., 0])
    assert changed(edited, picture) == (True, False)


def test_grey_stays_grey(sampler, photo):
    edited = editing.edit_photo(sampler, photo[..., 0], "happy")
    assert edited.shape == photo.shape[:2] and changed(edited, photo[..., 0]) == (True, False)


def test_a_format_without_a_place_for_the_mark_says_so(sampler, photo, caplog):
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "BMP")
    edited = Image.open(io.BytesIO(editing.edit_photo(sampler, file.getvalue(), "happy")))
    assert edited.format == "BMP" and changed(edited, photo) == (True, False)
    assert "is a BMP file, which cannot say that it was edited" in caplog.text


def test_the_geometry_is_that_of_the_checkpoint():
    bare = Sampler(None, None, None, 64, 128, {})
    assert bare.alignment == Geometry(0.34, 0.66, 0.38)
    other = {"alignment": {"left_eye_x": 0.3, "right_eye_x": 0.7, "eyes_y": 0.4}}
    assert Sampler(None, None, None, 64, 128, other).alignment == Geometry(0.3, 0.7, 0.4)


def test_the_face_is_cropped_as_in_the_training_set(london_data, face_model):
    """Whole photos, aligned by the faces that are found, are the aligned pictures of the set."""
    finder = FaceFinder.load(face_model)
    for file in sorted((london_data / "frl_london" / "raw_sample").glob("*_neutral.jpg"))[:3]:
        pixels = np.asarray(Image.open(file))
        (face,) = finder.find(pixels, most=1)
        made = editing.aligned_face(pixels, face, 128, Geometry())
        reference = Image.open(london_data / "frl_london" / "aligned" / file.name).resize((128, 128))
        assert np.abs(made.astype(int) - np.asarray(reference)).mean() < 8, pathlib.Path(file).name
