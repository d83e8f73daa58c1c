"""CREMA-D and RAVDESS, drawn: the frames that show a clip's expression, of videos and of extracted frames."""

import shutil

import numpy as np
import pytest

from cdaae_jax.data.building import peaks
from cdaae_jax.data.crema_d.crema_d_dataset_builder import CremaD, CremaDConfig
from cdaae_jax.data.ravdess.ravdess_dataset_builder import Ravdess, RavdessConfig
from cdaae_jax.errors import UserError
from cdaae_jax.faces.networks import BLENDSHAPE_NAMES

from .records import examples, left_out, report


def shapes(**amounts):
    return np.array([amounts.get(name, 0.0) for name in BLENDSHAPE_NAMES], np.float32)


def test_an_expression_is_scored_by_its_own_blendshapes():
    smile = shapes(mouthSmileLeft=0.8, mouthSmileRight=0.8)
    speaking = shapes(jawOpen=0.9, mouthFunnel=0.5)
    assert peaks.score("happy", smile) > peaks.score("happy", speaking) == 0
    assert peaks.score("neutral", shapes(eyeLookInLeft=0.9)) == 0 > peaks.score("neutral", smile)
    assert peaks.score("calm", smile) == peaks.score("neutral", smile)
    blinking = shapes(mouthSmileLeft=0.9, mouthSmileRight=0.9, eyeBlinkLeft=0.9, eyeBlinkRight=0.9)
    assert peaks.score("happy", blinking) < peaks.score("happy", speaking)


def test_the_strongest_frames_lie_apart_and_one_odd_frame_does_not_win():
    frames = list(range(3, 63, 3))
    scores = [1 - abs(n - 30) / 30 for n in frames]
    scores[-2] = 5.0
    assert peaks.strongest(frames, scores, 3, 6) == [24, 30, 36]
    assert peaks.strongest([3, 6], [0.0, 1.0], 3, 6) in ([3], [6])


def test_crema_d(build, drawn):
    built = build(CremaD, drawn("crema_d"), CremaDConfig(size=32))
    found = examples(built)
    assert len(found) == 2 * 5 * 3 and not left_out(built)
    frames = [found[f"1001_DFA_ANG_XX_{k}"]["frame"] for k in (1, 2, 3)]
    assert frames == sorted(frames) and 12 in frames and max(frames) - min(frames) >= 12
    # The calmest of a neutral clip is the darkest, at its beginning or end.
    assert min(found[f"1091_TIE_NEU_XX_{k}"]["frame"] for k in (1, 2, 3)) == 3
    weak = found["1091_IEO_HAP_LO_2"]
    assert (weak["subject"], weak["expression"], weak["intensity"], weak["amount"]) == (
        b"crema_d-1091",
        b"happy",
        b"low",
        0.5,
    )
    assert (weak["age"], weak["gender"]) == (29, b"female")


def test_crema_d_options(build, drawn):
    built = build(CremaD, drawn("crema_d"), CremaDConfig(size=32, frames=1, levels="full"))
    assert len(examples(built)) == 6 and report(built)["not_asked_for"] == {"levels=full": 4}


def test_videos_give_the_same_frames(build, drawn, tmp_path):
    pytest.importorskip("av", reason="needs PyAV: pip install 'cdaae_jax[video]'")
    found = examples(build(CremaD, drawn("crema_d", videos=True), CremaDConfig(size=32, frames=1)))
    assert len(found) == 10 and found["1001_IEO_HAP_HI_1"]["frame"] == 12


def test_videos_that_were_not_fetched_or_are_cut_are_listed(build, drawn):
    pytest.importorskip("av", reason="needs PyAV: pip install 'cdaae_jax[video]'")
    folder = drawn("crema_d", videos=True)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (folder / "VideoFlash" / "1001_DFA_ANG_XX.flv").write_text(pointer)
    cut = folder / "VideoFlash" / "1091_DFA_ANG_XX.flv"
    cut.write_bytes(cut.read_bytes()[:100])
    (folder / "VideoDemographics.csv").write_text("Actor,Years\n1,2\n")
    (folder / "VideoFlash" / "1099_DFA_ANG_XX.flv").write_bytes(b"0")
    (folder / "party.mp4").write_bytes(b"0")
    (folder / "README.md").write_text("of the repository")
    out = left_out(build(CremaD, folder, CremaDConfig(size=32, frames=1)))
    assert out["VideoFlash/1001_DFA_ANG_XX.flv"].endswith("run: git lfs pull")
    assert "1091_DFA_ANG_XX_1" in out and "cannot be read as a table" in out["VideoDemographics.csv"]
    assert out["1099_DFA_ANG_XX.flv"] == "the set has nobody of this number"
    assert out["party.mp4"].startswith("not named like") and len(out) == 5
    for file in folder.glob("VideoFlash/*.flv"):
        file.write_text(pointer)
    with pytest.raises(UserError, match="does not hold crema_d.*git lfs pull"):
        build(CremaD, folder, CremaDConfig(size=64, frames=1))


def test_ravdess(build, drawn):
    built = build(Ravdess, drawn("ravdess"), RavdessConfig(size=32))
    found = examples(built)
    assert len(found) == 2 * 3 * 3
    assert report(built)["not_asked_for"] == {"channel=speech": 2, "each performance once": 2}
    assert found["01-03-02-01-01-24_1"]["expression"] == b"happy"
    assert found["01-02-01-01-01-24_1"]["expression"] == b"calm"
    assert (found["01-01-01-01-01-01_1"]["gender"], found["01-01-01-01-01-01_1"]["amount"]) == (b"male", 1.0)
    song = examples(build(Ravdess, drawn("ravdess"), RavdessConfig(size=32, channel="song")))
    assert {(each["expression"], round(float(each["amount"]), 2)) for each in song.values()} == {(b"sad", 0.75)}


def test_clips_that_end_early_give_fewer_frames(build, drawn):
    folder = drawn("ravdess")
    short = folder / "Actor_01" / "02-01-03-02-01-01-01"
    for file in sorted(short.iterdir())[4:]:
        file.unlink()
    shutil.rmtree(folder / "Actor_01" / "01-01-03-02-01-01-01")
    built = build(Ravdess, folder, RavdessConfig(size=32))
    assert len(examples(built)) == 16
    assert left_out(built)["01-03-02-01-01-01_2"] == "the clip has too few frames with a face"
