"""Checkpoints: nothing is lost, damage is found, and the one before is used instead."""

import importlib.metadata
import json
import logging
import os
import pathlib
import shutil

import jax
import numpy as np
import optax
import pytest
from support import SPACE, make_split, make_state, make_tiny_config

import cdaae_jax
from cdaae_jax import checkpoint
from cdaae_jax.errors import UserError
from cdaae_jax.state import TrainState


def save(workdir: pathlib.Path, *steps: int, keep: int = 5) -> None:
    with checkpoint.Checkpointer(workdir, keep) as saver:
        for step in steps:
            saver.save(make_state(step), make_tiny_config(), SPACE, make_split())


def tree(folder: pathlib.Path) -> dict[pathlib.Path, bytes | None]:
    """All that lies below a folder: a refusal leaves it as it was."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def change_meta(workdir: pathlib.Path, step: int, change) -> None:
    """Rewrites the JSON file of a checkpoint's meta; `change` takes and returns its text."""
    file = workdir / "checkpoints" / str(step) / "meta" / "metadata"
    file.write_text(change(file.read_text()))


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
    assert meta["config"]["model"]["image_size"] == 32
    assert meta["format"] == checkpoint.FORMAT == 2
    assert meta["people"] == {"train": ["p1", "p2"], "validation": [], "test": ["p3"]}
    assert meta["fingerprint"] == "f00d"
    assert checkpoint.read_meta(tmp_path) == meta


def test_a_checkout_that_nobody_installed_saves_too(tmp_path, monkeypatch):
    version = importlib.metadata.version

    def not_installed(name):
        if name == "cdaae_jax":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", not_installed)
    save(tmp_path, 7)
    versions = {"cdaae_jax": cdaae_jax.__version__, **{name: version(name) for name in ("jax", "flax", "optax")}}
    assert checkpoint.read_meta(tmp_path)["versions"] == versions


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


@pytest.mark.parametrize(
    "change",
    [lambda text: text[: len(text) // 2], lambda text: text.replace('"p1"', '"q1"'), lambda text: "{" + text],
    ids=["cut short", "one letter", "no JSON"],
)
def test_damage_to_the_meta_is_found_too(tmp_path, caplog, change):
    save(tmp_path, 10, 20)
    change_meta(tmp_path, 20, change)
    assert checkpoint.read_meta(tmp_path)["step"] == 10
    assert checkpoint.read_model(tmp_path)[1]["step"] == 10
    assert_equal(checkpoint.restore(tmp_path, make_state(0)), make_state(10))
    assert "step 20" in caplog.text and "using step 10 instead" in caplog.text
    assert (tmp_path / "damaged" / "20").is_dir()


def test_the_same_step_can_be_damaged_twice(tmp_path):
    save(tmp_path, 10, 20)
    damage(tmp_path / "checkpoints" / "20", "train", cut=True)
    assert_equal(checkpoint.restore(tmp_path, make_state(0)), make_state(10))
    save(tmp_path, 20)
    damage(tmp_path / "checkpoints" / "20", "model", cut=True)
    assert_equal(checkpoint.restore(tmp_path, make_state(0)), make_state(10))
    assert {path.name for path in (tmp_path / "damaged").iterdir()} == {"20", "20.1"}


def test_another_process_may_move_the_damaged_checkpoint_first(tmp_path, monkeypatch):
    save(tmp_path, 10, 20)
    damage(tmp_path / "checkpoints" / "20", "train", cut=True)
    rename = pathlib.Path.rename

    def rename_after_another(source, target):
        rename(source, target)
        return rename(source, target)

    monkeypatch.setattr(pathlib.Path, "rename", rename_after_another)
    assert_equal(checkpoint.restore(tmp_path, make_state(0)), make_state(10))
    assert [path.name for path in (tmp_path / "damaged").iterdir()] == ["20"]


def test_without_any_good_checkpoint_there_is_an_error_and_nothing_is_moved(tmp_path):
    save(tmp_path, 10, 20)
    for step in ("10", "20"):
        damage(tmp_path / "checkpoints" / step, "train", cut=True)
    before = tree(tmp_path)
    with pytest.raises(UserError, match=r"no checkpoint in .* can be read \(step 20: .*\); restore the files"):
        checkpoint.restore(tmp_path, make_state(0))
    assert tree(tmp_path) == before


def refusals(workdir: pathlib.Path, target: TrainState | None = None):
    """Each way to read a workdir, as a function that should raise."""
    return (
        lambda: checkpoint.restore(workdir, target or make_state(0)),
        lambda: checkpoint.read_meta(workdir),
        lambda: checkpoint.read_model(workdir),
        lambda: checkpoint.read_model(workdir / "checkpoints" / "20"),
    )


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (None, r"an older format \(1; this version reads 2\)"),
        (0, r"an older format \(0; "),
        (3, r"another format \(3; "),
    ],
)
def test_another_format_is_refused_in_one_line_and_nothing_is_moved(tmp_path, number, message):
    save(tmp_path, 10, 20)
    for step in (10, 20):
        change_meta(
            tmp_path,
            step,
            lambda text: json.dumps(
                {name: value for name, value in json.loads(text).items() if name != "format"}
                | ({} if number is None else {"format": number})
            ),
        )
    before = tree(tmp_path)
    for read in refusals(tmp_path):
        with pytest.raises(UserError, match=message) as raised:
            read()
        assert "\n" not in str(raised.value)
        assert f"{tmp_path} holds checkpoints of" in str(raised.value)
        assert f"use cdaae_jax {cdaae_jax.__version__}, which wrote them, or train again" in str(raised.value)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        # An optimizer with momentum, one with a stage that has no numbers of its own, and one of another type.
        (optax.sgd(1e-3, momentum=0.9), r"opt_state\.generator\.0\.count: None here, int32\[\] there; .* and \d+ more"),
        (optax.chain(optax.adam(1e-3), optax.identity()), r"opt_state\.generator\.\S+: .* here, None there"),
        (optax.adam(1e-3, mu_dtype="bfloat16"), r"mu\.dense\.kernel: bfloat16\[40,50\] here, float32\[40,50\] there"),
    ],
)
def test_another_optimizer_is_named_and_nothing_is_moved(tmp_path, optimizer, message):
    save(tmp_path, 10, 20)
    before = tree(tmp_path)
    with pytest.raises(UserError, match=message) as raised:
        checkpoint.restore(tmp_path, make_state(0, optimizer))
    assert "\n" not in str(raised.value) and "train again in another --workdir" in str(raised.value)
    assert tree(tmp_path) == before


