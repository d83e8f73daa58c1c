"""A video made of another keeps its moments, its sound, its turn and its colours; what is no video is refused."""

import errno
from fractions import Fraction

import numpy as np
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.video import clip

av = pytest.importorskip("av", reason="needs PyAV, the extra `video`")

SIDES = (64, 48)
TICK = Fraction(1, 600)


def make(path, count=12, rotation=0, uneven=False):
    """Writes a short clip of a moving square, with a tone; its moments are uneven as a phone's are, if asked."""
    with av.open(str(path), "w") as writer:
        video = writer.add_stream("libx264", rate=25, options={"crf": "1"})
        (video.width, video.height), video.pix_fmt = SIDES, "yuv420p"
        video.codec_context.time_base = TICK
        for tag in ("colorspace", "color_range", "color_primaries", "color_trc"):
            setattr(video.codec_context, tag, 1)  # as high-definition video is
        if rotation:
            video.set_display_rotation(rotation)
        sound = writer.add_stream("aac", rate=48000)
        for i in range(count):
            picture = np.full((SIDES[1], SIDES[0], 3), (40, 90, 200), np.uint8)
            picture[:20, 2 * i : 2 * i + 20] = (220, 120, 60)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1)
            frame.pts, frame.time_base = 24 * i + (5 if uneven and i % 3 == 1 else 0), TICK
            writer.mux(video.encode(frame))
            tone = np.sin(np.arange(1920 * i, 1920 * (i + 1)) / 17).astype(np.float32)[None]
            heard = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            heard.rate, heard.pts, heard.time_base = 48000, 1920 * i, Fraction(1, 48000)
            writer.mux(sound.encode(heard))
        writer.mux(video.encode(None))
        writer.mux(sound.encode(None))
    return path


def seen(path):
    """Returns the moments in seconds, the pictures as they are stored, and the turn."""
    with av.open(str(path)) as reader:
        frames = list(reader.decode(video=0))
        moments = [round(float(frame.pts * frame.time_base), 2) for frame in frames]
        return moments, [frame.to_ndarray(format="rgb24") for frame in frames], frames[0].rotation


def heard(path):
    with av.open(str(path)) as reader:
        return [bytes(packet) for packet in reader.demux(reader.streams.audio)]


@pytest.mark.parametrize(
    ("name", "rotation", "uneven"), [("a.mp4", 0, True), ("a.mov", 90, False), ("a.mkv", 0, False)]
)
def test_moments_sound_turn_and_colours_stay(tmp_path, name, rotation, uneven):
    source, target = make(tmp_path / name, rotation=rotation, uneven=uneven), tmp_path / f"out.{name}"
    shapes = set()

    def edit(pictures, rate):
        assert rate == pytest.approx(25, rel=0.05)
        ahead = list(pictures)  # reading ahead is allowed
        shapes.update(picture.shape for picture in ahead)
        yield from (picture.copy() for picture in ahead)

    clip.rewrite(source, target, edit)
    assert shapes == {(64, 48, 3) if rotation else (48, 64, 3)}
    (moments, pictures, turn), (moments_before, pictures_before, turn_before) = seen(target), seen(source)
    assert moments == moments_before and turn == turn_before == rotation
    assert np.abs(np.array(pictures, int) - pictures_before).mean() < 3
    assert heard(target) == heard(source)
    with av.open(str(target)) as reader:
        assert reader.streams.video[0].codec_context.colorspace == 1


def test_what_is_edited_is_what_is_written(tmp_path):
    source, target = make(tmp_path / "a.mp4", rotation=90), tmp_path / "b.mp4"

    def paint(pictures, rate):
        for picture in pictures:
            picture = picture.copy()
            picture[:16] = 255  # the upper edge as one sees it
            yield picture

    clip.rewrite(source, target, paint)
    _, pictures, _ = seen(target)
    upright = np.rot90(pictures[3], 1)
    assert upright[:12].min() > 230 and upright[24:].max() < 230


def test_other_containers_become_matroska(tmp_path):
    assert clip.target_ending(tmp_path / "a.AVI") == ".mkv"
    assert clip.target_ending(tmp_path / "a.MP4") == ".MP4"


def never(pictures, rate):
    return iter(())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mp4", b"", "a.mp4 cannot be read as a video .*; give one that plays"),
        ("a.mp4", b"no video at all" * 50, "a.mp4 cannot be read as a video"),
        ("a.mp4", None, "a.mp4 cannot be read as a video .No such file"),
    ],
)
def test_what_is_no_video_is_refused_in_one_line(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UserError, match=message) as raised:
        clip.rewrite(tmp_path / name, tmp_path / "out.mp4", never)
    assert "\n" not in str(raised.value) and sorted(tmp_path.iterdir()) == before


def test_a_sound_alone_is_refused(tmp_path):
    with av.open(str(make(tmp_path / "a.mp4"))) as reader, av.open(str(tmp_path / "sound.mp4"), "w") as writer:
        sound = writer.add_stream_from_template(reader.streams.audio[0])
        for packet in reader.demux(audio=0):
            if packet.dts is not None:
                packet.stream = sound
                writer.mux(packet)
    with pytest.raises(UserError, match="sound.mp4 holds no moving pictures"):
        clip.rewrite(tmp_path / "sound.mp4", tmp_path / "out.mp4", never)


def test_a_failure_half_way_leaves_no_file_and_keeps_the_old_one(tmp_path):
    source = make(tmp_path / "a.mp4")
    (tmp_path / "out.mp4").write_bytes(b"an older edit")

    def full(pictures, rate):
        yield next(pictures)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match="out.mp4: No space left on device"):
        clip.rewrite(source, tmp_path / "out.mp4", full)
    assert (tmp_path / "out.mp4").read_bytes() == b"an older edit"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mp4", "out.mp4"]
