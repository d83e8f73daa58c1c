"""The face landmarker: anchors, boxes and crops by themselves, then the whole of it on real photos."""

import csv
import math
import os
import pathlib

import numpy as np
import pytest
from PIL import Image

from cdaae_jax.evaluation.judges import landmark_readouts, landmarks
from cdaae_jax.evaluation.measures import statistics


@pytest.fixture(scope="module")
def landmarker():
    folder = os.environ.get("CDAAE_JUDGES")
    if not folder:
        pytest.skip("CDAAE_JUDGES does not point to the folder that fetch_judges filled")
    pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert: pip install 'cdaae_jax[photo]'")
    return landmarks.Landmarker.load(folder)


def read(path, side=256):
    return np.asarray(Image.open(path).resize((side, side), Image.Resampling.LANCZOS))


# --- what lies between the networks -----------------------------------------------------------------------------------


def test_anchors_are_two_for_each_fine_cell_and_six_for_each_coarse_one():
    anchors = landmarks.anchors()
    assert anchors.shape == (896, 2)
    np.testing.assert_allclose(anchors[[0, 1, 2, 32]] * 32, [[1, 1], [1, 1], [3, 1], [1, 3]])
    np.testing.assert_allclose(anchors[[512, 517, 518, 560]] * 16, [[1, 1], [1, 1], [3, 1], [1, 3]])
    np.testing.assert_allclose(anchors[-1] * 16, [15, 15])


def regressors_of(index, low, high, keypoints):
    """The detector's row for a box and keypoints, given in fractions, as seen from anchor `index`."""
    anchor = landmarks.anchors()[index]
    centre, size = (np.add(low, high) / 2 - anchor), np.subtract(high, low)
    return np.concatenate([centre, size, (keypoints - anchor).ravel()]) * 128


def test_best_detection_averages_boxes_that_overlap_and_no_others():
    regressors, logits = np.zeros((896, 16), np.float32), np.full(896, -200.0, np.float32)
    assert landmarks.best_detection(regressors, logits) is None

    keypoints = np.linspace(0.3, 0.7, 12).reshape(6, 2)
    logits[100], logits[600], logits[700] = 2.0, 0.0, 1.0
    regressors[100] = regressors_of(100, (0.2, 0.2), (0.8, 0.8), keypoints)
    regressors[600] = regressors_of(600, (0.3, 0.2), (0.9, 0.8), keypoints + 0.1)
    regressors[700] = regressors_of(700, (0.0, 0.0), (0.1, 0.1), keypoints)
    found = landmarks.best_detection(regressors, logits)
    best = 1 / (1 + math.exp(-2))
    assert found.score == pytest.approx(best)
    shift = 0.1 * 0.5 / (0.5 + best)
    np.testing.assert_allclose(found.low, (0.2 + shift, 0.2), atol=1e-6)
    np.testing.assert_allclose(found.high, (0.8 + shift, 0.8), atol=1e-6)
    np.testing.assert_allclose(found.keypoints, keypoints + shift, atol=1e-6)

    logits[[100, 600, 700]] = -0.001  # just below 0.5
    assert landmarks.best_detection(regressors, logits) is None


def test_region_is_the_enlarged_box_turned_with_the_eyes():
    low, high = np.array([40.0, 60.0]), np.array([80.0, 100.0])
    level = landmarks.region(low, high, np.array([50.0, 70.0]), np.array([70.0, 70.0]))
    np.testing.assert_allclose(level, [[60, 0, 30], [0, 60, 50]], atol=1e-4)

    # Eyes one above the other: the crop's right is the picture's down, its down the picture's left.
    upright = landmarks.region(low, high, np.array([60.0, 70.0]), np.array([60.0, 90.0]))
    np.testing.assert_allclose(upright @ [0.5, 0.5, 1], (60, 80), atol=1e-4)
    np.testing.assert_allclose(upright[:, :2], [[0, -60], [60, 0]], atol=1e-4)


@pytest.mark.parametrize("picture_side", [32, 800])
def test_sample_shows_what_the_matrix_maps_to(picture_side):
    """A picture whose value is its position: turned by a right angle, and with a border around it."""
    position = (np.arange(picture_side) + 0.5) / picture_side
    row, column = np.meshgrid(position, position, indexing="ij")
    image = np.stack([200 * row, 200 * column, 0 * row + 90], axis=-1).round().astype(np.uint8)
    inside = (np.arange(128) + 0.5) / 128

    quarter = np.array([[0, -1, 1], [1, 0, 0]], np.float32) * picture_side  # (u, v) -> (1 - v, u)
    turned = landmarks.sample(image, quarter, 128, repeat_border=True)
    np.testing.assert_allclose(turned[8:-8, 8:-8, 0], np.broadcast_to(200 * inside[8:-8], (112, 112)), atol=1.5)
    np.testing.assert_allclose(turned[8:-8, 64, 1], 200 * (1 - inside[8:-8]), atol=1.5)

    double = np.array([[2, 0, -0.5], [0, 2, -0.5]], np.float32) * picture_side
    wide = landmarks.sample(image, double, 128, repeat_border=True)
    assert (wide[..., 2] == 90).all()
    np.testing.assert_allclose(wide[:20, 64, 0], image[0, 0, 0], atol=1.5)
    np.testing.assert_allclose(wide[-20:, 64, 0], image[-1, 0, 0], atol=1.5)
    black = landmarks.sample(image, double, 128, repeat_border=False)
    assert (black[:30] == 0).all()
    assert (black[34:94, 34:94, 2] == 90).all()


