"""Paths: who is asked for what, and how strong the answer is."""

import numpy as np
import pytest
from cdaae_jax.evaluation.edits import Task
from cdaae_jax.evaluation.panel import Panel

from cdaae_jax.evaluation import interpolation
from cdaae_jax.evaluation.judges import EXPRESSIONS
from cdaae_jax.labels import LabelSpace

SPACE = LabelSpace("emotion", ("neutral", "happy", "contemptuous"))
PICTURES = np.random.default_rng(0).integers(0, 256, (2, 4, 32, 32, 3), np.uint8)
LABELS = np.eye(3, dtype=np.float32)


def smile_is_brightness(pictures):
    """An expression judge: the first pixel is how happy a face is."""
    probabilities = np.zeros((len(pictures), 7))
    probabilities[:, EXPRESSIONS.index("happy")] = pictures[:, 0, 0, 0] / 255
    return probabilities


@pytest.fixture
def task():
    return Task(PICTURES[0], PICTURES[1], LABELS[[1, 2, 1, 2]], tuple("aabb"), SPACE)


def test_paths_go_from_neutral_to_the_labels_that_can_be_measured(task):
    paths = interpolation.held_out_paths(task, Panel(expressions=smile_is_brightness), drawn=False)
    assert paths.person == ("a", "b") and paths.truth is None  # nobody knows contempt
    np.testing.assert_array_equal(paths.path[1, :, 1], interpolation.AMOUNTS)
    np.testing.assert_allclose(paths.path.sum(axis=-1), 1)
    assert interpolation.held_out_paths(task, Panel(), drawn=False) is None


def test_even_steps_are_found_even(task):
    panel = Panel(expressions=smile_is_brightness)
    paths = interpolation.held_out_paths(task, panel, drawn=False)
    made = np.zeros((2, 5, 32, 32, 3), np.uint8)
    made[:, :, 0, 0, 0] = [0, 51, 102, 153, 204]
    measured = interpolation.intensity(paths, panel, made)
    np.testing.assert_allclose(measured, [[0, 0.2, 0.4, 0.6, 0.8]] * 2)
    rows = np.arange(2)
    found = {name: of(rows) for name, of in interpolation.statistics(paths, panel, made, measured).items()}
    assert found["path_monotone"] == found["path_evenness"] == pytest.approx(1)
    assert found["path_range"] == pytest.approx(0.8)
    true = interpolation.true_intensity(paths, panel)
    np.testing.assert_allclose(true[:, -1], PICTURES[1, [0, 2], 0, 0, 0] / 255)
    assert np.isnan(true[:, 1:-1]).all()


def test_drawn_people_have_true_paths():
    task = Task(PICTURES[0][:1], PICTURES[1][:1], LABELS[[1]], ("p000003",), SPACE)
    panel = Panel(expressions=smile_is_brightness)
    paths = interpolation.held_out_paths(task, panel, drawn=True)
    assert paths.truth.shape == (1, 5, 32, 32, 3)
    change = np.abs(paths.truth[0].astype(int) - paths.truth[0, 0]).mean(axis=(1, 2, 3))
    assert (np.diff(change) > 0).all()
    found = interpolation.statistics(paths, panel, paths.truth, np.zeros((1, 5)))
    assert found["path_l1"](np.arange(1)) == 0


def test_large_sets_are_thinned_out_by_person():
    count = interpolation.LABELS_PER_PERSON + 5
    pictures = np.zeros((count + 1, 32, 32, 3), np.uint8)
    task = Task(pictures, pictures, LABELS[[1] * (count + 1)], ("a",) * count + ("b",), SPACE)
    paths = interpolation.held_out_paths(task, Panel(expressions=smile_is_brightness), drawn=False)
    assert paths.person == ("a",) * interpolation.LABELS_PER_PERSON + ("b",)
