"""A change made to the face in a photo: at the right place, turned with the face, and nowhere else."""

import numpy as np
import pytest
from support import make_face

from cdaae_jax.data.alignment import Geometry, crop
from cdaae_jax.models.change import Change
from cdaae_jax.photos import region

FACE = make_face((90.0, 80.0), (122.0, 80.0))  # an aligned square of 100 pixels, its corner at (56, 42)


def waves(height, width):
    """A photo in which every pixel's neighbourhood is its own, but smooth enough to be sampled twice."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    parts = [np.sin(x / 9.0) + np.cos(y / 11.0), np.sin((x + y) / 13.0), np.cos((x - 2 * y) / 17.0)]
    return np.stack([128 + 55 * part for part in parts], axis=-1).astype(np.uint8)


def smooth_change():
    """Moves, darkens and paints around the middle, each a little."""
    at = (np.arange(16) + 0.5) / 16
    x, y = np.meshgrid(at, at)
    bump = np.exp(-((x - 0.5) ** 2 + (y - 0.55) ** 2) / 0.02)[None, ..., None]
    flow = bump * np.array([0.03, -0.02])
    paint = 0 * bump + np.array([0.5, -0.5, 0.0])
    return Change(*(part.astype(np.float32) for part in (flow, -0.33 * bump * np.ones(3), 0.4 * bump, paint)))


def test_placement_takes_the_pupils_where_the_training_set_had_them():
    matrix = region.placement(FACE)
    np.testing.assert_allclose(matrix @ [0.34, 0.38, 1], (90, 80), atol=1e-5)
    np.testing.assert_allclose(matrix @ [0.66, 0.38, 1], (122, 80), atol=1e-5)
    other = region.placement(FACE, Geometry(0.3, 0.7, 0.5))
    np.testing.assert_allclose(other @ [0.7, 0.5, 1], (122, 80), atol=1e-5)


def test_the_window_is_whole_on_the_face_and_nothing_at_the_border():
    matrix = region.placement(FACE)
    window = region.window(FACE.hull, matrix)
    assert window.min() == 0 and window.max() == 1
    assert not np.concatenate([window[[0, -1]], window[:, [0, -1]].T]).any()
    for x, y in ((0.34, 0.38), (0.66, 0.38), (0.5, 0.7), (0.5, 0.84)):  # eyes, mouth, chin
        assert window[int(y * 128), int(x * 128)] > 0.95
    # A jaw that drops by 0.07 does not fold the neck: the flow's slope stays under 1.
    assert np.abs(np.diff(window[:, 64])[64:]).max() * 128 * 0.07 < 0.8
    small = make_face((98.0, 80.0), (114.0, 80.0))
    assert region.window(small.hull, matrix)[:, 106:].max() == 0


def test_outside_the_square_every_pixel_stays_and_nothing_changes_nothing():
    photo = waves(200, 260)
    changed = region.apply_to_face(photo, smooth_change(), FACE)
    differs = (changed != photo).any(axis=-1)
    rows, columns = np.nonzero(differs)
    assert differs.sum() > 500
    assert 42 <= rows.min() and rows.max() < 142 and 56 <= columns.min() and columns.max() < 156
    nothing = Change(*(np.zeros_like(field) for field in vars(smooth_change()).values()))
    np.testing.assert_array_equal(region.apply_to_face(photo, nothing, FACE), photo)
    np.testing.assert_array_equal(region.apply_to_face(photo, smooth_change(), FACE, amount=0.0), photo)


@pytest.mark.parametrize("degrees", [0, 35, 90, 180, 250])
def test_in_the_photo_happens_what_happens_in_the_aligned_crop(degrees):
    """The crop of the changed photo is the changed crop, however the face is turned."""
    turn = 150 * np.exp(1j * np.radians(degrees))
    middle = 200 + 200j
    right, left = middle + turn * (-0.16 - 0.12j), middle + turn * (0.16 - 0.12j)
    face = make_face((right.real, right.imag), (left.real, left.imag))
    photo = waves(400, 400)
    change = smooth_change()
    matrix = region.placement(face) @ np.diag([1 / 150, 1 / 150, 1])
    changed = crop(region.apply_to_face(photo, change, face, amount=0.8), matrix, 150)
    expected = change.apply(crop(photo, matrix, 150), 0.8)
    wrong = np.abs(changed.astype(int) - expected)[20:-20, 20:-20]
    moved = np.abs(expected.astype(int) - crop(photo, matrix, 150))[20:-20, 20:-20]
    assert moved.max() > 30
    assert wrong.mean() < 0.5 and wrong.max() < 12


def test_parts_meet_without_a_seam(monkeypatch):
    photo = waves(300, 300)
    face = make_face((110.0, 120.0), (190.0, 125.0))
    whole = region.apply_to_face(photo, smooth_change(), face)
    monkeypatch.setattr(region, "LARGEST_SIDE", 160)
    parts = region.apply_to_face(photo, smooth_change(), face)
    assert (whole != photo).any()
    assert np.abs(whole.astype(int) - parts).max() <= 2


def test_a_face_at_the_edge_of_the_photo():
    photo = waves(120, 120)
    face = make_face((4.0, 30.0), (50.0, 34.0))
    changed = region.apply_to_face(photo, smooth_change(), face)
    assert changed.shape == photo.shape and (changed != photo).any()
    np.testing.assert_array_equal(changed[:, 115:], photo[:, 115:])


def test_few_sizes_are_compiled():
    sizes = {region._side(needed) for needed in range(1, 2049)}
    assert len(sizes) <= 24 and max(sizes) == 2048
    assert all(needed <= region._side(needed) <= max(64, 1.26 * needed) for needed in range(1, 2049))
