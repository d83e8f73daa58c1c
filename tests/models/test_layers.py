"""Layers: sizes, starts at zero, shared batch statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cdaae_jax.models import layers


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
