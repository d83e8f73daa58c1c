"""Augmentation: both photos alike, reproducible, and nothing at all when it is switched off."""

import numpy as np
import pytest

from cdaae_jax.data.augmentation import Augmentation

ALL = slice(0, 8)


@pytest.fixture(scope="module")
def pictures():
    one = np.random.default_rng(0).integers(0, 200, (1, 8, 20, 20, 3), np.uint8)
    return np.concatenate([one, one])


def test_switched_off_it_changes_nothing(pictures):
    np.testing.assert_array_equal(Augmentation()(pictures, 0, 0, 8, ALL), pictures)


def test_both_photos_change_alike_and_pairs_differently(pictures):
    changed = Augmentation(shift=0.2, colour=0.3)(pictures, 0, 5, 8, ALL)
    assert changed.shape == pictures.shape and changed.dtype == np.uint8
    np.testing.assert_array_equal(changed[0], changed[1])
    assert (changed[0] != pictures[0]).any(axis=(1, 2, 3)).all()


def test_a_shift_moves_at_most_so_far_and_repeats_the_edge(pictures):
    changed = Augmentation(shift=0.1)(pictures, 1, 0, 8, ALL)[0]
    moves = set()
    for before, after in zip(pictures[0], changed, strict=True):
        padded = np.pad(before, ((2, 2), (2, 2), (0, 0)), mode="edge")
        found = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if np.array_equal(padded[down : down + 20, right : right + 20], after)
        ]
        assert len(found) == 1
        moves.add(found[0])
    assert len(moves) > 3


def test_colours_are_multiplied_within_bounds(pictures):
    changed = Augmentation(colour=0.2)(pictures, 2, 0, 8, ALL)[0].astype(float)
    sums, before = changed.sum(axis=(1, 2)), pictures[0].astype(float).sum(axis=(1, 2))
    gains = sums / before
    assert gains.shape == (8, 3) and (np.abs(gains - 1) < 0.21).all() and np.abs(gains - 1).max() > 0.1
    white = np.full_like(pictures, 255)
    assert Augmentation(colour=0.2)(white, 2, 0, 8, ALL).max() == 255  # and does not wrap around to dark
    assert Augmentation(colour=0.2)(white, 2, 0, 8, ALL).min() >= 203


def test_it_depends_on_seed_step_and_place_in_the_whole_batch_only(pictures):
    augment = Augmentation(shift=0.2, colour=0.3)
    whole = augment(pictures, 3, 4, 8, ALL)
    np.testing.assert_array_equal(augment(pictures, 3, 4, 8, ALL), whole)
    np.testing.assert_array_equal(augment(pictures[:, 4:], 3, 4, 8, slice(4, 8)), whole[:, 4:])
    assert (augment(pictures, 3, 5, 8, ALL) != whole).any() and (augment(pictures, 4, 4, 8, ALL) != whole).any()
