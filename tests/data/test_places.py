"""Places on the mean face: whose are known, where they are, mirrored with their pictures, and what is refused."""

import numpy as np
import pytest

from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import places
from cdaae_jax.data.places import GRID, MEAN_FACE, SIDE, Places
from cdaae_jax.errors import UserError
from cdaae_jax.models import lips


def load(folder):
    return datasets.load(Data(manifests=("faces.csv",)), folder, 32)


def with_landmarks(folder, **points):
    """Gives people landmarks, in sides of their photos."""
    np.savez(
        folder / "faces" / places.FILE, names=list(points), points=SIDE * np.array(list(points.values()), np.float32)
    )


def test_the_mean_face_is_on_the_mean_face():
    np.testing.assert_allclose(places.on_mean_face(MEAN_FACE), np.zeros((GRID, GRID, 2)), atol=1e-9)


def test_a_face_elsewhere_is_led_to_the_mean_face():
    found = places.on_mean_face(0.9 * (MEAN_FACE - 0.5) + [0.53, 0.5])
    line = (np.arange(GRID) + 0.5) / GRID
    x, y = np.meshgrid(line, line)
    np.testing.assert_allclose(found[..., 0], (x - 0.53) / 0.9 + 0.5 - x, atol=1e-6)
    np.testing.assert_allclose(found[..., 1], (y - 0.5) / 0.9 + 0.5 - y, atol=1e-6)


def mirror(points):
    return points * [-1, 1] + [1, 0]


def other_side():
    """Returns, for each landmark, the one that is its mirror image, and how far from its place that one is."""
    away = np.abs(mirror(MEAN_FACE)[:, None] - MEAN_FACE[None]).sum(axis=-1)
    return away.argmin(axis=1), away.min(axis=1)


def test_both_halves_of_the_mean_face_are_alike():
    other, away = other_side()
    assert sorted(other) == list(range(68))
    np.testing.assert_allclose(away, np.zeros(68), atol=0.0025)


def test_the_lips_of_the_mean_face_meet_in_the_line_of_the_atlas():
    point = 1 / 128
    np.testing.assert_allclose(MEAN_FACE[60:68, 1], np.full(8, lips.MEET), atol=point)
    np.testing.assert_allclose(MEAN_FACE[[48, 54], 0], [0.5 - lips.MOUTH, 0.5 + lips.MOUTH], atol=0.01 * point)


def test_places_are_known_of_all_pictures_of_people_with_landmarks(faces_copy):
    with_landmarks(faces_copy, p1=MEAN_FACE + [0.02, 0.0], p2=MEAN_FACE - [0.0, 0.01])
    dataset = load(faces_copy)
    rows = np.arange(len(dataset))
    found, known = Places(dataset)(rows, np.zeros(len(dataset), bool))
    assert found.dtype == np.float16
    for place, is_known, record in zip(found, known, dataset.records, strict=True):
        assert is_known == (record.subject in ("p1", "p2"))
        if is_known:
            there = {"p1": [-0.02, 0.0], "p2": [0.0, 0.01]}[record.subject]
            np.testing.assert_allclose(place, np.broadcast_to(there, place.shape), atol=1e-4)


def test_people_are_known_who_are_also_named_after_their_set(faces_copy):
    np.savez(faces_copy / places.FILE, names=["p1"], points=SIDE * MEAN_FACE[None])
    named = datasets.load(Data(manifests=("faces.csv",), separate_sets=True), faces_copy, 32)
    assert all(record.subject.startswith(".-") for record in named.records)
    with pytest.raises(UserError, match="nobody in the data has landmarks"):
        Places(named)  # this set has no folder of its own, and so no name that could be taken off
    with_landmarks(faces_copy, p1=MEAN_FACE)
    inside = datasets.load(Data(manifests=("faces",), separate_sets=True), faces_copy, 32)
    assert {record.subject for record in inside.records} == {f"faces-p{i}" for i in range(1, 5)}
    assert len(Places(inside).table) == 1


def test_a_mirrored_photo_has_mirrored_places(faces_copy):
    narrow = MEAN_FACE * [0.9, 1.0] + [0.03, 0.0]
    with_landmarks(faces_copy, p1=narrow)
    dataset = load(faces_copy)
    row = np.array([[record.subject for record in dataset.records].index("p1")])
    (mirrored,), _ = Places(dataset)(row, np.array([True]))
    np.testing.assert_allclose(mirrored, places.on_mean_face(mirror(narrow)[other_side()[0]]), atol=2e-3)


def test_data_without_landmarks_is_refused(faces_copy):
    with pytest.raises(UserError, match=r"config\.loss\.place_weight is not 0, but nobody in the data has landmarks"):
        Places(load(faces_copy))
    with_landmarks(faces_copy, somebody=MEAN_FACE)
    with pytest.raises(UserError, match="nobody in the data has landmarks"):
        Places(load(faces_copy))


@pytest.mark.parametrize("spoil", ["cut", "other points", "nan", "pickle"])
def test_landmarks_that_cannot_be_used_are_refused_by_name(faces_copy, spoil):
    file = faces_copy / "faces" / places.FILE
    points = MEAN_FACE[None] * (np.nan if spoil == "nan" else 1.0)
    names = np.array([object()]) if spoil == "pickle" else ["p1"]
    np.savez(file, names=names, points=points[:, :60] if spoil == "other points" else points)
    if spoil == "cut":
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(UserError, match="landmarks68.npz cannot be read as landmarks"):
        Places(load(faces_copy))
