"""Photos laid over a person's neutral one: the similarity, the pixels that follow it, and what is refused."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from cdaae_jax import images
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import registration
from cdaae_jax.errors import UserError

SIDE = 48
REGISTERED = Data(manifests=("faces.csv",), registered=True)


def write_landmarks(folder, shift_of_happy=(0.0, 0.0), leave_out=""):
    """Gives every picture of the test's folder the same landmarks, and the happy ones shifted ones."""
    points = np.random.default_rng(0).uniform(5, SIDE - 5, (478, 2))
    files = sorted((folder / "faces").glob("*/*/photo.png"))
    names = [file.relative_to(folder).with_suffix("").as_posix() for file in files]
    names = [name for name in names if name != leave_out]
    all_points = np.stack([points + np.array(shift_of_happy) * ("happy" in name) for name in names])
    np.savez(folder / registration.FILE, names=np.array(names), mediapipe478=all_points.astype(np.float32))


def load(folder, data):
    dataset = datasets.load(data, folder, 32)
    return {tuple(record.name.split("/")[-3:-1]): record.load() for record in dataset.records}


def test_a_similarity_is_found_again():
    random = np.random.default_rng(1)
    start = random.uniform(0, 100, (14, 2))
    turn, size = 0.2, 1.1
    matrix = np.array([[np.cos(turn), -np.sin(turn), 3 / size], [np.sin(turn), np.cos(turn), -5 / size]]) * size
    end = start @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(registration.similarity(start, end), matrix, atol=1e-9)


def test_a_photo_whose_head_moved_is_moved_back(faces_copy):
    write_landmarks(faces_copy, shift_of_happy=(4, 2))
    plain, moved = (load(faces_copy, dataclasses.replace(REGISTERED, registered=on)) for on in (False, True))
    np.testing.assert_array_equal(moved["p1", "neutral"], plain["p1", "neutral"])
    np.testing.assert_allclose(moved["p1", "surprised"].astype(int), plain["p1", "surprised"], atol=1)
    # What lay 4 pixels to the right and 2 down is back in its place; beyond the edge the last pixels go on.
    np.testing.assert_allclose(moved["p1", "happy"][:-2, :-4].astype(int), plain["p1", "happy"][2:, 4:], atol=1)
    np.testing.assert_allclose(moved["p1", "happy"][-1, -1].astype(int), plain["p1", "happy"][-1, -1], atol=1)


def test_a_registered_set_is_another_set(faces_copy):
    write_landmarks(faces_copy)
    prints = {
        datasets.load(dataclasses.replace(REGISTERED, registered=on), faces_copy, 32).fingerprint for on in (0, 1)
    }
    assert len(prints) == 2


def test_photos_of_different_sizes_are_laid_over_each_other(faces_copy):
    write_landmarks(faces_copy, shift_of_happy=(4, 2))
    before = load(faces_copy, REGISTERED)["p1", "happy"]
    neutral = faces_copy / "faces" / "p1" / "neutral" / "photo.png"
    with Image.open(neutral) as picture:  # twice as wide, of which the middle is what is used, and twice as large
        large = np.pad(np.asarray(picture.resize((2 * SIDE, 2 * SIDE))), ((0, 0), (SIDE, SIDE), (0, 0)))
    Image.fromarray(large).save(neutral)
    with np.load(faces_copy / registration.FILE) as archive:
        names, points = archive["names"], archive["mediapipe478"]
    points[names == "faces/p1/neutral/photo"] = points[names == "faces/p1/neutral/photo"] * 2 + [SIDE, 0]
    np.savez(faces_copy / registration.FILE, names=names, mediapipe478=points)
    np.testing.assert_allclose(load(faces_copy, REGISTERED)["p1", "happy"].astype(int), before, atol=1)


def test_a_picture_that_lies_on_its_side_has_its_own_size(tmp_path):
    orientation = Image.Exif()
    orientation[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=orientation)
    Image.new("RGB", (30, 20)).save(tmp_path / "plain.jpg")
    sizes = [images.size_of(tmp_path / f"{name}.jpg") for name in ("turned", "plain")]
    assert sizes == [images.read(tmp_path / f"{name}.jpg").shape[1::-1] for name in ("turned", "plain")]
    assert sizes == [(20, 30), (30, 20)]


def test_a_photo_that_the_landmarks_lack_is_refused(faces_copy):
    write_landmarks(faces_copy, leave_out="faces/p1/happy/photo")
    with pytest.raises(UserError, match="has no landmarks of faces/p1/happy/photo"):
        load(faces_copy, REGISTERED)


def test_a_damaged_file_is_named(faces_copy):
    (faces_copy / registration.FILE).write_bytes(b"PK nothing")
    with pytest.raises(UserError, match="landmarks.npz cannot be read as landmarks"):
        load(faces_copy, REGISTERED)
