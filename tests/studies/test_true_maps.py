"""The true maps as a model that makes no mistakes: what each part of them is worth."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from cdaae_jax import UserError
from cdaae_jax.models import change
from studies import true_maps
from studies.true_maps import Drawn


def drawn():
    """Two photos; the target is the source, 4 pixels further left, darker, with a red mouth."""
    photo = jnp.asarray(np.random.default_rng(0).uniform(-0.5, 0.5, (2, 64, 64, 3)), jnp.float32)
    photo = jnp.repeat(jnp.repeat(photo, 4, 1), 4, 2)
    flow = jnp.zeros((2, 64, 64, 2)).at[..., 0].set(4 / 256)
    painted = jnp.zeros((2, 64, 64, 1)).at[:, 40:48, 24:40].set(1.0)
    shade = jnp.full((2, 64, 64, 1), -0.1)
    darker = (jnp.roll(photo, -4, axis=2) + 1) * jnp.exp(-0.1) - 1
    large = jnp.repeat(jnp.repeat(painted, 4, 1), 4, 2)
    target = (1 - large) * darker + large * jnp.array([1.0, -1.0, -1.0])
    return Drawn(photo, target, flow, painted, shade, ("happy", "sad"))


def test_each_part_of_the_maps_brings_the_picture_nearer():
    faces = drawn()
    inside = np.s_[:, 8:-8, 8:-8]

    def away(**parts):
        return float(jnp.abs(true_maps.composed(faces, **parts) - faces.target)[inside].mean())

    nothing = float(jnp.abs(faces.source - faces.target)[inside].mean())
    assert nothing > away() > away(shade=True) > away(shade=True, paint=64)
    assert away(shade=True, paint=64) < 0.01


class HappyJudge:
    """Reads everything as happy."""

    def probabilities(self, pictures):
        return np.eye(7)[[list(true_maps.EXPRESSIONS).index("happy")] * len(pictures)]


def test_the_table_counts_what_is_read():
    lines = true_maps.report(drawn(), HappyJudge()).splitlines()
    assert lines[0] == "| | read as requested | expression gain | happy | sad | L1 |"
    assert lines[-1] == "| true pictures | 50% | nan | 100% | 0% | 0.0000 |"


class RedJudge:
    """Reads as happy what is red somewhere, the more the redder."""

    def probabilities(self, pictures):
        red = (pictures[..., 0].astype(float) - pictures[..., 1]).max(axis=(1, 2)) / 255
        return np.stack([red if name == "happy" else (1 - red) / 6 for name in true_maps.EXPRESSIONS], axis=1)


def test_the_gain_is_none_for_the_source_and_all_for_the_true_picture():
    faces = drawn()
    faces = dataclasses.replace(faces, expression=("happy", "happy"))
    gains = [line.split("|")[3].strip() for line in true_maps.report(faces, RedJudge()).splitlines()[2:]]
    assert gains[0] == "0.00" and gains[-1] == "1.00"
    assert 0.0 < float(gains[3]) < 1.1  # flow and paint


def fine_folder(folder, faces, size):
    (folder / "emotion").mkdir()
    for i, file in enumerate(faces.file):
        large = {
            name: np.asarray(change.enlarge(getattr(faces, name), size, size))[i]
            for name in ("flow", "shade", "painted")
        }
        np.savez(
            folder / "emotion" / file,
            flow=large["flow"],
            shade=large["shade"][..., 0],
            painted=large["painted"][..., 0],
        )


def test_finer_maps_replace_the_coarse_ones_and_grids_make_them_coarse_again(tmp_path):
    faces = dataclasses.replace(drawn(), file=("a_happy_100.npz", "b_sad_100.npz"))
    fine_folder(tmp_path, faces, 256)
    fine = true_maps.finer(faces, tmp_path)
    assert fine.flow.shape == (2, 256, 256, 2) and fine.shade.shape == fine.painted.shape == (2, 256, 256, 1)
    coarse = true_maps.on_grids(fine, flow=64, shade=128)
    assert coarse.flow.shape == (2, 64, 64, 2) and coarse.shade.shape == (2, 128, 128, 1)
    np.testing.assert_allclose(coarse.flow, faces.flow, atol=1e-4)
    names = [line.split("|")[1].strip() for line in true_maps.grids(fine, HappyJudge()).splitlines()[2:]]
    assert names == [f"flow at {a}, shade at {b}" for a in (64, 128, 256) for b in (64, 128, 256)] + ["true pictures"]


def test_finer_maps_that_are_missing_or_coarse_are_refused(tmp_path):
    faces = dataclasses.replace(drawn(), file=("a_happy_100.npz", "b_sad_100.npz"))
    with pytest.raises(UserError, match=r"a_happy_100.npz is missing; draw these people with --maps=256"):
        true_maps.finer(faces, tmp_path)
    fine_folder(tmp_path, faces, 64)
    with pytest.raises(UserError, match="allowed: 256 x 256"):
        true_maps.finer(faces, tmp_path)
