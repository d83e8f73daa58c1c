"""A change of nothing gives the photo back, exactly."""

import jax
import jax.numpy as jnp
import numpy as np

from cdaae_jax import images
from cdaae_jax.models.change import recolour

GREYS = np.arange(256, dtype=np.uint8)


def test_a_shift_of_zero_returns_every_grey_level():
    photo = images.to_network(GREYS)
    np.testing.assert_array_equal(recolour(photo, jnp.zeros(256)), photo)
    np.testing.assert_array_equal(images.to_uint8(jax.jit(recolour)(photo, jnp.zeros(256))), GREYS)


def test_a_shift_is_added_before_the_tanh():
    photo, shift = jnp.linspace(-0.95, 0.95, 9), jnp.linspace(2.0, -2.0, 9)
    np.testing.assert_allclose(recolour(photo, shift), jnp.tanh(jnp.arctanh(photo) + shift), atol=1e-6)


def test_black_and_white_stay_finite_under_any_shift():
    photo, shift = jnp.array([-1.0, -1.0, 1.0, 1.0]), jnp.array([-90.0, 90.0, -90.0, 90.0])
    np.testing.assert_allclose(recolour(photo, shift), photo, atol=1e-6)
    assert np.isfinite(jax.grad(lambda s: recolour(photo, s).sum())(shift)).all()
