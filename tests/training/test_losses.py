"""Losses at points where their values are known."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from cdaae_jax.training import losses


def test_reconstruction_is_element_wise():
    output, target = jnp.array([1.0, -2.0]), jnp.array([0.0, 1.0])
    np.testing.assert_allclose(losses.RECONSTRUCTION["l1"](output, target), [1.0, 3.0])
    np.testing.assert_allclose(losses.RECONSTRUCTION["l2"](output, target), [1.0, 9.0])


@pytest.mark.parametrize("name", ["l1", "l2", "smooth_l1"])
def test_reconstruction_refuses_to_broadcast(name):
    with pytest.raises(ValueError, match="same shape"):
        losses.RECONSTRUCTION[name](jnp.zeros((2, 1)), jnp.zeros((2,)))


def test_smooth_l1_is_quadratic_near_zero_and_straight_beyond():
    errors = jnp.array([0.0, 0.01, losses.SMOOTH, 1.0])
    expected = [0.0, 0.01**2 / (2 * losses.SMOOTH), losses.SMOOTH / 2, 1.0 - losses.SMOOTH / 2]
    np.testing.assert_allclose(losses.smooth_l1(errors, jnp.zeros(4)), expected, rtol=1e-6)
    slopes = jax.vmap(jax.grad(lambda error: losses.smooth_l1(error, jnp.zeros(()))))(errors)
    np.testing.assert_allclose(slopes, [0.0, 0.01 / losses.SMOOTH, 1.0, 1.0], rtol=1e-6)


def test_bce_is_the_cross_entropy_of_sigmoid_logits():
    logits = jnp.linspace(-30, 30, 7)
    game = losses.ADVERSARIAL["bce"]
    ones, zeros = jnp.ones_like(logits), jnp.zeros_like(logits)
    np.testing.assert_allclose(game.real(logits), optax.sigmoid_binary_cross_entropy(logits, ones), rtol=1e-5)
    np.testing.assert_allclose(game.fake(logits), optax.sigmoid_binary_cross_entropy(logits, zeros), rtol=1e-5)
    np.testing.assert_allclose(game.generator(logits), game.real(logits))


def test_lsgan_and_hinge_at_known_points():
    logits = jnp.array([-2.0, 0.0, 0.5, 2.0])
    least_squares, hinge = losses.ADVERSARIAL["lsgan"], losses.ADVERSARIAL["hinge"]
    np.testing.assert_allclose(least_squares.real(logits), [9.0, 1.0, 0.25, 1.0])
    np.testing.assert_allclose(least_squares.fake(logits), [4.0, 0.0, 0.25, 4.0])
    np.testing.assert_allclose(least_squares.generator(logits), [9.0, 1.0, 0.25, 1.0])
    np.testing.assert_allclose(hinge.real(logits), [3.0, 1.0, 0.5, 0.0])
    np.testing.assert_allclose(hinge.fake(logits), [0.0, 1.0, 1.5, 3.0])
    np.testing.assert_allclose(hinge.generator(logits), [2.0, 0.0, -0.5, -2.0])


def test_total_variation_counts_steps_in_both_directions():
    ramp = jnp.broadcast_to(jnp.arange(4.0)[None, None, :, None], (1, 4, 4, 1))
    np.testing.assert_allclose(losses.total_variation(ramp), 1.0)
    np.testing.assert_allclose(losses.total_variation(jnp.ones((1, 4, 4, 1))), 0.0)


@pytest.mark.parametrize("name", losses.RECONSTRUCTION)
def test_a_pixel_that_is_right_is_not_pushed(name):
    gradient = jax.grad(lambda output: losses.RECONSTRUCTION[name](output, jnp.array([0.5, 0.5, 0.5])).sum())
    pushed = np.asarray(gradient(jnp.array([0.5, 0.7, 0.3])))
    assert pushed[0] == 0.0 and pushed[1] > 0.0 > pushed[2]


def test_a_flat_picture_has_no_gradient_of_its_total_variation():
    assert not np.asarray(jax.grad(losses.total_variation)(jnp.full((1, 4, 4, 3), 0.25))).any()
