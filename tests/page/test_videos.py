"""The page's video: taken, made, handed back, and gone."""

import errno
import io
import pathlib
import threading
import time

import numpy as np
import pytest
from page_visits import pixels
from support import make_face, make_sampler

from cdaae_jax.errors import UserError
from cdaae_jax.page import videos
from cdaae_jax.page.videos import Videos
from cdaae_jax.provenance import SOURCE_TYPE
from cdaae_jax.video import editing
from cdaae_jax.video.clip import ENCODERS

LABEL = b'{"number": 1, "model": "tiny", "label": {"happy": 1}}'


class Finder:
    """Sees one face at the same place in every frame, or none."""

    def __init__(self, faces=1):
        self.faces = [make_face((60.0, 30.0), (80.0, 30.0))] * faces

    def find(self, picture, most=20):
        return self.faces

    def follow(self, picture, face):
        return self.faces[0] if self.faces else None


@pytest.fixture
def clip() -> bytes:
    """Four frames of noise, as a file."""
    av = pytest.importorskip("av", reason="needs PyAV, the extra `video`")
    file, random = io.BytesIO(), np.random.default_rng(0)
    with av.open(file, "w", format="mp4") as writer:
        video = writer.add_stream("libx264", rate=10, options={"crf": "1"})
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        for _ in range(4):
            picture = random.integers(90, 160, (96, 160, 3), np.uint8)
            writer.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        writer.mux(video.encode(None))
    return file.getvalue()


@pytest.fixture
def held():
    one = Videos({"tiny": make_sampler()}, Finder)
    yield one
    one.close()


def take(held, content, name="me.mp4"):
    return held.take(name, io.BytesIO(content), len(content))


def end_of(held) -> dict:
    while held.progress()["state"] == "making":
        time.sleep(0.02)
    return held.progress()


def test_a_video_is_made_as_the_program_in_the_shell_makes_it(held, clip, tmp_path, monkeypatch):
    # With several threads libx264 does not always make the same bytes of the same pictures on a busy machine.
    encoder, options = ENCODERS[".mp4"]
    monkeypatch.setitem(ENCODERS, ".mp4", (encoder, options | {"threads": "1"}))
    told = take(held, clip)
    assert told == {"number": 1, "frames": 4, "seconds": pytest.approx(0.4, abs=0.05), "ending": "mp4"}
    assert pixels(held.first_frame()).shape == (96, 160, 3)
    with pytest.raises(UserError, match="no edited video yet"):
        held.result()
    held.start(LABEL)
    assert end_of(held) == {"state": "made", "done": 4, "of": 4}
    (tmp_path / "me.mp4").write_bytes(clip)
    editing.edit_video(make_sampler(), tmp_path / "me.mp4", tmp_path / "edited.mp4", {"happy": 1.0}, finder=Finder())
    made = held.result().read_bytes()
    assert made == (tmp_path / "edited.mp4").read_bytes() and SOURCE_TYPE.encode() in made


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("me.txt", b"text", "me.txt is no video by its name; allowed: .mp4"),
        ("me.mp4", b"text", "^me.mp4 cannot be read as a video"),
        ("../../me.mp4", b"", "cannot be read as a video"),
    ],
)
def test_what_is_no_video_is_refused_by_the_name_that_the_person_gave_it(held, name, content, message):
    pytest.importorskip("av", reason="needs PyAV, the extra `video`")
    with pytest.raises(UserError, match=message):
        take(held, content, name)
    assert not list(pathlib.Path(held._folder.name).iterdir())
    with pytest.raises(UserError, match="there is no video"):
        held.first_frame()


def test_a_video_that_does_not_come_whole_is_refused(held):
    with pytest.raises(UserError, match="did not come whole"):
        held.take("me.mp4", io.BytesIO(b"half"), 8)
    assert not list(pathlib.Path(held._folder.name).iterdir())


def test_a_full_disk_is_said_when_all_has_been_sent(held, monkeypatch):
    def full(path, mode):
        raise OSError(errno.ENOSPC, "No space left on device")

    sent = io.BytesIO(b"video")
    monkeypatch.setattr(pathlib.Path, "open", full)
    with pytest.raises(UserError, match=r"cannot be kept \(No space left on device\); make room"):
        held.take("me.mp4", sent, 5)
    assert sent.tell() == 5


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (b"text", "no request for a video"),
        (b'{"number": 1}', "no request for a video"),
        (LABEL.replace(b"tiny", b"other"), "no model 'other'; allowed: tiny"),
        (LABEL.replace(b"happy", b"hapy"), "unknown expression 'hapy'"),
        (LABEL.replace(b"1,", b"7,", 1), "holds another video by now"),
    ],
)
def test_requests_that_cannot_be_used(held, clip, request_, message):
    take(held, clip)
    with pytest.raises(UserError, match=message):
        held.start(request_)
    assert held.progress()["state"] == "waiting"


def test_a_video_without_a_face_says_so(clip):
    held = Videos({"tiny": make_sampler()}, lambda: Finder(faces=0))
    take(held, clip)
    held.start(LABEL)
    ended = end_of(held)
    assert ended["state"] == "failed" and ended["error"].startswith("no face was found in the video; give")
    held.close()


def test_stopped_work_ends_and_meanwhile_no_other_video_is_taken(held, clip, monkeypatch):
    working = threading.Event()

    def endless(sampler, source, target, label, finder, on_frame):
        while True:
            on_frame()
            working.set()
            time.sleep(0.01)

    monkeypatch.setattr(videos.editing, "edit_video", endless)
    take(held, clip)
    held.start(LABEL)
    assert working.wait(10)
    with pytest.raises(UserError, match="a video is being made"):
        held.start(LABEL)
    with pytest.raises(UserError, match="a video is being made"):
        take(held, clip)
    assert held.first_frame()  # the first one is still there
    held.stop()
    assert held.progress()["state"] == "stopped"
    assert take(held, clip)["number"] == 2


def test_at_the_end_nothing_is_left(clip):
    held = Videos({"tiny": make_sampler()}, Finder)
    take(held, clip)
    folder = pathlib.Path(held._folder.name)
    assert list(folder.iterdir())
    held.close()
    assert not folder.exists()
