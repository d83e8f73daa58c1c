"""What the device does to pairs: both pictures alike, nothing where nothing is asked for, and the true maps follow."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cdaae_jax.config import Data
from cdaae_jax.models.change import enlarge, move
from cdaae_jax.training import augmentation

KEYS = jax.random.split(jax.random.key(0), 6)


def smooth_pictures(count=6, side=64):
    grid = np.random.default_rng(0).uniform(-0.8, 0.8, (count, 6, 6, 3)).astype(np.float32)
    return jnp.clip(enlarge(jnp.asarray(grid), side, side), -0.9, 0.9)


def changed(pictures, **strengths):
    data = Data(**strengths)
    return augmentation.change(pictures, augmentation.draw(KEYS, data), KEYS, data)


def test_nothing_is_asked_for_and_nothing_happens():
    pictures = smooth_pictures()
    np.testing.assert_array_equal(changed(pictures), pictures)


@pytest.mark.parametrize("strengths", [{"light": 0.5}, {"camera": 0.5}, {"misalignment": 0.5}, {"proportions": 0.05}])
def test_each_strength_changes_pictures_and_the_same_keys_alike(strengths):
    pictures = smooth_pictures()
    once, again = changed(pictures, **strengths), changed(pictures, **strengths)
    np.testing.assert_array_equal(once, again)
    assert np.abs(once - pictures).max() > 0.02
    assert np.abs(once).max() <= 1.0


def test_small_strengths_change_little_and_keep_half_of_the_pairs_clean():
    pictures = smooth_pictures()
    by_camera = np.abs(changed(pictures, camera=1.0) - pictures).max(axis=(1, 2, 3))
    assert (by_camera < 1e-6).any() and (by_camera > 0.02).any()
    assert np.abs(changed(pictures, misalignment=0.02) - pictures).mean() < 0.05


def test_compression_keeps_pictures_that_need_no_detail():
    flat = jnp.full((6, 16, 16, 3), 0.25)
    step = jnp.full((6, 1, 1, 1, 1), 0.05)
    assert np.abs(augmentation._compress(flat, step) - flat).max() < 0.05
    pictures = smooth_pictures(side=32)
    np.testing.assert_allclose(augmentation._compress(pictures, 0.0 * step), pictures, atol=1e-5)


@pytest.mark.parametrize(
    "strengths", [{"misalignment": 0.1}, {"proportions": 0.05}, {"misalignment": 0.05, "proportions": 0.03}]
)
def test_maps_follow_the_pictures(strengths):
    source, data = smooth_pictures(), Data(**strengths)
    grid = np.random.default_rng(1).uniform(-0.03, 0.03, (6, 4, 4, 2)).astype(np.float32)
    flow = enlarge(jnp.asarray(grid), 64, 64)
    target = move(source, flow)
    what = augmentation.draw(KEYS, data)
    new_source, new_target = (augmentation.change(one, what, KEYS, data) for one in (source, target))
    maps = augmentation.change_maps(jnp.concatenate([flow, jnp.zeros((6, 64, 64, 2))], -1), what, data)
    inside = (slice(None), slice(12, -12), slice(12, -12))
    wrong = np.abs(move(new_source, flow) - new_target)[inside].mean()
    right = np.abs(move(new_source, maps[..., :2]) - new_target)[inside].mean()
    assert right < 0.002 and right < 0.1 * wrong


@pytest.mark.parametrize("strengths", [{"misalignment": 0.1}, {"proportions": 0.05}])
def test_places_follow_the_pictures(strengths):
    """A picture whose colours are the places of its points themselves has them after any movement."""
    data = Data(**strengths)
    grid = np.random.default_rng(1).uniform(-0.03, 0.03, (6, 4, 4, 2)).astype(np.float32)
    place = enlarge(jnp.asarray(grid), 64, 64)
    line = (jnp.arange(64) + 0.5) / 64
    points = jnp.stack(jnp.meshgrid(line, line), axis=-1)
    picture = jnp.concatenate([points + place, jnp.zeros((6, 64, 64, 1))], axis=-1)
    what = augmentation.draw(KEYS, data)
    new_picture = augmentation.change(picture, what, KEYS, data)
    new_place = augmentation.change_places(place, what, data)
    inside = (slice(None), slice(12, -12), slice(12, -12))
    np.testing.assert_allclose((points + new_place)[inside], new_picture[..., :2][inside], atol=1e-4)
    assert np.abs(new_place - place)[inside].max() > 0.01
    np.testing.assert_array_equal(augmentation.change_places(place, what, Data(light=1.0)), place)


def test_the_step_waits_for_none_of_its_own_threads():
    """LAPACK inside the step of two devices on a CPU can wait for ever for the threads that run the step."""
    data = Data(misalignment=0.1)
    step = jax.jit(lambda maps: augmentation.change_maps(maps, augmentation.draw(KEYS, data), data))
    assert "lapack" not in step.lower(jnp.zeros((6, 64, 64, 4))).as_text()
    assert "lapack" in jax.jit(jnp.linalg.inv).lower(jnp.eye(2)).as_text()
