"""The true maps as a model that makes no mistakes: what each part of them is worth."""

import jax.numpy as jnp
import numpy as np

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
    assert lines[0] == "| | read as requested | happy | sad | L1 |"
    assert lines[-1] == "| true pictures | 50% | 100% | 0% | 0.0000 |"
