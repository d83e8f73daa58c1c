"""A model's maps replaced by the truth, one after the other: each that is replaced brings the picture nearer."""

import dataclasses
import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from cdaae_jax import images
from cdaae_jax.errors import UserError
from cdaae_jax.models.change import Change
from studies import replaced_maps
from studies.true_maps import Reading
from tests.studies.test_learnt_maps import truth
from tests.studies.test_true_maps import HappyJudge, RedJudge, drawn


def test_what_is_replaced_is_right_and_the_rest_is_the_models():
    faces = drawn()
    nothing = Change(
        flow=jnp.zeros_like(faces.flow),
        shift=jnp.zeros((*faces.shade.shape[:3], 3)),
        mask=jnp.zeros_like(faces.painted),
        paint=jnp.zeros((*faces.painted.shape[:3], 3)),
    )

    def away(found, *true):
        made = replaced_maps.composed(found, faces, true)
        return float(jnp.abs(made - faces.target)[:, 8:-8, 8:-8].mean())

    assert away(nothing) == pytest.approx(float(jnp.abs(faces.source - faces.target)[:, 8:-8, 8:-8].mean()), rel=1e-5)
    for part, others in itertools.product(replaced_maps.PARTS, ((), replaced_maps.PARTS)):
        without = [other for other in others if other != part]
        assert away(nothing, part, *without) < away(nothing, *without)
    assert away(nothing, *replaced_maps.PARTS) < 0.01
    assert away(truth(faces)) < 0.02  # its edges at 64 pixels are made sharper than they are


class MeanColour:
    """Knows people by their mean colour."""

    def embed(self, pictures):
        return pictures.mean(axis=(1, 2)) / 255


def test_the_tables_have_a_row_for_each_choice_of_parts():
    faces = drawn()
    text = replaced_maps.report(truth(faces), faces, HappyJudge(), MeanColour())
    for table in text.split("\n\n"):
        names = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
        assert names[0] == "the model" and names[-1] == "true pictures"
        assert "true flow" in names and "true flow, shading, paint" in names and len(names) == 15


def test_each_expression_has_its_distance_and_its_gain():
    faces = dataclasses.replace(drawn(), expression=("happy", "happy"))
    rows = {"nothing": faces.source}
    heading, _, nothing, true = replaced_maps.by_expression(Reading(faces, RedJudge()), rows, MeanColour()).splitlines()
    assert heading == "| | happy |" and nothing == "| nothing | 0.000; 0.00 |"
    colours = (MeanColour().embed(np.asarray(images.to_uint8(one))) for one in (faces.source, faces.target))
    away = np.linalg.norm(np.subtract(*colours), axis=1).mean()
    assert true == f"| true pictures | {away:.3f}; 1.00 |"


def test_a_change_that_lacks_a_part_is_refused():
    faces = drawn()
    with pytest.raises(UserError, match="lacks a flow, a shift or a mask"):
        replaced_maps.report(truth(faces).replace(mask=None, paint=None), faces, HappyJudge(), MeanColour())


def test_either_part_of_the_shading_can_be_the_true_one():
    """The model knows what is coarse alone: with the true fine part it is right, with the coarse one as before."""
    faces = drawn()
    fine = jnp.asarray(np.random.default_rng(1).normal(0, 0.05, faces.shade.shape), jnp.float32)
    faces = dataclasses.replace(faces, shade=faces.shade + fine)
    coarse = dataclasses.replace(faces, shade=jnp.full(faces.shade.shape, -0.1))
    found = truth(coarse)
    np.testing.assert_allclose(replaced_maps.light(found, coarse), coarse.shade, atol=0.02)
    inside = np.s_[:, 8:-8, 8:-8]
    true = replaced_maps.composed(found, faces, ("shading",))[inside]

    def away(*part):
        return float(jnp.abs(replaced_maps.of_fineness(found, faces, *part)[inside] - true).mean())

    model = float(jnp.abs(replaced_maps.composed(found, faces, ())[inside] - true).mean())
    assert away(4, True) < 0.3 * model < away(4, False)
