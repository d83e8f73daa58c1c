"""The judges: the crop they see, their rows, and their numbers against face-api.js itself."""

import csv
import os
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from cdaae_jax.evaluation.judges import face_api

# Rates of the test patterns below, and what face-api.js 1.7.15 (tfjs 4.22, its cpu backend, node 20) makes of
# them: the logits of the expression network, and every 16th number and the length of the identity embedding.
PATTERNS = ((0.05, 0.03), (0.21, 0.13), (0.9, 0.5))
REFERENCE_LOGITS = (
    (-5.46496, -6.45286, -3.97170, -3.72121, -7.83725, -2.73718, -6.40799),
    (-3.11112, -1.20479, -3.01092, -3.51580, -6.08127, -7.95996, -3.79508),
    (-1.34000, -2.38404, -1.45403, -3.44192, -5.01484, -5.17363, -0.73527),
)
REFERENCE_EMBEDDINGS = (
    (-0.038257, -0.143442, -0.113909, 0.052618, 0.177480, -0.100141, -0.089662, 0.209539),
    (-0.077693, -0.145053, -0.203676, 0.006297, 0.196529, -0.124119, -0.054194, 0.215311),
    (-0.136242, -0.153817, -0.247361, 0.113816, 0.189693, -0.127266, -0.060925, 0.149650),
)
REFERENCE_LENGTHS = (1.305344, 1.220147, 1.294975)


def patterns(side):
    """The three test pictures, float32 [3, side, side, 3] in 0..255, not rounded."""
    row, column, colour = np.ogrid[:side, :side, :3]
    pictures = [
        127.5 * (1 + np.sin(a * row + b * column * (colour + 1) + colour) * np.cos(b * row - a * column))
        for a, b in PATTERNS
    ]
    return np.stack(pictures).astype(np.float32)


def folder_from(variable, holding):
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"{variable} does not point to {holding}")
    return pathlib.Path(folder)


@pytest.fixture
def judges_folder():
    return folder_from("CDAAE_JUDGES", "the folder that fetch_judges filled")


@pytest.fixture
def london_folder():
    return folder_from("CDAAE_DATA", "the data folder") / "frl_london"


@pytest.fixture(scope="module")
def random_expression_judge():
    """An expression judge with random weights: enough to see which row belongs to which picture."""
    rng = np.random.default_rng(0)
    weights = {}
    channels = 3
    for block, width in enumerate((32, 64, 128, 256)):
        for index in range(4):
            name = f"dense{block}/conv{index}"
            if (block, index) == (0, 0):
                weights[f"{name}/filters"] = rng.normal(0, 0.3, (3, 3, 3, width))
            else:
                weights[f"{name}/depthwise_filter"] = rng.normal(0, 0.3, (3, 3, channels, 1))
                weights[f"{name}/pointwise_filter"] = rng.normal(0, channels**-0.5, (1, 1, channels, width))
            weights[f"{name}/bias"] = rng.normal(0, 0.1, width)
            channels = width
    weights |= {"fc/weights": rng.normal(0, 0.1, (256, 7)), "fc/bias": rng.normal(0, 0.1, 7)}
    return face_api.ExpressionJudge({name: jnp.asarray(value, jnp.float32) for name, value in weights.items()})


def test_expression_network_agrees_with_face_api(judges_folder):
    judge = face_api.ExpressionJudge.load(judges_folder)
    logits = face_api.expression_logits(judge.weights, patterns(face_api.EXPRESSION_SIDE))
    np.testing.assert_allclose(logits, REFERENCE_LOGITS, rtol=0, atol=1e-4)


def test_identity_network_agrees_with_face_api(judges_folder):
    judge = face_api.IdentityJudge.load(judges_folder)
    embeddings = face_api.identity_embedding(judge.weights, patterns(face_api.IDENTITY_SIDE))
    assert embeddings.shape == (3, 128)
    np.testing.assert_allclose(embeddings[:, ::16], REFERENCE_EMBEDDINGS, rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), REFERENCE_LENGTHS, rtol=0, atol=1e-5)


