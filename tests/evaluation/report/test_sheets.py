"""Sheets of people: labels as texts."""

import numpy as np

from cdaae_jax.evaluation.report import sheets
from cdaae_jax.evaluation.tasks.edits import Task
from cdaae_jax.labels import LabelSpace

NOTHING = np.zeros((2, 32, 32, 3), np.uint8)


def test_full_expressions_need_no_number_and_action_units_keep_theirs():
    emotions = Task(
        NOTHING, NOTHING, np.float32([[0, 1], [0.5, 0.5]]), ("a", "a"), LabelSpace("emotion", ("sad", "happy"))
    )
    assert [sheets._text(emotions, i) for i in range(2)] == ["happy", "sad=0.5\nhappy=0.5"]
    units = Task(NOTHING, NOTHING, np.float32([[0.6, 0.2], [0, 1]]), ("a", "a"), LabelSpace("au", ("AU1", "AU15")))
    assert [sheets._text(units, i) for i in range(2)] == ["AU1=3\nAU15=1", "AU15=5"]


def test_people_asked_for_other_things_have_headings_of_their_own():
    space = LabelSpace("au", ("AU1", "AU15"))
    same = Task(NOTHING, NOTHING, np.float32([[0.2, 0], [0.2, 0]]), ("a", "b"), space)
    other = Task(NOTHING, NOTHING, np.float32([[0.2, 0], [0, 0.4]]), ("a", "b"), space)
    assert sheets.by_label({}, other).shape[0] > sheets.by_label({}, same).shape[0]
