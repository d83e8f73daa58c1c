"""Values between the cells of a grid."""

import numpy as np

from cdaae_jax.photos import grids


def places(count=40):
    return np.random.default_rng(1).uniform(0.2, 0.8, (count, count, 2))


def test_a_slope_is_met_everywhere_whatever_the_grids_size():
    at = places()

    def slope(size):
        middle = (np.arange(size) + 0.5) / size
        x, y = np.meshgrid(middle, middle)
        return np.stack([x, 2 * y, x - y], axis=-1).astype(np.float32)

    # Two grids of one size, which are sampled together, with a channel and with three.
    made = grids.sampled({"fine": slope(32), "one": slope(32)[..., :1], "coarse": slope(10)}, at)
    assert {name: values.shape for name, values in made.items()} == {
        "fine": (40, 40, 3),
        "one": (40, 40, 1),
        "coarse": (40, 40, 3),
    }
    expected = np.stack([at[..., 0], 2 * at[..., 1], at[..., 0] - at[..., 1]], axis=-1)
    np.testing.assert_allclose(made["fine"], expected, atol=1e-5)
    np.testing.assert_allclose(made["one"], expected[..., :1], atol=1e-5)
    np.testing.assert_allclose(made["coarse"], expected, atol=1e-5)


def test_a_cells_middle_has_its_value_and_beyond_the_border_the_nearest_holds():
    field = np.random.default_rng(0).normal(size=(6, 6, 1)).astype(np.float32)
    middles = np.stack(np.meshgrid(*[(np.arange(6) + 0.5) / 6] * 2), axis=-1)
    np.testing.assert_allclose(grids.sampled({"one": field}, middles)["one"], field, atol=1e-6)
    outside = np.array([[[-0.5, -3.0], [1.5, 0.0]]])
    np.testing.assert_allclose(grids.sampled({"one": field}, outside)["one"][0, :, 0], [field[0, 0, 0], field[0, 5, 0]])
