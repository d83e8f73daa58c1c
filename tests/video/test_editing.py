"""A face in a video is changed steadily, wherever it moves; where none is there, pictures stay."""

import numpy as np
import pytest
from support import SPACE, make_face

from cdaae_jax.data.alignment import Geometry
from cdaae_jax.errors import UserError
from cdaae_jax.models.change import Change
from cdaae_jax.photos import editing as photo_editing
from cdaae_jax.photos.request import Request
from cdaae_jax.provenance import SOURCE_TYPE
from cdaae_jax.video import editing, in_files

RATE = 25.0  # a frame sees three to each side
SIDES = (96, 160)


class Nervous:
    """A sampler's stand-in, whose changes are strong and weak in turn."""

    image_size = 32
    alignment = Geometry()
    labels = SPACE

    def __init__(self):
        self.calls = 0

    def change(self, picture, label):
        self.calls += 1
        return Change(shift=np.full((1, 8, 8, 3), 0.6 if self.calls % 2 else 0.4, np.float32))

    def change_by(self, picture, label, amount):
        return self.change(picture, label), amount


class Finder:
    """Knows where the face is in each frame, by the brightness of the frame."""

    def __init__(self, places):
        self.places = places

    def find(self, picture, most=20):
        x = self.places[int(picture[0, 0, 0]) - 50]
        return [] if x is None else [make_face((x, 30.0), (x + 20.0, 30.0))]

    def follow(self, picture, face):
        return next(iter(self.find(picture)), None)


def pictures(count):
    return [np.full((*SIDES, 3), 50 + i, np.uint8) for i in range(count)]


def strengths(places):
    """How much the middle of the face changes in each frame; everything far from it must stay."""
    frames = pictures(len(places))
    edited = list(editing.edited_frames(Nervous(), frames, RATE, Finder(places), SPACE.parse("happy")))
    assert len(edited) == len(frames)
    measured = []
    for before, (frame, after), x in zip(frames, edited, places, strict=True):
        assert frame.picture is before
        differs = after.astype(int) - before
        if x is None:
            measured.append(differs.max())
            continue
        assert not differs[:, int(x) + 60 :].any() and not differs[:, : max(0, int(x) - 40)].any()
        measured.append(differs[40, int(x) + 10, 0])
    return np.array(measured)


def test_a_moving_face_is_changed_steadily():
    places = [20.0 + 4 * i for i in range(9)]
    strength = strengths(places)
    assert strength.min() > 15
    assert np.ptp(strength - np.linspace(strength[0], strength[-1], 9)) < 6  # in turn they would be 15 apart


def test_a_face_comes_and_goes_slowly_and_is_left_alone_where_it_is_gone():
    strength = strengths([None] * 5 + [60.0] * 10 + [None] * 5)
    assert not strength[:6].any() and not strength[14:].any()  # from nothing, and to nothing
    assert (np.diff(strength[5:9]) > 0).all() and (np.diff(strength[11:15]) < 0).all()
    assert strength[8:12].min() > 40


def test_a_face_that_is_missed_in_one_frame_is_changed_there_too():
    places = [60.0] * 4 + [None] + [60.0] * 4
    assert strengths(places).min() > 15


@pytest.fixture
def clip_file(tmp_path):
    av = pytest.importorskip("av", reason="needs PyAV, the extra `video`")
    with av.open(str(tmp_path / "clip.mp4"), "w") as writer:
        video = writer.add_stream("libx264", rate=10, options={"crf": "1"})
        (video.height, video.width), video.pix_fmt = SIDES, "yuv420p"
        for picture in pictures(4):
            writer.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        writer.mux(video.encode(None))
    return tmp_path / "clip.mp4"


class Everywhere(Finder):
    """Finds a face at one place in every frame."""

    def find(self, picture, most=20):
        return [make_face((60.0, 30.0), (80.0, 30.0))]


def test_a_video_is_edited_beside_the_original_and_marked(clip_file, monkeypatch):
    import av

    monkeypatch.setattr(photo_editing, "shared_finder", lambda: Everywhere([]))
    monkeypatch.setattr(editing, "shared_finder", lambda: Everywhere([]))
    before = clip_file.read_bytes()
    target = in_files.edit_video(Nervous(), clip_file, Request("happy"))
    assert target == clip_file.with_name("clip.happy.mp4") and clip_file.read_bytes() == before
    with av.open(str(target)) as reader:
        assert SOURCE_TYPE in reader.metadata["comment"]
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in reader.decode(video=0)]
    assert len(frames) == 4
    assert all(frame[40, 70, 0] > frame[90, 150, 0] + 10 for frame in frames)
    assert SOURCE_TYPE.encode() in target.read_bytes()[-2000:]  # the XMP

    with pytest.raises(UserError, match="clip.happy.mp4 is there already; --overwrite replaces it"):
        in_files.edit_video(Nervous(), clip_file, Request("happy"))
    unmarked = in_files.edit_video(Nervous(), clip_file, Request("happy", mark=False, amount=0.5))
    assert unmarked.name == "clip.happy_amount-0.5.mp4" and SOURCE_TYPE.encode() not in unmarked.read_bytes()


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request("hapy"), "unknown expression 'hapy'"),
        (Request("happy", to="neutral"), "--to cannot be used with a video"),
        (Request("happy", side_by_side=True), "--side_by_side cannot be used with a video"),
        (Request("happy", face=0), "--face=0 cannot be used with a video; allowed: largest, all"),
        (Request("happy", amount=1.6), "amount is 1.6; allowed: 0 to 1.5"),
        (Request("happy"), "no face was found in .*clip.mp4"),
    ],
)
def test_videos_that_cannot_be_edited_leave_no_file(clip_file, monkeypatch, request_, message):
    monkeypatch.setattr(editing, "shared_finder", lambda: Finder([None] * 200))
    with pytest.raises(UserError, match=message):
        in_files.edit_video(Nervous(), clip_file, request_)
    assert [file.name for file in clip_file.parent.iterdir()] == ["clip.mp4"]
