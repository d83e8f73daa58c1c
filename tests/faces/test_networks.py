"""What lies between the landmarker's networks: anchors, boxes and crops."""

import math
import os

import numpy as np
import pytest

from cdaae_jax.faces import detections, networks


def test_anchors_are_two_for_each_fine_cell_and_six_for_each_coarse_one():
    anchors = detections.anchors()
    assert anchors.shape == (896, 2)
    np.testing.assert_allclose(anchors[[0, 1, 2, 32]] * 32, [[1, 1], [1, 1], [3, 1], [1, 3]])
    np.testing.assert_allclose(anchors[[512, 517, 518, 560]] * 16, [[1, 1], [1, 1], [3, 1], [1, 3]])
    np.testing.assert_allclose(anchors[-1] * 16, [15, 15])


def regressors_of(index, low, high, keypoints):
    """The detector's row for a box and keypoints, given in fractions, as seen from anchor `index`."""
    anchor = detections.anchors()[index]
    centre, size = (np.add(low, high) / 2 - anchor), np.subtract(high, low)
    return np.concatenate([centre, size, (keypoints - anchor).ravel()]) * 128


def test_detections_average_boxes_that_overlap_and_no_others():
    regressors, logits = np.zeros((896, 16), np.float32), np.full(896, -200.0, np.float32)
    assert detections.detections(regressors, logits) == []

    keypoints = np.linspace(0.3, 0.7, 12).reshape(6, 2)
    logits[100], logits[600], logits[700] = 2.0, 0.0, 1.0
    regressors[100] = regressors_of(100, (0.2, 0.2), (0.8, 0.8), keypoints)
    regressors[600] = regressors_of(600, (0.3, 0.2), (0.9, 0.8), keypoints + 0.1)
    regressors[700] = regressors_of(700, (0.0, 0.0), (0.1, 0.1), keypoints)
    found, other = detections.detections(regressors, logits)
    best = 1 / (1 + math.exp(-2))
    assert found.score == pytest.approx(best)
    shift = 0.1 * 0.5 / (0.5 + best)
    np.testing.assert_allclose(found.low, (0.2 + shift, 0.2), atol=1e-6)
    np.testing.assert_allclose(found.high, (0.8 + shift, 0.8), atol=1e-6)
    np.testing.assert_allclose(found.keypoints, keypoints + shift, atol=1e-6)

    np.testing.assert_allclose([other.low, other.high], [(0, 0), (0.1, 0.1)], atol=1e-6)

    logits[[100, 600, 700]] = -0.001  # just below 0.5
    assert detections.detections(regressors, logits) == []


def test_region_is_the_enlarged_box_turned_with_the_eyes():
    low, high = np.array([40.0, 60.0]), np.array([80.0, 100.0])
    level = networks.region(low, high, np.array([50.0, 70.0]), np.array([70.0, 70.0]))
    np.testing.assert_allclose(level, [[60, 0, 30], [0, 60, 50]], atol=1e-4)

    # Eyes one above the other: the crop's right is the picture's down, its down the picture's left.
    upright = networks.region(low, high, np.array([60.0, 70.0]), np.array([60.0, 90.0]))
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
    turned = networks.sample(image, quarter, 128, repeat_border=True)
    np.testing.assert_allclose(turned[8:-8, 8:-8, 0], np.broadcast_to(200 * inside[8:-8], (112, 112)), atol=1.5)
    np.testing.assert_allclose(turned[8:-8, 64, 1], 200 * (1 - inside[8:-8]), atol=1.5)

    double = np.array([[2, 0, -0.5], [0, 2, -0.5]], np.float32) * picture_side
    wide = networks.sample(image, double, 128, repeat_border=True)
    assert (wide[..., 2] == 90).all()
    np.testing.assert_allclose(wide[:20, 64, 0], image[0, 0, 0], atol=1.5)
    np.testing.assert_allclose(wide[-20:, 64, 0], image[-1, 0, 0], atol=1.5)
    black = networks.sample(image, double, 128, repeat_border=False)
    assert (black[:30] == 0).all()
    assert (black[34:94, 34:94, 2] == 90).all()


def test_names_and_points_are_complete():
    assert len(set(networks.BLENDSHAPE_NAMES)) == 52
    assert len(set(networks.BLENDSHAPE_POINTS)) == 146
    assert set(networks.PUPILS) < set(networks.BLENDSHAPE_POINTS)


def test_views_of_one_face_are_merged_and_those_of_two_are_not():
    def box(score, x, y, side):
        low = np.array([x, y], float)
        return detections.Detection(score, low, low + side, np.zeros((6, 2)))

    whole, cut, beside, shifted = box(0.8, 0, 0, 100), box(0.6, 40, 40, 58), box(0.9, 120, 0, 80), box(0.7, 10, 0, 100)
    assert detections.merged([cut, whole, shifted, beside]) == [beside, whole]
    placed = box(0.5, 0.25, 0.5, 0.5).placed(400, np.array([1000.0, -100.0]))
    assert placed.low.tolist() == [1100, 100] and placed.high.tolist() == [1300, 300]


def test_a_greeting_is_kept_from_standard_error_and_nothing_else(capfd):
    with networks.without_lines("INFO: Created"):
        os.write(2, b"INFO: Created a delegate\nERROR: no memory\n")
    assert capfd.readouterr().err == "ERROR: no memory\n"
    with pytest.raises(ValueError), networks.without_lines("INFO: Created"):
        os.write(2, b"ERROR: worse\n")
        raise ValueError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "ERROR: worse\nafter\n"
