"""What a model has learnt of the true maps: nothing wrong with the truth itself, and each part counted for itself."""

import jax.numpy as jnp
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.models.change import Change, move
from studies import learnt_maps
from tests.studies.test_true_maps import drawn


def truth(faces):
    photo = faces.source[:, 2::4, 2::4]
    moved = move(photo, faces.flow)
    shaded = (moved + 1.0) * jnp.exp(faces.shade) - 1.0
    return Change(
        flow=faces.flow,
        shift=jnp.arctanh(shaded) - jnp.arctanh(moved),
        mask=faces.painted,
        paint=jnp.broadcast_to(jnp.array([1.0, -1.0, -1.0]), photo.shape),
    )


def test_the_truth_has_no_errors_and_each_part_has_its_own():
    faces = drawn()
    right = truth(faces)
    none = learnt_maps.errors(right, faces)
    assert max(none[name] for name in ("flow", "mask", "shading")) < 1e-5
    assert none["painted"] < 0.05 and none["l1"] < 0.05
    skin = float((1 - faces.painted).mean())
    off = {
        "flow": right.replace(flow=right.flow.at[..., 1].add(2 / 64)),
        "shading": right.replace(shift=right.shift - 0.3),
        "mask": right.replace(mask=right.mask / 2),
    }
    wrong = {name: learnt_maps.errors(made, faces) for name, made in off.items()}
    assert wrong["flow"]["flow"] == pytest.approx(2 * skin, rel=1e-3)
    assert wrong["shading"]["shading"] == pytest.approx(0.3 * skin, rel=1e-3)
    assert wrong["mask"]["mask"] == pytest.approx(1 / 3, rel=1e-3)
    assert wrong["mask"]["painted"] > none["painted"] + 0.1
    for name, found in wrong.items():
        assert all(found[other] < 1e-5 for other in off if other != name)
        assert found["l1"] > none["l1"]


def test_a_change_that_lacks_a_part_is_refused():
    faces = drawn()
    with pytest.raises(UserError, match="lacks a flow, a shift or a mask"):
        learnt_maps.errors(truth(faces).replace(flow=None), faces)
