"""How strong an expression is along a path, by what judges say of its pictures."""

import numpy as np
import pytest

from cdaae_jax.evaluation.judges import path_outputs
from cdaae_jax.evaluation.judges.face_api import EXPRESSIONS
from cdaae_jax.evaluation.judges.panel import Panel
from cdaae_jax.evaluation.tasks import paths
from cdaae_jax.evaluation.tasks.edits import Task
from cdaae_jax.labels import LabelSpace

SPACE = LabelSpace("emotion", ("neutral", "happy", "contemptuous"))
PICTURES = np.random.default_rng(0).integers(0, 256, (2, 4, 32, 32, 3), np.uint8)
LABELS = np.eye(3, dtype=np.float32)


def smile_is_brightness(pictures):
    """An expression judge: the first pixel is how happy a face is."""
    probabilities = np.zeros((len(pictures), 7))
    probabilities[:, EXPRESSIONS.index("happy")] = pictures[:, 0, 0, 0] / 255
    return probabilities


PANEL = Panel(expressions=smile_is_brightness)


@pytest.fixture
def task():
    return Task(PICTURES[0], PICTURES[1], LABELS[[1, 2, 1, 2]], tuple("aabb"), SPACE)


@pytest.fixture
def path_task(task):
    return paths.held_out_paths(task, path_outputs.measurable(task, PANEL))


def test_what_the_panel_cannot_read_is_not_measurable(task):
    assert path_outputs.measurable(task, PANEL).tolist() == [True, False] * 2  # nobody knows contempt
    assert not path_outputs.measurable(task, Panel()).any()


def test_even_steps_are_found_even(path_task):
    made = np.zeros((2, 5, 32, 32, 3), np.uint8)
    made[:, :, 0, 0, 0] = [0, 51, 102, 153, 204]
    measured = path_outputs.intensity(path_task, PANEL, made)
    np.testing.assert_allclose(measured, [[0, 0.2, 0.4, 0.6, 0.8]] * 2)
    rows = np.arange(2)
    statistics = path_outputs.path_statistics(path_task, PANEL, made, measured)
    found = {name: of(rows) for name, of in statistics.items()}
    assert found["path_monotone"] == found["path_evenness"] == pytest.approx(1)
    assert found["path_range"] == pytest.approx(0.8) and "path_l1" not in found


def test_of_photographed_people_only_the_ends_are_known(path_task):
    true = path_outputs.true_intensity(path_task, PANEL)
    np.testing.assert_allclose(true[:, -1], PICTURES[1, [0, 2], 0, 0, 0] / 255)
    assert np.isnan(true[:, 1:-1]).all()


def test_where_the_true_path_is_known_the_distance_to_it_is_measured(task):
    true = np.random.default_rng(1).integers(0, 256, (2, 5, 32, 32, 3), np.uint8)
    known = paths.PathTask(task.of([0, 2]), np.zeros((2, 5, 3), np.float32), true)
    statistics = path_outputs.path_statistics(known, PANEL, true, np.zeros((2, 5)))
    assert statistics["path_l1"](np.arange(2)) == 0
    np.testing.assert_allclose(path_outputs.true_intensity(known, PANEL)[0], true[0, :, 0, 0, 0] / 255)
