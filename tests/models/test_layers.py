"""The up-convolution is exactly the transposed convolution, gradients included."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from cdaae_jax.models import layers


def native_up(features, kernel):
    return lax.conv_transpose(
        features, kernel, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), transpose_kernel=True
    )


@pytest.mark.parametrize("kernel_size", [2, 3, 4, 5])
def test_up_convolution_has_the_native_values_and_gradients(kernel_size):
    random = np.random.default_rng(kernel_size)
    features = jnp.asarray(random.normal(size=(2, 4, 4, 5)), jnp.float32)
    kernel = jnp.asarray(random.normal(size=(kernel_size, kernel_size, 3, 5)), jnp.float32)
    cotangent = jnp.asarray(random.normal(size=(2, 8, 8, 3)), jnp.float32)

    ours, pull_back = jax.vjp(layers.up_convolution, features, kernel)
    theirs, native_pull_back = jax.vjp(native_up, features, kernel)

    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    for mine, reference in zip(pull_back(cotangent), native_pull_back(cotangent), strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-4, atol=1e-4)


def test_up_convolution_transposes_the_down_convolution():
    random = np.random.default_rng(0)
    small = jnp.asarray(random.normal(size=(1, 4, 4, 2)), jnp.float32)
    large = jnp.asarray(random.normal(size=(1, 8, 8, 3)), jnp.float32)
    kernel = jnp.asarray(random.normal(size=(4, 4, 3, 2)), jnp.float32)
    up, down = layers.up_convolution(small, kernel), layers.down_convolution(large, kernel)
    np.testing.assert_allclose((up * large).sum(), (small * down).sum(), rtol=1e-4)


@pytest.mark.parametrize("kind", ["deconv", "resize"])
def test_up_doubles_and_can_start_at_zero(kind):
    features = jnp.ones((2, 4, 4, 3))
    for zero_init in (False, True):
        layer = layers.Up(5, 4, kind=kind, zero_init=zero_init)
        output, _ = layer.init_with_output(jax.random.key(0), features)
        assert output.shape == (2, 8, 8, 5)
        assert bool((output == 0).all()) == zero_init


def test_batch_norm_shares_its_statistics_over_the_mapped_axis():
    pictures = jnp.arange(16.0).reshape(4, 4) ** 2
    layer = layers.Norm("batch", axis_name="devices")
    variables = layer.init(jax.random.key(0), pictures, train=True)

    def apply(part):
        return layer.apply(variables, part, train=True, mutable=["batch_stats"])[0]

    together = layers.Norm("batch").apply(variables, pictures, train=True, mutable=["batch_stats"])[0]
    apart = jax.vmap(apply, axis_name="devices")(pictures.reshape(2, 2, 4)).reshape(4, 4)
    np.testing.assert_allclose(apart, together, rtol=1e-5, atol=1e-5)
