"""The emotion recipes: one per emotion of the vocabulary, made of AUs that the renderer knows."""

import numpy as np
import pytest

from cdaae_jax.data.synthetic_faces.action_units import AU_NAMES, au_vector
from cdaae_jax.data.synthetic_faces.emotions import RECIPES, emotion_aus
from cdaae_jax.errors import UserError
from cdaae_jax.labels import EMOTIONS


def test_a_recipe_of_known_aus_for_every_emotion():
    assert tuple(RECIPES) == EMOTIONS
    for recipe in RECIPES.values():
        assert set(recipe) <= set(AU_NAMES) and all(0.0 < amount <= 5.0 for amount in recipe.values())
    assert not emotion_aus({"neutral": 1.0}).any()


def test_contempt_is_one_sided():
    assert all(name[-1] in "LR" for name in RECIPES["contemptuous"])


def test_mixtures_add_and_stop_at_five():
    happy, surprised = (au_vector(RECIPES[name]) for name in ("happy", "surprised"))
    np.testing.assert_allclose(emotion_aus({"happy": 0.5}), 0.5 * happy)
    mixed = emotion_aus({"happiness": 0.7, "surprised": 0.6})
    np.testing.assert_allclose(mixed, np.minimum(0.7 * happy + 0.6 * surprised, 5.0), rtol=1e-6)
    assert emotion_aus({"happy": 1.5}).max() == 5.0


@pytest.mark.parametrize("weights", [{"bored": 1.0}, {"happy": -0.1}, {"happy": float("nan")}, {"happy": "very"}])
def test_unusable_mixtures(weights):
    with pytest.raises(UserError):
        emotion_aus(weights)
