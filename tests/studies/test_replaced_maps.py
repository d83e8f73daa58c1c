"""A model's maps replaced by the truth, one after the other: each that is replaced brings the picture nearer."""

import itertools

import jax.numpy as jnp
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.models.change import Change
from studies import replaced_maps
from tests.studies.test_learnt_maps import truth
from tests.studies.test_true_maps import HappyJudge, drawn


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


def test_the_table_has_a_row_for_each_choice_of_parts():
    faces = drawn()
    lines = replaced_maps.report(truth(faces), faces, HappyJudge()).splitlines()
    names = [line.split("|")[1].strip() for line in lines[2:]]
    assert names[0] == "the model" and names[-1] == "true pictures"
    assert "true flow" in names and "true flow, shading, paint" in names and len(names) == 9


def test_a_change_that_lacks_a_part_is_refused():
    faces = drawn()
    with pytest.raises(UserError, match="lacks a flow, a shift or a mask"):
        replaced_maps.report(truth(faces).replace(mask=None, paint=None), faces, HappyJudge())
