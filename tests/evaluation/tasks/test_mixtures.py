"""Which edits ask for what training never showed together."""

import numpy as np
from cdaae_jax.evaluation.edits import Task

from cdaae_jax.evaluation import mixtures
from cdaae_jax.labels import LabelSpace


def test_only_the_set_of_names_counts():
    space = LabelSpace("au", ("AU1", "AU2", "AU4"))
    seen = np.float32([[1, 0, 0], [0.2, 0.4, 0], [0, 0, 0]])
    asked = np.float32([[0.4, 0, 0], [0.4, 1, 0], [0.4, 0, 1], [0, 0, 1]])
    assert mixtures.rows_of_new_kind(asked, seen, space) == [2, 3]
    emotions = LabelSpace("emotion", ("neutral", "happy", "sad"))
    seen = np.float32([[1, 0, 0], [0, 1, 0]])
    asked = np.float32([[0.5, 0.5, 0], [0.2, 0.4, 0.4]])  # half a smile is no mixture
    assert mixtures.rows_of_new_kind(asked, seen, emotions) == [1]


def test_drawn_people_get_mixtures_with_their_true_pictures():
    space = LabelSpace("emotion", ("neutral", "happy", "sad", "surprised", "angry"))
    nothing = np.zeros((2, 32, 32, 3), np.uint8)
    seen = np.eye(5, dtype=np.float32)
    task = Task(nothing, nothing, seen[1:3], ("p000001", "p000001"), space)
    drawn = mixtures.drawn_task(task, seen)
    assert drawn.person == ("p000001",) * mixtures.PER_PERSON
    assert mixtures.rows_of_new_kind(drawn.label, seen, space) == list(range(mixtures.PER_PERSON))
    assert drawn.target.shape == (mixtures.PER_PERSON, 32, 32, 3) and drawn.target.std() > 10


def test_too_few_names_give_no_mixtures():
    space = LabelSpace("emotion", ("neutral", "happy", "sad"))
    nothing = np.zeros((1, 32, 32, 3), np.uint8)
    assert mixtures.drawn_task(Task(nothing, nothing, np.eye(3)[1:2], ("p000001",), space), np.eye(3)) is None
