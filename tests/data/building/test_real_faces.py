"""The networks that find faces, on drawn ones: where the eyes come to lie, and which frames of a clip are taken."""

import shutil

import drawn_sets
import numpy as np
import pytest
import tensorflow_datasets as tfds

from cdaae_jax.data.crema_d.crema_d_dataset_builder import CremaD, CremaDConfig
from cdaae_jax.data.rafd.rafd_dataset_builder import Rafd, RafdConfig

from .records import examples, left_out

SIDE = 160
PUPILS = [468, 473]


@pytest.fixture
def build(face_model, monkeypatch, tmp_path):
    monkeypatch.setenv("CDAAE_FACE_MODEL", str(face_model))

    def build(builder, folder, config):
        made = builder(data_dir=tmp_path / "tfds", config=config, workers=1)
        made.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=folder))
        return made

    return build


def test_eyes_lie_where_they_belong_also_where_more_is_shown(build, tmp_path):
    drawn_sets.rafd(tmp_path / "rafd", SIDE)
    for path in tmp_path.glob("rafd/*_left.jpg"):
        path.unlink()
    empty = tmp_path / "rafd" / "Rafd090_01_Caucasian_female_sad_frontal.jpg"
    drawn_sets.save(empty, np.full((SIDE, SIDE, 3), 90, np.uint8))
    for crop, x, y in ((1.0, 0.34, 0.38), (1.6, 0.4, 0.425)):
        built = build(Rafd, tmp_path / "rafd", RafdConfig(size=64, crop=crop, gazes="frontal"))
        found = examples(built)
        assert len(found) == 23 and left_out(built)["rafd090_01_sad_frontal"] == "no face was found"
        pupils = np.stack([each["landmarks"][PUPILS] for each in found.values()])
        np.testing.assert_allclose(np.median(pupils, axis=0), [[x, y], [1 - x, y]], atol=0.005)


def test_the_frames_of_a_clip_that_show_its_expression_are_taken(build, tmp_path):
    drawn_sets.crema_d(tmp_path / "crema_d", SIDE)
    for clip in tmp_path.glob("crema_d/VideoFlash/1091_*"):
        shutil.rmtree(clip)
    found = examples(build(CremaD, tmp_path / "crema_d", CremaDConfig(size=64, frames=1)))
    frames = {name[5:-2]: int(each["frame"]) for name, each in found.items()}
    # The expression grows to frame 12 of 24 and goes again.
    assert 9 <= frames["IEO_HAP_HI"] <= 15 and 9 <= frames["DFA_ANG_XX"] <= 15
    assert len(frames) == 5
