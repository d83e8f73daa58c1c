"""Checkpoints: nothing is lost, damage is found, and the one before is used instead."""

import logging
import pathlib

import jax
import numpy as np
import optax
import pytest
from support import make_tiny_config

from cdaae_jax import checkpoint
from cdaae_jax.errors import UserError
from cdaae_jax.labels import LabelSpace
from cdaae_jax.state import NETWORKS, TrainState

SPACE = LabelSpace("emotion", ("neutral", "happy"))


def make_state(step: int) -> TrainState:
    random = np.random.default_rng(step)
    params = {name: {"dense": {"kernel": random.normal(size=(40, 50)).astype(np.float32)}} for name in NETWORKS}
    state = TrainState(
        step=np.array(step, np.int32),
        params=params,
        batch_stats={
            "image_discriminator": {"mean": random.normal(size=3).astype(np.float32)},
            "latent_discriminator": {},
        },
        opt_state={name: optax.adam(1e-3).init(params[name]) for name in NETWORKS},
        ema={"dense": {"kernel": random.normal(size=(40, 50)).astype(np.float32)}},
    )
    return jax.device_get(state)


def save(workdir: pathlib.Path, *steps: int, keep: int = 5) -> None:
    with checkpoint.Checkpointer(workdir, keep) as saver:
        for step in steps:
            saver.save(make_state(step), make_tiny_config(), SPACE)


def assert_equal(state: TrainState, other: TrainState) -> None:
    assert jax.tree.structure(state) == jax.tree.structure(other)
    jax.tree.map(np.testing.assert_array_equal, state, other)


def damage(folder: pathlib.Path, item: str, cut: bool) -> None:
    """Cuts the largest file of an item in half, or flips one of its bits."""
    largest = max((file for file in (folder / item).rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)
    content = bytearray(largest.read_bytes())
    if cut:
        content = content[: len(content) // 2]
    else:
        content[len(content) // 2] ^= 1
    largest.write_bytes(content)


def test_a_state_comes_back_as_it_was(tmp_path):
    save(tmp_path, 7)
    assert_equal(checkpoint.restore(tmp_path, make_state(0)), make_state(7))
    params, meta = checkpoint.read_model(tmp_path)
    jax.tree.map(np.testing.assert_array_equal, params, make_state(7).ema)
    assert meta["step"] == 7 and meta["labels"] == {"kind": "emotion", "names": ["neutral", "happy"]}
    assert meta["config"]["model"]["image_size"] == 32 and set(meta["versions"]) == {
        "cdaae_jax",
        "jax",
        "flax",
        "optax",
    }
    assert checkpoint.read_meta(tmp_path) == meta


def test_the_newest_few_are_kept(tmp_path):
    save(tmp_path, 1, 2, 3, keep=2)
    assert checkpoint.steps(tmp_path) == [2, 3]
    params, meta = checkpoint.read_model(tmp_path / "checkpoints" / "2")
    assert meta["step"] == 2
    np.testing.assert_array_equal(params["dense"]["kernel"], make_state(2).ema["dense"]["kernel"])


@pytest.mark.parametrize("item", ["model", "train"])
@pytest.mark.parametrize("cut", [True, False], ids=["cut short", "one bit flipped"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(tmp_path, caplog, item, cut):
    save(tmp_path, 10, 20)
    damage(tmp_path / "checkpoints" / "20", item, cut)
    with caplog.at_level(logging.WARNING):
        restored = checkpoint.restore(tmp_path, make_state(0))
    assert_equal(restored, make_state(10))
    assert "step 20" in caplog.text and "damaged" in caplog.text and "using step 10 instead" in caplog.text
    # Moved aside, not deleted, and step 20 can be written again.
    assert (tmp_path / "damaged" / "20").is_dir() and checkpoint.steps(tmp_path) == [10]
    save(tmp_path, 20)
    assert_equal(checkpoint.restore(tmp_path, make_state(0)), make_state(20))


def test_sampling_passes_over_damage_and_leaves_it_where_it_is(tmp_path, caplog):
    save(tmp_path, 10, 20)
    damage(tmp_path / "checkpoints" / "20", "model", cut=True)
    _, meta = checkpoint.read_model(tmp_path)
    assert meta["step"] == 10 and "using step 10 instead" in caplog.text
    assert checkpoint.steps(tmp_path) == [10, 20]
    with pytest.raises(UserError, match="no checkpoint in .* can be read"):
        checkpoint.read_model(tmp_path / "checkpoints" / "20")


def test_without_any_good_checkpoint_there_is_an_error_and_nothing_is_deleted(tmp_path):
    save(tmp_path, 10)
    damage(tmp_path / "checkpoints" / "10", "train", cut=True)
    with pytest.raises(UserError, match="no checkpoint .* can be read; they were moved to"):
        checkpoint.restore(tmp_path, make_state(0))
    assert (tmp_path / "damaged" / "10").is_dir()


def test_an_unfinished_checkpoint_does_not_count(tmp_path):
    save(tmp_path, 10)
    (tmp_path / "checkpoints" / "20.orbax-checkpoint-tmp-1").mkdir()
    assert checkpoint.steps(tmp_path) == [10]
    assert int(checkpoint.restore(tmp_path, make_state(0)).step) == 10


def test_an_empty_or_missing_folder(tmp_path):
    assert checkpoint.restore(tmp_path, make_state(0)) is None
    assert checkpoint.read_meta(tmp_path / "nowhere") is None
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "checkpoints" / "5"):
        with pytest.raises(UserError, match="there is no checkpoint in"):
            checkpoint.read_model(path)


def test_saving_an_older_step_is_an_error_not_silence(tmp_path):
    with checkpoint.Checkpointer(tmp_path, 2) as saver:
        saver.save(make_state(20), make_tiny_config(), SPACE)
        with pytest.raises((RuntimeError, ValueError)):
            saver.save(make_state(20), make_tiny_config(), SPACE)