def test_other_networks_are_named_and_nothing_is_moved(tmp_path):
    save(tmp_path, 10, 20)
    before = tree(tmp_path)
    other = make_state(0).replace(ema={"dense": {"kernel": np.zeros((40, 60), np.float32)}})
    with pytest.raises(UserError, match=r"dense\.kernel: float32\[40,60\] here, float32\[40,50\] there"):
        checkpoint.restore(tmp_path, other)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(13, "Permission denied", "/somewhere/20/train/_METADATA"),
        ValueError('Error reading "/somewhere/20/train/_METADATA" [OS error 13: EACCES Permission denied]'),
        OSError(5, "Input/output error", "/somewhere/20/train/_METADATA"),
    ],
    ids=["python", "tensorstore", "disk"],
)
def test_what_the_system_does_not_let_us_read_is_no_damage(tmp_path, monkeypatch, error):
    save(tmp_path, 10, 20)
    before = tree(tmp_path)

    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(checkpoint.ocp.Checkpointer, "restore", refuse)
    for read in refusals(tmp_path):
        with pytest.raises(UserError, match="cannot read .*: (Permission denied|Input/output error); nothing"):
            read()
    assert tree(tmp_path) == before


@pytest.mark.parametrize("place", ["checkpoints", "checkpoints/20"])
def test_a_file_in_place_of_a_folder_is_no_damage(tmp_path, place):
    save(tmp_path, 10, 20)
    shutil.rmtree(tmp_path / place)
    (tmp_path / place).write_text("a note")
    before = tree(tmp_path)
    for read in refusals(tmp_path):
        with pytest.raises(UserError, match=f"cannot read .*{place}: Not a directory"):
            read()
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "place",
    ["checkpoints", "checkpoints/20", "checkpoints/20/meta", "checkpoints/20/meta/metadata", "checkpoints/20/model"],
)
def test_a_place_that_is_closed_to_us_is_no_damage(tmp_path, place):
    save(tmp_path, 10, 20)
    mode = (tmp_path / place).stat().st_mode
    (tmp_path / place).chmod(0)
    if os.access(tmp_path / place, os.R_OK):
        pytest.skip("root may read everything")
    for read in (refusals(tmp_path)[0], refusals(tmp_path)[2]):
        with pytest.raises(UserError, match=f"cannot read .*{place}.*: Permission denied"):
            read()
    (tmp_path / place).chmod(mode)
    assert not (tmp_path / "damaged").exists() and checkpoint.steps(tmp_path) == [10, 20]


def test_a_checkpoint_that_a_run_deletes_meanwhile_is_passed_over(tmp_path, caplog, monkeypatch):
    save(tmp_path, 10)
    read = checkpoint._read

    def read_late(folder, **args):
        if folder.name == "10":
            save(tmp_path, 20)
            shutil.rmtree(folder)
        return read(folder, **args)

    monkeypatch.setattr(checkpoint, "_read", read_late)
    assert checkpoint.read_model(tmp_path)[1]["step"] == 20
    assert "damaged" not in caplog.text


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


@pytest.mark.parametrize("step", [10, 20])
def test_an_older_step_than_the_latest_is_refused_not_passed_over(tmp_path, step):
    save(tmp_path, 20)
    with checkpoint.Checkpointer(tmp_path, 2) as saver:
        with pytest.raises(RuntimeError, match=f"step {step} was not written: there is one of step 20 already"):
            saver.save(make_state(step), make_tiny_config(), SPACE, make_split())
        saver.save(make_state(30), make_tiny_config(), SPACE, make_split())
        # Also while the newest is still being written.
        with pytest.raises(RuntimeError, match="there is one of step 30 already"):
            saver.save(make_state(30), make_tiny_config(), SPACE, make_split())
    assert checkpoint.steps(tmp_path) == [20, 30]


def test_a_save_that_failed_in_the_background_is_raised_by_the_next_one_and_at_the_end(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        with checkpoint.Checkpointer(tmp_path, 2) as saver:
            monkeypatch.setattr(saver._manager, "save", fail)
            saver.save(make_state(10), make_tiny_config(), SPACE, make_split())
            with pytest.raises(OSError, match="No space left"):
                saver.save(make_state(20), make_tiny_config(), SPACE, make_split())
            saver.save(make_state(30), make_tiny_config(), SPACE, make_split())
    assert checkpoint.steps(tmp_path) == []


def test_a_process_that_does_not_write_makes_nothing(tmp_path):
    with checkpoint.Checkpointer(tmp_path / "run", 2, active=False) as saver:
        with pytest.raises(RuntimeError, match="not active"):
            saver.save(make_state(10), make_tiny_config(), SPACE, make_split())
    assert not (tmp_path / "run").exists()
