"""Where the lips of photos are: of drawn pictures by their maps, of photos by their landmarks."""

import numpy as np
import pytest

from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import mouths, places
from cdaae_jax.data.maps import Maps
from cdaae_jax.data.mouths import Mouths
from cdaae_jax.data.places import MEAN_FACE, SIDE
from cdaae_jax.errors import UserError
from cdaae_jax.models.lips import MIDDLE

GRID = 64


def smile(apart, lower=0.0):
    """Landmarks of a mouth whose lips are so far apart and so far below where the neutral ones meet, in sides."""
    points = MEAN_FACE.copy()
    middle = mouths.between(MEAN_FACE)[1] + lower
    points[61:64, 1], points[65:68, 1] = middle - apart / 2, middle + apart / 2
    return points


@pytest.fixture
def faces(faces_copy):
    """p1's happy picture is drawn with an open mouth, and an eye that opens; p2's photos have names of their own."""
    painted = np.zeros((GRID, GRID), np.float16)
    painted[45:50, 20:44] = 1
    painted[50, 20:44] = 0.5
    painted[22:26, 30:34] = 1
    save_maps(faces_copy, "happy", painted)
    save_maps(faces_copy, "surprised", np.zeros_like(painted))
    manifest = faces_copy / "faces.csv"
    text = manifest.read_text()
    for name in ("happy", "neutral"):
        folder = faces_copy / "faces" / "p2" / name
        (folder / "photo.png").rename(folder / f"p2_{name}.png")
        text = text.replace(f"p2/{name}/photo.png", f"p2/{name}/p2_{name}.png")
    manifest.write_text(text)
    return faces_copy


def save_maps(folder, expression, painted):
    fields = {"flow": np.zeros((GRID, GRID, 2), np.float16), "painted": painted, "shade": painted}
    np.savez(folder / "faces" / "p1" / expression / "photo.npz", **fields)


def save_points(folder, file, **points):
    np.savez(folder / "faces" / file, names=list(points), points=SIDE * np.stack(list(points.values())))


def load(folder):
    dataset = datasets.load(Data(manifests=("faces.csv",)), folder, 32)
    return dataset, {(record.subject, record.expression): i for i, record in enumerate(dataset.records)}


def test_the_middle_of_a_mouth_is_the_same_for_data_and_model():
    assert mouths.MIDDLE == MIDDLE


def test_what_is_painted_at_a_mouth_and_landmarks_say_where_its_lips_are(faces):
    save_points(faces, mouths.FILE, p2_happy=smile(0.05, 0.01), p2_neutral=smile(-0.004))
    save_points(faces, places.FILE, p1=MEAN_FACE + [0.0, 0.02], p2=MEAN_FACE)
    dataset, at = load(faces)
    asked = np.array(
        [at[one] for one in (("p1", "happy"), ("p2", "happy"), ("p2", "neutral"), ("p1", "surprised"), ("p3", "happy"))]
    )
    lips, known = Mouths(dataset, Maps(dataset))(asked)
    np.testing.assert_array_equal(known, [[1, 1], [1, 1], [1, 1], [1, 0], [0, 0]])
    drawn = (5 * 47.5 + 0.5 * 50.5) / 5.5 / GRID - mouths.between(MEAN_FACE)[1] - 0.02
    np.testing.assert_allclose(lips, [[5.5 / GRID, drawn], [0.05, 0.01], [0, 0], [0, 0], [0, 0]], atol=1e-4)
    assert lips.dtype == np.float32
    without, _ = Mouths(dataset, None)(asked[1:2])
    np.testing.assert_allclose(without, [[0.05, 0.01]], atol=1e-6)


def test_without_the_neutral_face_only_the_distance_is_known(faces):
    save_points(faces, mouths.FILE, p2_happy=smile(0.05, 0.01))
    dataset, at = load(faces)
    lips, known = Mouths(dataset, None)(np.array([at["p2", "happy"]]))
    np.testing.assert_array_equal(known, [[1, 0]])
    np.testing.assert_allclose(lips, [[0.05, 0.0]], atol=1e-6)


def test_data_of_which_no_mouth_is_known_is_refused(faces):
    dataset, _ = load(faces)
    with pytest.raises(UserError, match=r"config\.loss\.lips_weight is not 0, but no mouth in the data is known"):
        Mouths(dataset, None)


def test_landmarks_that_cannot_be_read_are_refused_by_name(faces):
    save_points(faces, mouths.FILE, p2_happy=smile(0.05)[:60])
    dataset, _ = load(faces)
    with pytest.raises(UserError, match="mouths68.npz cannot be read as landmarks"):
        Mouths(dataset, None)
