"""Measuring on a task whose answers are known."""

import numpy as np
import pytest

from cdaae_jax.evaluation.edits import Task
from cdaae_jax.evaluation.measures import Scorer
from cdaae_jax.labels import LabelSpace


@pytest.fixture
def task():
    random = np.random.default_rng(0)
    pictures = random.integers(0, 200, (2, 4, 32, 32, 3), np.uint8)
    space = LabelSpace("emotion", ("neutral", "happy", "sad"))
    label = np.eye(3, dtype=np.float32)[[1, 2, 1, 2]]
    return Task(source=pictures[0], target=pictures[1], label=label, person=("a", "a", "b", "b"), space=space)


def test_picture_scores_and_their_intervals_are_over_people(task):
    # Person a is 10 grey levels off, person b 20.
    off = np.array([10, 10, 20, 20], np.uint8)[:, None, None, None]
    row = Scorer(task, None).row(task.target + off)
    assert row["l1"] == pytest.approx((15 / 255, 10 / 255, 20 / 255))
    assert row["sharpness"] == pytest.approx((1, 1, 1))  # a shift blurs nothing
    assert Scorer(task, None).confusion(task.target) is None and Scorer(task, None).facts() == {}
