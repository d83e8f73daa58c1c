"""The read-outs of action units: what moves them, what does not, on made-up landmarks."""

import math

import numpy as np
import pytest

from cdaae_jax import labels
from cdaae_jax.evaluation.judges import landmark_readouts, landmarks
from cdaae_jax.faces.networks import PUPILS

# Roughly where the points of an aligned 256-pixel face lie (x, y); all others lie in the middle of the picture.
PLACES = {
    landmark_readouts.EYE_CORNERS: [(70, 98), (105, 98), (151, 98), (186, 98)],
    PUPILS: [(87, 97), (169, 97)],
    landmark_readouts.INNER_BROWS: [(110, 78), (110, 72), (146, 78), (146, 72)],
    landmark_readouts.OUTER_BROWS: [(55, 72), (65, 68), (58, 76), (201, 72), (191, 68), (198, 76)],
    landmark_readouts.UPPER_LIDS: [(92, 92), (87, 91), (82, 92), (174, 92), (169, 91), (164, 92)],
    landmark_readouts.LOWER_LIDS: [(82, 103), (87, 104), (92, 103), (164, 103), (169, 104), (174, 103)],
    landmark_readouts.NOSTRILS: [(110, 140), (115, 145), (108, 142), (146, 140), (141, 145), (148, 142)],
    landmark_readouts.NOSE_BASE: [(128, 148)],
    landmark_readouts.MOUTH_CORNERS: [(98, 178), (158, 178)],
    landmark_readouts.UPPER_LIP_INNER: [(120, 177), (128, 178), (136, 177)],
    landmark_readouts.LOWER_LIP_INNER: [(120, 178), (128, 179), (136, 178)],
    landmark_readouts.LOWER_LIP: [(118, 188), (128, 190), (138, 188)],
    (0,): [(128, 168)],
    landmark_readouts.CHIN: [(115, 228), (128, 232), (141, 228)],
}

# What each action unit does to the points: (which, x per pixel of movement, y per pixel of movement).
MOVES = {
    "AU1": [(landmark_readouts.INNER_BROWS, 0, -1)],
    "AU2": [(landmark_readouts.OUTER_BROWS, 0, -1)],
    "AU4": [(landmark_readouts.INNER_BROWS, 0, 1)],
    "AU5": [(landmark_readouts.UPPER_LIDS, 0, -1)],
    "AU6": [(landmark_readouts.LOWER_LIDS, 0, -1)],
    "AU9": [(landmark_readouts.NOSTRILS, 0, -1)],
    "AU12": [(landmark_readouts.MOUTH_CORNERS, 0, -1)],
    "AU15": [(landmark_readouts.MOUTH_CORNERS, 0, 1)],
    "AU17": [(landmark_readouts.LOWER_LIP, 0, -1)],
    "AU20": [(landmark_readouts.MOUTH_CORNERS[:1], -0.5, 0), (landmark_readouts.MOUTH_CORNERS[1:], 0.5, 0)],
    "AU25": [(landmark_readouts.LOWER_LIP_INNER, 0, 1)],
    "AU26": [(landmark_readouts.CHIN, 0, 1)],
}


def face():
    points = np.full((1, 478, 2), 128.0)
    for group, places in PLACES.items():
        points[0, group] = places
    return points


@pytest.mark.parametrize("name", labels.DISFA_AUS)
def test_a_movement_is_read_in_pupil_distances(name):
    points = face()
    for group, across, down in MOVES[name]:
        points[0, group] += [4.1 * across, 4.1 * down]
    change = landmark_readouts.readouts(points)[name] - landmark_readouts.readouts(face())[name]
    np.testing.assert_allclose(change, 4.1 / 82)


def test_readouts_do_not_depend_on_place_size_and_tilt():
    points = face()
    angle = math.radians(20)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    moved = 0.3 * points @ turn.T + [7, -3]
    straight, tilted = landmark_readouts.readouts(points), landmark_readouts.readouts(moved)
    assert tuple(straight) == labels.DISFA_AUS
    for name, value in straight.items():
        np.testing.assert_allclose(tilted[name], value, err_msg=name)


def test_pictures_without_a_face_stay_apart():
    points = np.concatenate([face(), np.full((1, 478, 2), np.nan)])
    for values in landmark_readouts.readouts(points).values():
        assert np.isfinite(values[0]) and np.isnan(values[1])


def test_every_blendshape_named_exists():
    faces = landmarks.Faces(None, None, None, None, np.zeros((1, 52), np.float32))
    for name, blendshape in landmark_readouts.BLENDSHAPES.items():
        assert name in labels.DISFA_AUS
        assert landmarks.blendshape(faces, blendshape) == 0
