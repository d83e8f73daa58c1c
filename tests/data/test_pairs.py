"""Pairs of photos: of one person, reproducible, and balanced however unbalanced the set is."""

import itertools

import numpy as np
import pytest

from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.data.pairs import PairSampler
from cdaae_jax.data.records import Record
from cdaae_jax.labels import LabelSpace

SPACE = LabelSpace("emotion", ("neutral", "happy", "sad"))
# Photos of each person by label: some have many, some one, and two people lack a label.
COUNTS = ((1, 30, 1), (2, 2, 2), (40, 1, 0), (1, 0, 1), (10, 10, 10))
MANY = 60_000


@pytest.fixture(scope="module")
def faces():
    person, label = [], []
    for i, counts in enumerate(COUNTS):
        for k, count in enumerate(counts):
            person += [i] * count
            label += [k] * count
    # The photos of a person come in any order of labels.
    order = np.lexsort((np.random.default_rng(0).random(len(person)), person))
    person, label = np.array(person)[order], np.array(label)[order]
    return FaceDataset(
        records=tuple(Record(f"photo{i}", f"p{i}", None, None, None) for i in person),
        labels=np.eye(3, dtype=np.float32)[label],
        person=person,
        people=tuple(f"p{i}" for i in range(len(COUNTS))),
        space=SPACE,
    )


def draw(faces, share=0.1, flip=True, seed=0, step=0, batch_size=MANY):
    return PairSampler(faces, share, flip).draw(seed, step, batch_size)


def test_photos_of_a_one_sided_label_are_never_mirrored(faces):
    names = ("neutral", "happy", "contemptuous")
    lopsided = FaceDataset(faces.records, faces.labels, faces.person, faces.people, LabelSpace("emotion", names))
    pairs = draw(lopsided)
    contempt = (faces.labels[[pairs.source, pairs.target], 2] > 0).any(axis=0)
    assert contempt.any() and not pairs.mirrored[contempt].any()
    assert abs(pairs.mirrored[~contempt].mean() - 0.5) < 0.02


def assert_equally_often(values, kinds):
    """Each kind makes up its equal share, within five standard deviations of chance."""
    counts = np.bincount(values, minlength=kinds)
    expected = len(values) / kinds
    assert counts.shape == (kinds,)
    np.testing.assert_allclose(counts, expected, atol=5 * np.sqrt(expected))


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_source_and_target_are_always_the_same_person(faces, share):
    pairs = draw(faces, share)
    assert pairs.source.shape == pairs.target.shape == pairs.mirrored.shape == (MANY,)
    assert pairs.source.dtype == pairs.target.dtype == np.int64 and pairs.mirrored.dtype == bool
    np.testing.assert_array_equal(faces.person[pairs.source], faces.person[pairs.target])


def test_the_same_seed_and_step_give_the_same_pairs(faces):
    first, again = draw(faces, seed=3, step=7, batch_size=64), draw(faces, seed=3, step=7, batch_size=64)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    others = [draw(faces, seed=seed, step=step, batch_size=64) for seed, step in ((3, 8), (4, 7), (7, 3), (2, 8))]
    for one, other in itertools.combinations([first, *others], 2):
        assert (one.target != other.target).any() and (one.source != other.source).any()


def test_a_step_does_not_depend_on_the_steps_before_it(faces):
    sampler = PairSampler(faces, 0.1, True)
    for step in range(5):
        sampler.draw(0, step, 16)
    np.testing.assert_array_equal(sampler.draw(0, 5, 16).source, draw(faces, step=5, batch_size=16).source)


def test_people_come_equally_often_whatever_the_number_of_their_photos(faces):
    assert_equally_often(faces.person[draw(faces).target], len(COUNTS))


def test_labels_of_a_person_come_equally_often_whatever_the_number_of_photos(faces):
    target = draw(faces).target
    label = faces.labels[target].argmax(axis=1)
    for i, counts in enumerate(COUNTS):
        owned = np.flatnonzero(counts)
        of_person = label[faces.person[target] == i]
        assert set(of_person) == set(owned)
        assert_equally_often(np.searchsorted(owned, of_person), len(owned))


def test_labels_come_equally_often_where_everybody_has_all(faces):
    complete = faces.of(("p0", "p1", "p4"))
    assert_equally_often(complete.labels[draw(complete).target].argmax(axis=1), 3)


def test_every_other_photo_of_the_person_is_as_likely_a_source(faces):
    pairs = draw(faces, share=0.0)
    for target in (0, 1, 32, 40):
        sources = pairs.source[pairs.target == target]
        others = [i for i in np.flatnonzero(faces.person == faces.person[target]) if i != target]
        assert len(sources) > 100
        assert_equally_often(np.searchsorted(others, sources), len(others))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_share_of_identity_pairs_is_the_one_asked_for(faces, share):
    pairs = draw(faces, share)
    found = (pairs.source == pairs.target).mean()
    assert abs(found - share) <= 5 * np.sqrt(share * (1 - share) / MANY)


def test_half_of_the_pairs_are_mirrored_or_none(faces):
    pairs = draw(faces)
    assert_equally_often(pairs.mirrored.astype(int), 2)
    # Whether a pair is mirrored says nothing about the pair.
    assert_equally_often(faces.person[pairs.target[pairs.mirrored]], len(COUNTS))
    plain = draw(faces, flip=False)
    assert not plain.mirrored.any()
    np.testing.assert_array_equal(plain.source, pairs.source)


def test_action_unit_vectors_are_labels_like_others(faces):
    units = LabelSpace("au", ("AU1", "AU2", "AU4"))
    coded = FaceDataset(faces.records, faces.labels * 0.37, faces.person, faces.people, units)
    np.testing.assert_array_equal(draw(coded).target, draw(faces).target)


def test_neutral_sources_come_as_often_as_asked(faces):
    neutral = set(faces.most_neutral())
    drawn = PairSampler(faces, identity_share=0.0, flip=False, neutral_source=1.0).draw(0, 0, 600)
    for source, target in zip(drawn.source, drawn.target, strict=True):
        assert (source in neutral) != (target in neutral) and source != target
        assert faces.person[source] == faces.person[target]
