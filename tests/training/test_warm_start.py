"""A training that starts from another's generator: what is taken over, and whom it may not keep apart."""

import jax
import numpy as np
import pytest
from support import SPACE, make_split, make_state, make_tiny_config

from cdaae_jax import checkpoint
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.tasks.people import people_to_judge
from cdaae_jax.training import warm_start
from cdaae_jax.training.warm_start import Origin, start_from


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """A workdir of a training on p1 and p2 that ended after 5 steps."""
    workdir = tmp_path_factory.mktemp("earlier")
    with checkpoint.Checkpointer(workdir, 1) as saver:
        saver.save(make_state(5), make_tiny_config(), SPACE, make_split())
    return workdir


def first_leaf(tree):
    return jax.tree.leaves(tree)[0]


def test_the_generator_is_taken_over_and_the_rest_is_new(earlier):
    new = jax.tree.map(lambda leaf: np.asarray(leaf) + 1, make_state(0))
    state, origin = start_from(new, str(earlier), make_split())
    taken, _ = checkpoint.read_model(earlier)
    for ours in (state.params["generator"], state.ema):
        jax.tree.map(np.testing.assert_array_equal, ours, taken)
    for name in ("image_discriminator", "latent_discriminator"):
        np.testing.assert_array_equal(first_leaf(state.params[name]), first_leaf(new.params[name]))
    assert int(state.step) == int(new.step)
    assert origin == Origin(str(earlier), 5, ["p1", "p2"])


def test_a_parameter_of_another_shape_starts_anew(earlier):
    new = make_state(0)
    label = np.full((3, 3), 7.0)
    generator = new.params["generator"] | {"label": {"kernel": label}}
    state, _ = start_from(new.replace(params=new.params | {"generator": generator}), str(earlier), make_split())
    np.testing.assert_array_equal(state.params["generator"]["label"]["kernel"], label)
    taken, _ = checkpoint.read_model(earlier)
    np.testing.assert_array_equal(state.ema["dense"]["kernel"], taken["dense"]["kernel"])
    other = {"dense": {"kernel": np.zeros((2, 2))}}
    with pytest.raises(UserError, match="it is another network"):
        start_from(new.replace(params=new.params | {"generator": other}), str(earlier), make_split())


def test_an_atlas_flow_is_brought_to_the_new_grid(earlier, monkeypatch):
    coarse = np.broadcast_to(np.arange(8.0, dtype=np.float32)[None, :, None, None], (2, 8, 8, 2))
    theirs, meta = checkpoint.read_model(earlier)
    monkeypatch.setattr(warm_start.pretrained, "read", lambda _: (theirs | {"atlas": {"flow": coarse}}, meta))

    def started(labels):
        new = make_state(0)
        generator = new.params["generator"] | {"atlas": {"flow": np.full((labels, 16, 16, 2), 9.0, np.float32)}}
        state, _ = start_from(new.replace(params=new.params | {"generator": generator}), str(earlier), make_split())
        return state.params["generator"]["atlas"]["flow"]

    np.testing.assert_allclose(started(2)[:, 6:10, 3, 0], np.broadcast_to([2.75, 3.25, 3.75, 4.25], (2, 4)), atol=1e-6)
    np.testing.assert_array_equal(started(3), np.full((3, 16, 16, 2), 9.0))  # other labels


def test_who_was_trained_on_before_cannot_be_kept_apart(earlier):
    with pytest.raises(UserError, match="was trained on p2, who are kept for validation or test here"):
        start_from(make_state(0), str(earlier), make_split(("p1",), ("p2",), ("p3",)))


def test_who_was_trained_on_before_is_not_judged(earlier, tmp_path):
    split = make_split(("p4",), (), ("p5",))
    state, origin = start_from(make_state(1), str(earlier), split)
    with checkpoint.Checkpointer(tmp_path, 1) as saver:
        saver.save(state, make_tiny_config(), SPACE, split, origin._asdict())
    _, meta = checkpoint.read_model(tmp_path)
    assert people_to_judge({"model": meta}, "test") == ("p5",)
    # Another model keeps p2 apart, whom this one's generator had seen before its own training began.
    keeps_p2 = meta | {"people": {"train": [], "validation": [], "test": ["p2"]}, "origin": None}
    with pytest.raises(UserError, match="later would be judged on p2"):
        people_to_judge({"first": keeps_p2, "later": meta}, "test")
    # And a third training that starts from this one remembers all of them.
    _, third = start_from(make_state(0), str(tmp_path), make_split(("p7",), (), ("p8",)))
    assert third.people == ["p1", "p2", "p4"]


def test_nothing_there_is_said(tmp_path):
    with pytest.raises(UserError, match="there is no (checkpoint in|folder)"):
        start_from(make_state(0), str(tmp_path), make_split())
