"""Steps of the amount: true maps end at the true pictures, and each step that makes the judge surer counts."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from cdaae_jax import images
from cdaae_jax.errors import UserError
from studies import rising_steps
from studies.true_maps import SIZE, Reading
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


def test_true_pictures_of_each_amount_are_found_by_their_names(tmp_path):
    faces = dataclasses.replace(drawn(), file=("a_happy_100.npz", "b_sad_100.npz"))
    (tmp_path / "emotion").mkdir()
    for name, grey in (("a_happy_012", 50), ("b_sad_012", 90), ("a_happy_100", 200)):
        images.write(tmp_path / "emotion" / f"{name}.jpg", np.full((32, 32, 3), grey, np.uint8))
    np.testing.assert_array_equal(rising_steps.drawn_at(faces, tmp_path, 0.0), faces.source)
    found = images.to_uint8(rising_steps.drawn_at(faces, tmp_path, 0.125))
    assert found.shape == (2, SIZE, SIZE, 3)
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), [50, 90], atol=1)
    with pytest.raises(UserError, match=r"b_sad_100\.jpg is missing; draw these people's emotions"):
        rising_steps.drawn_at(faces, tmp_path, 1.0)


def test_steps_that_lead_nowhere_are_refused(tmp_path):
    with pytest.raises(UserError, match="--steps is 0; allowed: 1 or more"):
        rising_steps.main(["--steps=0", f"--output={tmp_path / 'table.md'}"])
    assert not (tmp_path / "table.md").exists()
