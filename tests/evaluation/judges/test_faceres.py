"""The second identity judge: its numbers against TensorFlow.js itself, and what it says of real people."""

import os
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from cdaae_jax.evaluation.judges import face_api, faceres

# Rates of the test patterns below, and what TensorFlow.js 4.22 (its cpu backend, node 20) makes of them with the graph
# of @vladmandic/human 3.3.6: how many of 1024 numbers are above 0, and the places and values of the eight largest.
PATTERNS = ((0.02, 0.01), (0.025, 0.05), (0.05, 0.03))
REFERENCE_COUNTS = (99, 111, 89)
REFERENCE_PLACES = (
    (584, 7, 715, 160, 566, 549, 88, 198),
    (584, 566, 715, 88, 1013, 160, 495, 818),
    (566, 584, 715, 88, 1013, 160, 771, 362),
)
REFERENCE_VALUES = (
    (0.699362, 0.345961, 0.318497, 0.227172, 0.219914, 0.188800, 0.166267, 0.157746),
    (0.487410, 0.330890, 0.302503, 0.301010, 0.269738, 0.263061, 0.253494, 0.236837),
    (0.396667, 0.383339, 0.373916, 0.360606, 0.324920, 0.232962, 0.227351, 0.210023),
)


@pytest.fixture
def judge():
    folder = os.environ.get("CDAAE_JUDGES")
    if not folder:
        pytest.skip("CDAAE_JUDGES does not point to the folder that fetch_judges filled")
    return faceres.FaceResJudge.load(folder)


def weight_shapes():
    """The shapes that MobileNet v1's table gives, by their names in the graph."""
    shapes = {"conv1/convolution/merged_input": (3, 3, 3, 32), "conv1_bn/batchnorm_1/sub": (32,)}
    channels = 32
    for layer, width in enumerate((64, 128, 128, 256, 256, *[512] * 6, 1024, 1024), start=1):
        shapes[f"conv_dw_{layer}/depthwise_kernel"] = (3, 3, channels, 1)
        shapes |= {f"conv_dw_{layer}_bn/batchnorm_1/{part}": (channels,) for part in ("mul", "sub")}
        shapes[f"conv_pw_{layer}/convolution/merged_input"] = (1, 1, channels, width)
        shapes[f"conv_pw_{layer}_bn/batchnorm_1/sub"] = (width,)
        channels = width
    return shapes


def test_agrees_with_tensorflow_js(judge):
    row, column, colour = np.ogrid[: faceres.SIDE, : faceres.SIDE, :3]
    pictures = [
        127.5 * (1 + np.sin(a * row + b * column * (colour + 1) + colour) * np.cos(b * row - a * column))
        for a, b in PATTERNS
    ]
    found = np.asarray(jax.jit(faceres.embedding)(judge.weights, np.stack(pictures).astype(np.float32)))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal((found > 0).sum(axis=1), REFERENCE_COUNTS)
    np.testing.assert_array_equal(np.argsort(-found, axis=1)[:, :8], REFERENCE_PLACES)
    np.testing.assert_allclose(np.take_along_axis(found, np.asarray(REFERENCE_PLACES), 1), REFERENCE_VALUES, atol=1e-5)


def test_tells_real_people_apart(judge, london_data):
    """Sixteen people at 64 px, neutral and smiling: everybody is nearest to themselves, by the threshold too."""
    photos = london_data / "frl_london" / "aligned"
    people = sorted(path.name.removesuffix("_smiling.jpg") for path in photos.glob("*_smiling.jpg"))[-16:]

    def embed(expression):
        paths = [pathlib.Path(photos / f"{person}_{expression}.jpg") for person in people]
        return judge.embed(np.stack([np.asarray(Image.open(path).resize((64, 64))) for path in paths]))

    distances = np.linalg.norm(embed("neutral")[:, None] - embed("smiling")[None], axis=-1)
    same = np.eye(len(people), dtype=bool)
    assert distances[same].max() < judge.thresholds["verified"] < distances[~same].min()


def test_the_network_has_the_published_shapes():
    shapes = {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in weight_shapes().items()}
    pictures = jax.ShapeDtypeStruct((2, faceres.SIDE, faceres.SIDE, 3), jnp.float32)
    assert jax.eval_shape(faceres.embedding, shapes, pictures).shape == (2, 1024)


def test_embeddings_have_length_one_and_are_none_of_nothing():
    """Without kernels the last shifts remain, cut to 0..6 and divided by their length; without shifts nothing."""
    weights = {name: jnp.zeros(shape) for name, shape in weight_shapes().items()}
    embed = jax.jit(faceres.embedding)
    pictures = jnp.full((1, 32, 32, 3), 200.0)  # small, so that it is quick: the mean takes whatever places are left
    np.testing.assert_array_equal(embed(weights, pictures), 0)

    shifts = jnp.zeros(1024).at[:4].set(jnp.asarray([-5.0, 3.0, 6.0, 8.0]))
    found = embed(weights | {"conv_pw_13_bn/batchnorm_1/sub": shifts}, pictures)[0]
    np.testing.assert_allclose(found[:5], [0, 1 / 3, 2 / 3, 2 / 3, 0], rtol=1e-5)
    assert not found[4:].any()


def test_both_identity_judges_name_themselves_and_their_thresholds():
    assert face_api.IdentityJudge.name == "dlib"
    assert face_api.IdentityJudge.thresholds == {"verified": 0.6, "verified_strict": 0.48}
    assert faceres.FaceResJudge.name == "faceres"
    assert faceres.FaceResJudge.thresholds == {"verified": 0.71}