def test_names_and_points_are_complete():
    assert len(set(landmarks.BLENDSHAPE_NAMES)) == 52
    assert len(set(landmarks.BLENDSHAPE_POINTS)) == 146
    assert set(landmarks.PUPILS) < set(landmarks.BLENDSHAPE_POINTS)
    faces = landmarks.Faces(None, None, None, None, np.arange(104, dtype=np.float32).reshape(2, 52))
    np.testing.assert_array_equal(landmarks.blendshape(faces, "jawOpen"), [25, 77])
    np.testing.assert_array_equal(landmarks.blendshape(faces, "mouthSmile"), [44.5, 96.5])


@pytest.mark.parametrize("images", [np.zeros((1, 8, 8, 3), np.float32), np.zeros((8, 8, 3), np.uint8)])
def test_wrong_images_are_refused(images):
    with pytest.raises(ValueError, match=r"allowed is uint8 \[N, H, W, 3\]"):
        landmarks.Landmarker({}).find(images)


# --- the whole of it --------------------------------------------------------------------------------------------------


def test_points_and_smiles_of_real_people(landmarker, london_data):
    """The same points as MediaPipe's own program, up to 2 % of the pupils' distance; smiles are seen."""
    with np.load(london_data / "frl_london" / "landmarks.npz") as arrays:
        names, reference = arrays["names"][-64:], arrays["mediapipe478"][-64:]
    smiling = np.array([name.endswith("smiling") for name in names])
    for side, allowed in ((256, 0.025), (64, 0.03)):
        images = [read(london_data / "frl_london" / "aligned" / f"{name}.jpg", side) for name in names]
        faces = landmarker.find(np.stack(images))
        assert faces.found.all()
        assert faces.score.min() > 0.7
        distance = np.linalg.norm(faces.points / side - reference / 256, axis=-1) / 0.32
        assert distance.mean() < allowed
        # Not a systematic shift: half a pixel would be 1 % and 2.4 %.
        assert np.abs((faces.points / side - reference / 256).mean(axis=(0, 1)) / 0.32).max() < 0.01
        smile = landmarks.blendshape(faces, "mouthSmile")
        assert statistics.area_under_roc(smile[smiling], smile[~smiling]) > 0.9


def test_photos_as_they_come_and_pictures_without_a_face(landmarker, london_data):
    path = sorted((london_data / "frl_london" / "aligned").glob("*_neutral.jpg"))[0]
    whole = np.asarray(Image.open(path).resize((120, 120)))
    photo = np.full((1, 300, 500, 3), 128, np.uint8)
    photo[0, 100:220, 300:420] = whole
    small, large = landmarker.find(whole[None]), landmarker.find(photo)
    assert small.found.all() and large.found.all()
    np.testing.assert_allclose(large.points[0], small.points[0] + [300, 100], atol=3)
    tilted = landmarker.find(np.asarray(Image.fromarray(photo[0]).rotate(25, fillcolor=(128,) * 3))[None])
    right_eye, left_eye = tilted.points[0, landmarks.PUPILS, :]
    across, down = left_eye - right_eye
    assert math.degrees(math.atan2(-down, across)) == pytest.approx(25, abs=3)

    nothing = landmarker.find(np.stack([np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 200, np.uint8)]))
    assert not nothing.found.any()
    assert (nothing.score == 0).all()
    assert np.isnan(nothing.points).all() and np.isnan(nothing.blendshapes).all()
    assert landmarker.find(np.zeros((0, 64, 64, 3), np.uint8)).points.shape == (0, 478, 2)


def test_readouts_follow_the_action_units_of_the_rig(landmarker, london_data):
    """Ten people of the synthetic rig, one action unit at a time: more of it, more of its read-out."""
    rig = london_data / "frl_rig"
    if not (rig / "au.csv").is_file():
        pytest.skip("CDAAE_DATA has no frl_rig/au.csv")
    with open(rig / "au.csv", newline="") as table:
        rows = [row for row in csv.DictReader(table) if int(pathlib.Path(row["file"]).stem.split("_")[1]) < 12]
    people = sorted({row["subject"] for row in rows})[:10]
    rows = [row for row in rows if row["subject"] in people]
    faces = landmarker.find(np.stack([np.asarray(Image.open(rig / row["file"])) for row in rows]))
    for name, values in landmark_readouts.readouts(faces.points).items():
        intensity = np.array([float(row[name]) for row in rows]).reshape(10, 12)
        values = values.reshape(10, 12)
        # What the same person shows when another action unit moves.
        change = values - np.array([np.median(v[i == 0]) for v, i in zip(values, intensity, strict=True)])[:, None]
        moved = intensity > 0
        assert moved.sum() == 10
        assert (change[moved] > 0).mean() >= 0.9, name
        limit = 0.3 if name == "AU5" else 0.7  # the rig's lids hardly rise
        assert statistics.pearson(change[moved], intensity[moved]) > limit, name
