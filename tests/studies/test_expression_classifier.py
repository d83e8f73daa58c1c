"""The small classifier: it learns what can be learnt, the same way each time, and refuses what it cannot use."""

import numpy as np
import pytest

from studies import expression_classifier
from studies.expression_classifier import balanced_accuracy, balanced_weights, train_classifier

SIDE, STEPS = 16, 40


def make_problem(count, seed):
    """Noise with a bright square, 4 pixels wide, at the top (class 0), at the bottom (1), or none (2)."""
    random = np.random.default_rng(seed)
    pictures = random.integers(0, 100, (count, SIDE, SIDE, 3), np.uint8)
    labels = np.arange(count) % 3
    pictures[labels == 0, 2:6, 6:10] = 255
    pictures[labels == 1, 10:14, 6:10] = 255
    return pictures, labels


@pytest.fixture(scope="module")
def trained():
    return train_classifier(*make_problem(30, 0), seed=0, steps=STEPS)


def test_learns_a_separable_problem(trained):
    pictures, labels = make_problem(90, 1)
    probabilities = trained.probabilities(pictures)
    assert probabilities.shape == (90, 3) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.95


def test_probabilities_do_not_depend_on_the_pictures_beside(trained):
    pictures, _ = make_problem(70, 1)  # more than one chunk
    together = trained.probabilities(pictures)
    np.testing.assert_allclose(together[65:], trained.probabilities(pictures[65:]), rtol=1e-5)
    assert trained.probabilities(pictures[:0]).shape == (0, 3)


def test_the_seed_decides_everything(trained):
    pictures, _ = make_problem(9, 1)
    again, other = (train_classifier(*make_problem(30, 0), seed=seed, steps=STEPS) for seed in (0, 1))
    np.testing.assert_array_equal(again.probabilities(pictures), trained.probabilities(pictures))
    assert np.abs(other.probabilities(pictures) - trained.probabilities(pictures)).max() > 1e-4


def test_light_and_skin_do_not_matter(trained):
    pictures, labels = make_problem(90, 1)
    darker = (pictures * np.array([0.5, 0.4, 0.3])).astype(np.uint8)
    assert (trained.probabilities(darker).argmax(axis=1) == labels).mean() > 0.95


def test_batches_are_drawn_by_weight_and_changed():
    pictures = np.arange(4, dtype=np.uint8).repeat(SIDE * SIDE * 3).reshape(4, SIDE, SIDE, 3) * 60
    weights = np.array([0.0, 0.5, 0.0, 0.5])
    drawn = np.concatenate([expression_classifier._batch(pictures, weights, 0, step)[0] for step in range(20)])
    assert set(drawn) == {1, 3} and 0.35 < (drawn == 1).mean() < 0.65
    left_dark = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    left_dark[:, :, SIDE // 2 :] = 200
    _, batch = expression_classifier._batch(left_dark, np.ones(1), 0, 0)
    mirrored = batch[:, :, 0, 0] > 0
    assert 0 < mirrored.all(axis=1).sum() < len(batch)  # some are mirrored, some are not
    assert len(np.unique(batch[:, :, :, 0].max(axis=(1, 2)))) > 8  # and the colours differ


def test_a_class_that_is_never_drawn_is_not_learnt():
    pictures, labels = make_problem(30, 0)
    classifier = train_classifier(pictures, labels, seed=0, steps=STEPS, weights=(labels != 1).astype(float))
    assert not (classifier.probabilities(pictures).argmax(axis=1) == 1).any()


def test_refuses_what_it_cannot_use(trained):
    pictures, labels = make_problem(6, 0)
    for wrong, message in (
        ((pictures.astype(np.float32), labels, 0, 1), "uint8"),
        ((pictures[:, :8, :8], labels, 0, 1), "multiple of 16"),
        ((pictures, labels[:5], 0, 1), "per picture"),
        ((pictures, labels.astype(float), 0, 1), "class number"),
        ((pictures, labels * 2, 0, 1), "class 1 has no picture"),
        ((pictures, labels, 0, 0), "steps is 0"),
        ((pictures, labels, 0, 1, np.zeros(6)), "weights"),
        ((pictures, labels, 0, 1, np.full(6, np.nan)), "weights"),
    ):
        with pytest.raises(ValueError, match=message):
            train_classifier(*wrong)
    with pytest.raises(ValueError, match="trained at 16 px"):
        trained.probabilities(np.zeros((1, 32, 32, 3), np.uint8))


def test_balanced_weights():
    labels, made = np.array([0, 0, 0, 1, 1, 2, 0]), np.array([0, 0, 0, 0, 0, 1, 1], bool)
    weights = balanced_weights(labels, made, 0.4)
    np.testing.assert_allclose(weights, [0.2, 0.2, 0.2, 0.5, 0.5, 1.0, 0.4])


def test_balanced_accuracy():
    labels = np.array([0, 0, 0, 1])
    statistic = balanced_accuracy(np.array([1.0, 0.0, 0.5, 1.0]), labels)
    assert statistic(np.arange(4)) == pytest.approx(0.75)
    assert statistic(np.array([1, 1, 2])) == pytest.approx(0.5 / 3)  # class 1 is left out
