"""Paths: who is asked for what, and the true pictures along them."""

import numpy as np
import pytest

from cdaae_jax.evaluation.tasks import paths
from cdaae_jax.evaluation.tasks.drawn import DrawnFaces
from cdaae_jax.evaluation.tasks.edits import Task
from cdaae_jax.labels import LabelSpace

SPACE = LabelSpace("emotion", ("neutral", "happy", "contemptuous"))
PICTURES = np.random.default_rng(0).integers(0, 256, (2, 4, 32, 32, 3), np.uint8)
LABELS = np.eye(3, dtype=np.float32)


@pytest.fixture
def task():
    return Task(PICTURES[0], PICTURES[1], LABELS[[1, 2, 1, 2]], tuple("aabb"), SPACE)


def test_paths_go_from_neutral_to_the_labels_that_can_be_measured(task):
    found = paths.held_out_paths(task, np.array([True, False, True, False]))
    assert found.ends.person == ("a", "b") and found.true is None
    np.testing.assert_array_equal(found.ends.target, PICTURES[1, [0, 2]])
    np.testing.assert_array_equal(found.label[1, :, 1], paths.AMOUNTS)
    np.testing.assert_allclose(found.label.sum(axis=-1), 1)
    assert paths.held_out_paths(task, np.zeros(4, bool)) is None


def test_drawn_people_have_true_paths():
    task = Task(PICTURES[0][:1], PICTURES[1][:1], LABELS[[1]], ("p000003",), SPACE, DrawnFaces())
    true = paths.held_out_paths(task, np.ones(1, bool)).true
    assert true.shape == (1, 5, 32, 32, 3)
    change = np.abs(true[0].astype(int) - true[0, 0]).mean(axis=(1, 2, 3))
    assert (np.diff(change) > 0).all()


def test_large_sets_are_thinned_out_by_person():
    count = paths.LABELS_PER_PERSON + 5
    pictures = np.zeros((count + 1, 32, 32, 3), np.uint8)
    task = Task(pictures, pictures, LABELS[[1] * (count + 1)], ("a",) * count + ("b",), SPACE)
    found = paths.held_out_paths(task, np.ones(count + 1, bool))
    assert found.ends.person == ("a",) * paths.LABELS_PER_PERSON + ("b",)
