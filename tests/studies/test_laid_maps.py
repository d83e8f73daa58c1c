"""The mean of true maps, laid by landmarks: faces that differ in their places alone get their own maps back."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from cdaae_jax.data.places import FILE, MEAN_FACE, SIDE
from cdaae_jax.errors import UserError
from cdaae_jax.models import change
from studies import laid_maps
from tests.studies.test_true_maps import drawn

OFFSETS = np.array([[0.05, 0.0], [0.0, -0.03]])  # of two faces, in sides


def faces():
    """Two faces of the same expression at two places."""
    smooth = np.random.default_rng(0).uniform(-0.2, 0.2, (1, 5, 5, 4)).astype(np.float32)
    on_mean = jnp.broadcast_to(change.enlarge(jnp.asarray(smooth), 64, 64), (2, 64, 64, 4))
    there = change.move(on_mean, jnp.broadcast_to(-OFFSETS[:, None, None], (2, 64, 64, 2)).astype(jnp.float32))
    flow, painted, shade = there[..., :2], there[..., 2:3], there[..., 3:]
    parts = dict(flow=flow, painted=painted, shade=shade, expression=("happy",) * 2)
    return dataclasses.replace(drawn(), **parts, file=("a_happy_100.npz", "b_happy_100.npz"))


def test_faces_that_differ_in_their_places_alone_get_their_own_maps_back():
    true, points = faces(), MEAN_FACE + OFFSETS[:, None]
    mean = laid_maps.mean_maps(true, points)
    made = laid_maps.laid(mean, true, points)
    inside = np.s_[:, 6:-6, 6:-6]
    for name in ("flow", "painted", "shade"):
        ours, theirs = getattr(made, name)[inside], getattr(true, name)[inside]
        np.testing.assert_allclose(ours, theirs, atol=0.02)
        elsewhere = getattr(laid_maps.laid(mean, true, points[::-1]), name)[inside]
        assert np.abs(elsewhere - theirs).mean() > 3 * np.abs(ours - theirs).mean()
    far = [float(one) for one in laid_maps.misses(true, made)]
    nothing = dataclasses.replace(true, flow=0 * true.flow, shade=0 * true.shade)
    assert all(ours < 0.2 * float(theirs) for ours, theirs in zip(far, laid_maps.misses(true, nothing), strict=True))


def test_landmarks_are_found_beside_the_pictures(tmp_path):
    np.savez(tmp_path / FILE, names=["a"], points=SIDE * MEAN_FACE[None])
    one = dataclasses.replace(faces(), file=("a_happy_100.npz",))
    np.testing.assert_allclose(laid_maps.landmarks(one, tmp_path), MEAN_FACE[None], atol=1e-6)
    with pytest.raises(UserError, match="there are no landmarks of b in a landmarks68.npz"):
        laid_maps.landmarks(faces(), tmp_path)
