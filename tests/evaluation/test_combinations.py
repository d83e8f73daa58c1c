"""Mixtures that training never saw, and the true pictures of drawn people."""

import numpy as np
import pytest

from cdaae_jax.data.synthetic_faces import truth
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation import combinations
from cdaae_jax.labels import DISFA_AUS, EMOTIONS, LabelSpace

EMOTION_SPACE = LabelSpace("emotion", EMOTIONS)
AU_SPACE = LabelSpace("au", DISFA_AUS)


def together(labels):
    return [frozenset(np.flatnonzero(label)) for label in labels]


def test_mixtures_of_emotions_are_pairs_and_triples_that_add_up_to_one():
    labels = combinations.combinations(EMOTION_SPACE, 56, seed=0)  # 21 pairs and 35 triples are all there are
    assert labels.dtype == np.float32 and labels.shape == (56, 8)
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    assert not labels[:, 0].any() and labels[labels > 0].min() == pytest.approx(0.2)
    np.testing.assert_allclose(labels * 10, np.round(labels * 10), atol=1e-5)
    assert len(set(together(labels))) == 56
    assert np.bincount((labels > 0).sum(axis=1)).tolist() == [0, 0, 21, 35]
    for label in labels:
        np.testing.assert_allclose(EMOTION_SPACE.parse(EMOTION_SPACE.describe(label)), label, atol=1e-6)


def test_mixtures_of_action_units_have_facs_intensities():
    labels = combinations.combinations(AU_SPACE, 90, seed=3) * 5
    assert set(np.unique(labels)) == {0, *np.arange(2, 11) / 2}
    counts = np.bincount((labels > 0).sum(axis=1), minlength=5)
    assert counts.sum() == counts[2:].sum() == 90 and counts[2:].min() > 15


def test_what_training_saw_is_not_returned_at_whatever_intensity():
    parsed = ("AU1=1,AU2=5", "AU1=2,AU4=2", "AU2=1", "AU1=1,AU2=1,AU4=1,AU5=1")
    space = LabelSpace("au", ("AU1", "AU2", "AU4", "AU5"))
    seen = np.stack([space.parse(label) for label in parsed])
    labels = combinations.combinations(space, 8, seed=0, seen=seen)  # 6 pairs, 4 triples and 1 of four, less 3
    assert len(set(together(labels))) == 8 and not set(together(labels)) & set(together(seen))
    with pytest.raises(UserError, match="there are 8 unseen mixtures of 4 names, and 9 are asked for"):
        combinations.combinations(space, 9, seed=0, seen=seen)
    # The neutral part of a label is no part of the mixture.
    seen = np.stack([EMOTION_SPACE.parse("happy=0.4,sad=0.2")])
    assert seen[0, 0] > 0
    labels = combinations.combinations(EMOTION_SPACE, 55, seed=0, seen=seen)
    assert frozenset({1, 2}) not in together(labels)


def test_the_seed_decides():
    first, again, other = (combinations.combinations(AU_SPACE, 5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_task_of_drawn_people_has_the_true_pictures():
    labels = np.stack([EMOTION_SPACE.parse("happy=0.7,surprised=0.3"), EMOTION_SPACE.parse("sad")])
    task = combinations.truth_task(["p000113", "p000114"], labels, 32, EMOTION_SPACE)
    assert task.person == ("p000113", "p000113", "p000114", "p000114") and task.space == EMOTION_SPACE
    np.testing.assert_array_equal(task.label, labels[[0, 1, 0, 1]])
    np.testing.assert_array_equal(task.target[0], truth.truth("p000113", "happy=0.7,surprised=0.3", 32))
    np.testing.assert_array_equal(task.source[[2, 3]], truth.truth_batch(["p000114"], ["neutral"] * 2, 32))
    assert (task.target[1] != task.target[3]).any()
    aus = combinations.truth_task(["p000113"], np.stack([AU_SPACE.parse("AU12=3,AU6=2")]), 32, AU_SPACE)
    np.testing.assert_array_equal(aus.source[0], task.source[0])
    with pytest.raises(UserError, match="nobody in the synthetic faces"):
        combinations.truth_task(["S001"], labels, 32, EMOTION_SPACE)