def test_judges_on_real_faces(judges_folder, london_folder):
    """Sixteen people at 64 px: all are told apart, neutral is read so, most strong smiles as happy."""
    with open(london_folder / "metadata.csv", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["expression"] == "smiling"]
    smile = {row["subject"]: float(row["mp_smile"]) for row in rows}
    people = sorted(smile)[-16:]

    def read(expression):
        paths = [london_folder / "aligned" / f"{person}_{expression}.jpg" for person in people]
        return np.stack([np.asarray(Image.open(path).resize((64, 64))) for path in paths])

    neutral, smiling = read("neutral"), read("smiling")
    identity = face_api.IdentityJudge.load(judges_folder)
    distances = np.linalg.norm(identity.embed(neutral)[:, None] - identity.embed(smiling)[None], axis=-1)
    same = np.eye(len(people), dtype=bool)
    assert distances[same].max() < face_api.SAME_PERSON_DISTANCE < distances[~same].min()

    expression = face_api.ExpressionJudge.load(judges_folder)
    happy = expression.classes.index("happy")
    assert (expression.probabilities(neutral).argmax(axis=1) == 0).all()
    gain = expression.probabilities(smiling)[:, happy] - expression.probabilities(neutral)[:, happy]
    strong = np.asarray([smile[person] > 0.5 for person in people])
    assert strong.sum() >= 4
    assert (gain[strong] > 0.5).mean() > 0.8


def test_boxes_follow_from_the_mean_landmarks(london_folder):
    with np.load(london_folder / "landmarks.npz") as arrays:
        mean = arrays["dlib68"].mean(axis=0) / 256.0
    left_eye, right_eye, mouth = mean[36:42].mean(axis=0), mean[42:48].mean(axis=0), mean[48:68].mean(axis=0)
    side = (np.linalg.norm(mouth - left_eye) + np.linalg.norm(mouth - right_eye)) / 2 / 0.45
    corner = (left_eye + right_eye + mouth) / 3 - side * np.asarray([0.5, 0.43])
    np.testing.assert_allclose(face_api.IDENTITY_BOX, (*corner, side), rtol=0, atol=1e-4)

    low, high = mean.min(axis=0), mean.max(axis=0)
    side = 1.2 * (high - low).max()
    np.testing.assert_allclose(face_api.EXPRESSION_BOX, (*((low + high) / 2 - side / 2), side), rtol=0, atol=1e-4)


def test_rows_do_not_depend_on_the_chunk_they_are_in(random_expression_judge):
    images = np.random.default_rng(2).integers(0, 256, (face_api.CHUNK + 3, 32, 32, 3), np.uint8)
    compiled_before = face_api._judge_expression._cache_size()
    together = random_expression_judge.probabilities(images)
    assert together.shape == (face_api.CHUNK + 3, 7)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together.sum(axis=1), 1, rtol=1e-5)
    assert len(np.unique(together[:, 0])) == len(images)
    for index in (0, face_api.CHUNK - 1, face_api.CHUNK + 2):
        alone = random_expression_judge.probabilities(images[index : index + 1])
        np.testing.assert_allclose(alone[0], together[index], rtol=1e-5, atol=1e-6)
    assert random_expression_judge.probabilities(images[:0]).shape == (0, 7)
    assert face_api._judge_expression._cache_size() == compiled_before + 1


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 32, 32, 3), np.float32),
        np.zeros((32, 32, 3), np.uint8),
        np.zeros((1, 32, 48, 3), np.uint8),
        np.zeros((1, 32, 32, 1), np.uint8),
        np.uint8(3),
    ],
)
def test_wrong_images_are_refused(random_expression_judge, images):
    with pytest.raises(ValueError, match=r"allowed is uint8 \[N, S, S, 3\]"):
        random_expression_judge.probabilities(images)


def test_identity_network_has_the_published_shapes():
    """The halving blocks lack rows (4 to 3, 2 to 1) and add channels: sizes must meet in every block."""
    weights = {"conv32_down/conv/filters": (7, 7, 3, 32), "fc": (256, 128)}
    layers = {"conv32_down": 32}
    channels = 32
    for block in face_api.IDENTITY_BLOCKS:
        width = int(block.split("_")[0].removeprefix("conv"))
        weights[f"{block}/conv1/conv/filters"] = (3, 3, channels, width)
        weights[f"{block}/conv2/conv/filters"] = (3, 3, width, width)
        layers |= {f"{block}/conv1": width, f"{block}/conv2": width}
        channels = width
    for layer, width in layers.items():
        weights |= {f"{layer}/{part}": (width,) for part in ("conv/bias", "scale/weights", "scale/biases")}
    shapes = {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in weights.items()}
    pictures = jax.ShapeDtypeStruct((2, face_api.IDENTITY_SIDE, face_api.IDENTITY_SIDE, 3), jnp.float32)
    assert jax.eval_shape(face_api.identity_embedding, shapes, pictures).shape == (2, 128)
