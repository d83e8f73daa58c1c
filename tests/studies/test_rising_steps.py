"""Steps of the amount: true maps end at the true pictures, and each step that makes the judge surer counts."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from studies import rising_steps
from studies.true_maps import Reading
from tests.studies.test_true_maps import RedJudge, drawn


def test_true_maps_lead_from_the_source_to_the_true_picture():
    faces = drawn()
    np.testing.assert_allclose(rising_steps.by_true_maps(faces, 0.0), faces.source, atol=1e-6)
    inside = np.s_[:, 8:-8, 8:-8]
    away = np.abs(rising_steps.by_true_maps(faces, 1.0) - faces.target)[inside].mean()
    assert away < 0.05 * np.abs(faces.source - faces.target)[inside].mean()


def test_steps_that_make_the_judge_surer_are_counted():
    faces = dataclasses.replace(drawn(), expression=("happy", "happy"))
    grey = jnp.zeros_like(faces.source)
    redder = rising_steps.row(Reading(faces, RedJudge()), lambda amount: grey + amount * jnp.array([1.0, -1.0, -1.0]))
    assert redder == ["100%", "100%"]
    assert rising_steps.row(Reading(faces, RedJudge()), lambda amount: faces.source) == ["0%", "0%"]
