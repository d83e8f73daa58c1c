"""Mixtures that training never saw, and the true pictures of drawn people."""

import numpy as np
import pytest

from cdaae_jax.data.synthetic_faces import truth
from cdaae_jax.evaluation.tasks import mixtures
from cdaae_jax.evaluation.tasks.drawn import DrawnFaces
from cdaae_jax.evaluation.tasks.edits import Task
from cdaae_jax.labels import DISFA_AUS, EMOTIONS, LabelSpace

EMOTION_SPACE = LabelSpace("emotion", EMOTIONS)
AU_SPACE = LabelSpace("au", DISFA_AUS)
NOTHING_SEEN = [np.zeros((0, space.size)) for space in (EMOTION_SPACE, AU_SPACE)]


def together(labels):
    return [frozenset(np.flatnonzero(label)) for label in labels]


def test_mixtures_of_emotions_are_pairs_and_triples_that_add_up_to_one():
    labels = mixtures.unseen_mixtures(
        EMOTION_SPACE, 56, 0, NOTHING_SEEN[0]
    )  # 21 pairs and 35 triples are all there are
    assert labels.dtype == np.float32 and labels.shape == (56, 8)
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    assert not labels[:, 0].any() and labels[labels > 0].min() == pytest.approx(0.2)
    np.testing.assert_allclose(labels * 10, np.round(labels * 10), atol=1e-5)
    assert len(set(together(labels))) == 56
    assert np.bincount((labels > 0).sum(axis=1)).tolist() == [0, 0, 21, 35]
    for label in labels:
        np.testing.assert_allclose(EMOTION_SPACE.parse(EMOTION_SPACE.describe(label)), label, atol=1e-6)


def test_mixtures_of_action_units_have_facs_intensities():
    labels = mixtures.unseen_mixtures(AU_SPACE, 90, 3, NOTHING_SEEN[1]) * 5
    assert set(np.unique(labels)) == {0, *np.arange(2, 11) / 2}
    counts = np.bincount((labels > 0).sum(axis=1), minlength=5)
    assert counts.sum() == counts[2:].sum() == 90 and counts[2:].min() > 15


def test_what_training_saw_is_not_returned_at_whatever_intensity():
    parsed = ("AU1=1,AU2=5", "AU1=2,AU4=2", "AU2=1", "AU1=1,AU2=1,AU4=1,AU5=1")
    space = LabelSpace("au", ("AU1", "AU2", "AU4", "AU5"))
    seen = np.stack([space.parse(label) for label in parsed])
    labels = mixtures.unseen_mixtures(space, 8, 0, seen)  # 6 pairs, 4 triples and 1 of four, less 3
    assert len(set(together(labels))) == 8 and not set(together(labels)) & set(together(seen))
    assert len(mixtures.unseen_mixtures(space, 9, 0, seen)) == 8
    # The neutral part of a label is no part of the mixture.
    seen = np.stack([EMOTION_SPACE.parse("happy=0.4,sad=0.2")])
    assert seen[0, 0] > 0
    labels = mixtures.unseen_mixtures(EMOTION_SPACE, 55, 0, seen)
    assert frozenset({1, 2}) not in together(labels)


def test_the_seed_decides():
    first, again, other = (mixtures.unseen_mixtures(AU_SPACE, 5, seed, NOTHING_SEEN[1]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


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
    nothing, seen = np.zeros((3, 32, 32, 3), np.uint8), np.eye(5, dtype=np.float32)
    task = Task(nothing, nothing, seen[1:4], ("p000114", "p000113", "p000113"), space, DrawnFaces())
    drawn = mixtures.drawn_task(task, seen)
    count = mixtures.PER_PERSON
    assert drawn.person == ("p000113",) * count + ("p000114",) * count and drawn.truth is task.truth
    np.testing.assert_array_equal(drawn.label[:count], mixtures.unseen_mixtures(space, count, mixtures.SEED, seen))
    np.testing.assert_array_equal(drawn.label[:count], drawn.label[count:])
    np.testing.assert_array_equal(drawn.target[1], truth.truth("p000113", drawn.label[1], 32, space))
    np.testing.assert_array_equal(drawn.source[[0, -1]], truth.truth_batch(["p000113", "p000114"], ["neutral"], 32))
    assert mixtures.rows_of_new_kind(drawn.label, seen, space) == list(range(2 * count))


def test_nobody_gets_mixtures_that_cannot_be_drawn_or_are_too_few():
    few = LabelSpace("emotion", ("neutral", "happy", "sad"))
    nothing = np.zeros((1, 32, 32, 3), np.uint8)
    assert (
        mixtures.drawn_task(Task(nothing, nothing, np.eye(3)[1:2], ("p000001",), few, DrawnFaces()), np.eye(3)) is None
    )
    photographed = Task(nothing, nothing, np.eye(8)[1:2], ("anna",), EMOTION_SPACE)
    assert mixtures.drawn_task(photographed, np.eye(8)) is None
