"""What the judges' networks share: the crop that they see, and their convolutions."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from cdaae_jax.evaluation.judges import layers


@pytest.mark.parametrize(("picture_side", "side"), [(32, 112), (64, 150), (256, 112)])
def test_cut_out_takes_the_box_and_repeats_the_edge(picture_side, side):
    """A picture whose value is its position stays so inside the box, and repeats its last row below."""
    position = (np.arange(picture_side) + 0.5) / picture_side
    row, column = np.meshgrid(position, position, indexing="ij")
    image = np.stack([200 * row, 200 * column, 0 * row + 90], axis=-1).round().astype(np.uint8)
    box = layers.Box(left=0.1, top=0.3, side=0.9)
    found = np.asarray(layers.cut_out(image[None], box, side))[0]
    assert found.shape == (side, side, 3)
    centre = (np.arange(side) + 0.5) / side * box.side
    last = 200 * (1 - 0.5 / picture_side)
    # Half a grey level from rounding; 3 levels where the antialiasing filter meets the repeated edge.
    np.testing.assert_allclose(found[:, side // 2, 0], np.minimum(200 * (box.top + centre), last), atol=3)
    np.testing.assert_allclose(found[side // 2, :-8, 1], 200 * (box.left + centre)[:-8], atol=0.6)
    np.testing.assert_allclose(found[-side // 8 :, :, 0], round(last), atol=1e-3)
    np.testing.assert_allclose(found[..., 2], 90, atol=1e-3)


@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_convolution_is_the_grouped_one(stride):
    rng = np.random.default_rng(1)
    features = jnp.asarray(rng.normal(size=(2, 8, 8, 5)), jnp.float32)
    kernel = jnp.asarray(rng.normal(size=(3, 3, 5, 1)), jnp.float32)
    expected = lax.conv_general_dilated(
        features,
        kernel.swapaxes(2, 3),
        (stride, stride),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=5,
        precision=lax.Precision.HIGHEST,
    )
    found = layers.convolve_depthwise(features, kernel, stride)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
