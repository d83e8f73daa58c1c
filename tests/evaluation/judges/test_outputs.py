"""Measuring on a task whose answers are known."""

import dataclasses

import numpy as np
import pytest

from cdaae_jax.evaluation.judges.face_api import EXPRESSIONS
from cdaae_jax.evaluation.judges.outputs import measure
from cdaae_jax.evaluation.judges.panel import Identity, Panel
from cdaae_jax.evaluation.measures.scores import with_intervals
from cdaae_jax.evaluation.tasks.edits import Task
from cdaae_jax.labels import LabelSpace

SPACE = LabelSpace("emotion", ("neutral", "happy", "sad", "contemptuous"))


@pytest.fixture
def task():
    pictures = np.random.default_rng(0).integers(0, 200, (2, 6, 32, 32, 3), np.uint8)
    label = np.eye(4, dtype=np.float32)[[1, 2, 3, 1, 2, 3]]
    return Task(source=pictures[0], target=pictures[1], label=label, person=tuple("aaabbb"), space=SPACE)


def first_pixel(pictures):
    return pictures[:, 0, 0, :1].astype(np.float64)


def reads(names):
    """An expression judge that says these, one after the other."""
    return lambda pictures: np.eye(7)[[EXPRESSIONS.index(name) for name in names]]


def test_pictures_are_compared_and_intervals_are_over_people(task):
    # Person a is 10 grey levels off, person b 20.
    off = np.repeat(np.array([10, 20], np.uint8), 3)[:, None, None, None]
    measured = measure(task, Panel(), task.target + off)
    row = with_intervals(measured.statistics, np.asarray(task.person))
    assert row["l1"] == pytest.approx((15 / 255, 10 / 255, 20 / 255))
    assert row["sharpness"] == pytest.approx((1, 1, 1))  # a shift blurs nothing
    assert measured.confusion is None and measured.aus is None
    assert not {"lpips", "frechet", "identity_distance", "read_as_requested", "au_icc"} & row.keys()


def test_nothing_changes_outside_the_face_of_the_source_itself(task):
    row = with_intervals(measure(task, Panel(), task.source).statistics, np.asarray(task.person))
    assert row["outside_face"] == (0, 0, 0) and row["l1"].value > 0


def test_expressions_are_counted_by_class_and_only_those_that_the_judge_knows(task):
    panel = Panel(expressions=reads(["happy", "sad", "neutral", "neutral", "sad", "happy"]))
    measured = measure(task, panel, task.target)
    everything = np.arange(6)
    found = {name: of(everything) for name, of in measured.statistics.items() if name.startswith("read")}
    assert found == {"read_as_requested": 0.75, "read_as_happy": 0.5, "read_as_sad": 1.0}
    assert list(measured.confusion) == ["happy", "sad", "contemptuous"]
    assert measured.confusion["happy"] == {**dict.fromkeys(EXPRESSIONS, 0), "happy": 1, "neutral": 1}
    assert measured.confusion["contemptuous"]["happy"] == 1
    # Without any happy row, the mean is that of what is left.
    assert measured.statistics["read_as_requested"](np.array([1, 4])) == 1.0


def test_every_identity_network_judges_and_only_the_first_has_plain_names(task):
    networks = tuple(
        Identity(name, "a test", lambda pictures, by=by: first_pixel(pictures) / by, {"verified": 0.5})
        for name, by in (("one", 100.0), ("two", 200.0))
    )
    panel = Panel(identities=networks)
    found = {name: of(np.arange(6)) for name, of in measure(task, panel, task.source).statistics.items()}
    assert found["identity_distance"] == found["two_identity_distance"] == 0
    assert found["verified"] == found["two_verified"] == 1
    off = task.source + np.uint8(20)
    found = {name: of(np.arange(6)) for name, of in measure(task, panel, off).statistics.items()}
    assert found["identity_distance"] == pytest.approx(0.2) == 2 * found["two_identity_distance"]
    assert panel.titles() == [("one (verified: under 0.5)", ""), ("two (verified: under 0.5)", "two_")]


def test_mixtures_are_not_read_as_one_expression(task):
    mixed = dataclasses.replace(task, label=np.float32([[0.5, 0.5, 0, 0]] * 6))
    measured = measure(mixed, Panel(expressions=reads(["happy"] * 6)), task.target)
    assert measured.confusion is None and "read_as_requested" not in measured.statistics


def test_the_frechet_distance_of_the_targets_themselves_is_0(task):
    statistic = measure(task, Panel(features=first_pixel), task.target).statistics["frechet"]
    assert statistic(np.arange(6)) == pytest.approx(0, abs=1e-6)
    far = measure(task, Panel(features=first_pixel), task.source).statistics["frechet"]
    assert far(np.arange(6)) > 1
