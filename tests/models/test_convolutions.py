"""Every way to compute a convolution is the native one's function, gradients included."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from cdaae_jax.models import convolutions

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


def native_same(pictures, kernel):
    return lax.conv_general_dilated(pictures, kernel, (1, 1), "SAME", dimension_numbers=DIMENSIONS)


def native_down(pictures, kernel):
    return lax.conv_general_dilated(pictures, kernel, (2, 2), "SAME", dimension_numbers=DIMENSIONS)


def native_up(features, kernel):
    return lax.conv_transpose(features, kernel, (2, 2), "SAME", dimension_numbers=DIMENSIONS, transpose_kernel=True)


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def assert_same_with_gradients(ours, theirs, inputs, kernel):
    output, pull_back = jax.vjp(ours, inputs, kernel)
    expected, native_pull_back = jax.vjp(theirs, inputs, kernel)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-4)
    cotangent = normal(9, *output.shape)
    for mine, reference in zip(pull_back(cotangent), native_pull_back(cotangent), strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-4, atol=2e-4)


# 40 output channels with an odd kernel go by phases, 4x4 features by overlap, the others by blocks.
@pytest.mark.parametrize("channels", [3, 40])
@pytest.mark.parametrize("height", [4, 8])
@pytest.mark.parametrize("size", [2, 3, 4, 5, 6])
def test_up_convolution_is_the_native_transposed_convolution(size, height, channels):
    features, kernel = normal(0, 2, height, height + 2, 5), normal(1, size, size, channels, 5)
    assert_same_with_gradients(convolutions.up_convolution, native_up, features, kernel)


@pytest.mark.parametrize("way", ["overlap", "in_blocks", "in_phases"])
@pytest.mark.parametrize("size", [2, 3, 4, 5, 6, 7])
def test_every_way_to_transpose_gives_the_same(way, size):
    transpose = getattr(convolutions, f"_transpose_{'by_' if way == 'overlap' else ''}{way}")
    features, kernel = normal(0, 2, 3, 5, 4), normal(1, size, size, 3, 4)
    np.testing.assert_allclose(transpose(features, kernel), native_up(features, kernel), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_down_convolution_is_the_native_one(size):
    assert_same_with_gradients(
        convolutions.down_convolution, native_down, normal(0, 2, 8, 16, 3), normal(1, size, size, 3, 5)
    )


@pytest.mark.parametrize("channels", [(3, 5), (5, 3)])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_convolution_is_the_native_one(size, channels):
    pictures, kernel = normal(0, 2, 6, 8, channels[0]), normal(1, size, size, *channels)
    assert_same_with_gradients(convolutions.convolution, native_same, pictures, kernel)


def test_second_derivatives_and_vmap_are_those_of_the_native_ones():
    features, kernel = normal(0, 3, 2, 4, 4, 5), normal(1, 4, 4, 3, 5)

    def curvature(convolve):
        def slope(kernel, one):
            return (jax.grad(lambda f: (convolve(f, kernel) ** 3).sum())(one) ** 2).sum()

        return jax.vmap(jax.grad(slope), (None, 0))(kernel, features)

    ours, theirs = curvature(convolutions.up_convolution), curvature(native_up)
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3 * float(jnp.abs(theirs).max()))


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_other_platforms_get_the_native_transpose(platform):
    traced = jax.jit(convolutions.up_convolution).trace(normal(0, 2, 8, 8, 5), normal(1, 4, 4, 3, 5))
    assert "lhs_dilate = [2, 2]" in traced.lower(lowering_platforms=(platform,)).as_text()
    assert "lhs_dilate = [2, 2]" not in traced.lower(lowering_platforms=("cpu",)).as_text()


def test_forward_mode_is_refused():
    features, kernel = normal(0, 2, 4, 4, 5), normal(1, 4, 4, 3, 5)
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jvp(lambda f: convolutions.up_convolution(f, kernel), (features,), (features,))


def test_native_leaves_no_choice_of_platform_and_gives_the_same_numbers():
    features, kernel = normal(0, 2, 8, 8, 5), normal(1, 4, 4, 3, 5)

    def traced():
        return str(jax.make_jaxpr(lambda *inputs: convolutions.up_convolution(*inputs))(features, kernel))

    chosen = convolutions.up_convolution(features, kernel)
    assert "platform_index" in traced()
    with convolutions.native():
        assert "platform_index" not in traced()
        np.testing.assert_allclose(convolutions.up_convolution(features, kernel), chosen, rtol=1e-4, atol=1e-4)
    assert "platform_index" in traced()
