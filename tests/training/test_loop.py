"""The loop end to end on tiny networks: resuming is bit-equal, refusals lose nothing, a bad loss has a name."""

import dataclasses
import importlib.util
import json
import logging
import os
import pathlib
import shutil
import signal
from unittest import mock

import jax
import numpy as np
import optax
import pytest
from PIL import Image
from support import make_tiny_config

import cdaae_jax
from cdaae_jax import checkpoint
from cdaae_jax import workdir as workdirs
from cdaae_jax.errors import Stopped, UserError
from cdaae_jax.models import registry
from cdaae_jax.state import NETWORKS
from cdaae_jax.training import loop
from cdaae_jax.training.loop import train
from cdaae_jax.training.metrics import NonFiniteLoss, Window


@pytest.fixture(scope="module")
def data_dir(faces_manifest):
    return faces_manifest.parent


@pytest.fixture(scope="module")
def undisturbed(data_dir, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("undisturbed")
    return workdir, train(make_tiny_config(), workdir, data_dir)


def with_run(**fields):
    config = make_tiny_config()
    config.run = dataclasses.replace(config.run, **fields)
    return config


def assert_bit_equal(state, other):
    jax.tree.map(np.testing.assert_array_equal, state, other)


def log_lines(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


def test_a_run_leaves_metrics_grids_and_checkpoints(undisturbed):
    workdir, state = undisturbed
    assert int(state.step) == 4 and checkpoint.steps(workdir) == [2, 4]
    lines = log_lines(workdir)
    assert [line["step"] for line in lines] == [2, 4]
    losses = ("reconstruction", "adversarial_image", "adversarial_latent", "total_variation", "generator")
    others = ("image_discriminator/loss", "latent_discriminator/loss", "images_per_second", "seconds_waiting_share")
    gradients = tuple(f"gradient_norm/{network}" for network in NETWORKS)
    for name in losses + others + gradients:
        assert all(np.isfinite(line[name]) for line in lines), name
    assert all(line["learning_rate"] == pytest.approx(1e-3) for line in lines)
    assert not (workdir / "profile").exists()
    grid = np.asarray(Image.open(workdir / "grids" / "held_out_0000004.png"))
    assert grid.shape == (32, 4 * 34 - 2, 3)  # one held-out person: the source and three expressions
    assert list((workdir / "tensorboard").glob("events.*"))
    assert json.loads((workdir / "config.json").read_text())["run"]["steps"] == 4


def signal_at(patch, at):
    """Sends SIGTERM during a step, as a preempted machine does."""
    add = Window.add

    def add_and_signal(window, steps, metrics):
        add(window, steps, metrics)
        if at in steps:
            os.kill(os.getpid(), signal.SIGTERM)

    patch.setattr(Window, "add", add_and_signal)


def test_resuming_is_bit_equal_to_never_having_stopped(undisturbed, data_dir, tmp_path, monkeypatch):
    _, expected = undisturbed
    with monkeypatch.context() as patch:
        signal_at(patch, 3)
        with pytest.raises(Stopped, match="stopped after step 3 of 4; run the same command again to go on"):
            train(make_tiny_config(), tmp_path, data_dir)
    assert checkpoint.steps(tmp_path)[-1] == 3
    (tmp_path / ".unfinished-metrics.jsonl").write_text("what a killed run left")
    assert_bit_equal(train(make_tiny_config(), tmp_path, data_dir), expected)
    assert [line["step"] for line in log_lines(tmp_path)] == [2, 3, 4]
    assert not list(tmp_path.glob(".unfinished*"))


def test_a_signal_during_the_last_step_changes_nothing(undisturbed, data_dir, tmp_path, monkeypatch):
    _, expected = undisturbed
    signal_at(monkeypatch, 4)
    assert_bit_equal(train(make_tiny_config(), tmp_path, data_dir), expected)


def test_a_workdir_that_another_run_is_using_is_refused(data_dir, tmp_path):
    with workdirs.hold(tmp_path), pytest.raises(UserError, match=f"in use: process {os.getpid()} "):
        train(make_tiny_config(), tmp_path, data_dir)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_few_steps_can_be_profiled(data_dir, tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="cdaae_jax"):
        train(with_run(steps=13, profile_steps=2, grid_steps=0, checkpoint_steps=0), tmp_path, data_dir)
    assert len(list((tmp_path / "profile").rglob("*.xplane.pb"))) == 1
    assert f"a profile is in {tmp_path / 'profile'}" in caplog.text
    caplog.clear()
    train(with_run(steps=13, profile_steps=2), tmp_path, data_dir)
    assert "profile_steps records nothing: 0 steps are left" in caplog.text


def test_going_back_to_an_older_checkpoint_is_bit_equal_too(undisturbed, data_dir, tmp_path):
    _, expected = undisturbed
    config = make_tiny_config()
    train(config, tmp_path, data_dir)
    newest = tmp_path / "checkpoints" / "4"
    largest = max((f for f in (newest / "train").rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-100])
    assert_bit_equal(train(config, tmp_path, data_dir), expected)
    # The lines of the steps that were taken twice stand there once.
    assert [line["step"] for line in log_lines(tmp_path)] == [2, 4]


def test_a_finished_run_is_left_alone(undisturbed, data_dir):
    workdir, expected = undisturbed
    before = (workdir / "metrics.jsonl").read_text()
    assert_bit_equal(train(make_tiny_config(), workdir, data_dir), expected)
    assert (workdir / "metrics.jsonl").read_text() == before


def test_four_devices_train_like_one_and_their_checkpoint_opens_on_one(undisturbed, data_dir, tmp_path):
    _, on_one = undisturbed
    config = with_run(num_devices=4, steps=2)
    train(config, tmp_path, data_dir)
    resumed = train(with_run(num_devices=1), tmp_path, data_dir)
    for mine, reference in zip(jax.tree.leaves(resumed.params), jax.tree.leaves(on_one.params), strict=True):
        np.testing.assert_allclose(mine, reference, atol=5e-3)  # Adam turns rounding into steps of its learning rate
    sampler = cdaae_jax.Sampler.from_checkpoint(tmp_path / "checkpoints" / "2")
    assert sampler.edit(np.zeros((32, 32, 3), np.uint8), "happy").shape == (32, 32, 3)


def test_another_model_is_refused_with_the_fields_that_differ(undisturbed, data_dir):
    workdir, _ = undisturbed
    config = make_tiny_config()
    config.model = dataclasses.replace(config.model, width=6, leak=0.1)
    with pytest.raises(UserError, match=r"model\.leak: 0.1 here, 0.2 there; model\.width: 6 here, 4 there"):
        train(config, workdir, data_dir)
    config = make_tiny_config()
    config.data = dataclasses.replace(config.data, label_names=("neutral", "happy"))
    with pytest.raises(UserError, match=r"labels\.names: .* here, .* there"):
        train(config, workdir, data_dir)
    assert checkpoint.steps(workdir) == [2, 4]


def snapshot(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def finished(undisturbed, tmp_path):
    """A copy of a finished run that a test may spoil."""
    return pathlib.Path(shutil.copytree(undisturbed[0], tmp_path / "finished"))


def test_checkpoints_of_an_older_format_are_refused_and_stay_where_they_are(finished, data_dir):
    for file in finished.glob("checkpoints/*/meta/metadata"):
        meta = json.loads(file.read_text())
        del meta["format"]
        file.write_text(json.dumps(meta))
    before = snapshot(finished)
    message = r"finished holds checkpoints of an older format \(1; this version reads 2\): use cdaae_jax .* --workdir"
    with pytest.raises(UserError, match=message):
        train(make_tiny_config(), finished, data_dir)
    for path in (finished, finished / "checkpoints" / "4"):
        with pytest.raises(UserError, match=message):
            cdaae_jax.Sampler.from_checkpoint(path)
    assert snapshot(finished) == before


def test_a_changed_optimizer_is_refused_and_every_checkpoint_stays(finished, data_dir, monkeypatch):
    before = snapshot(finished)
    monkeypatch.setattr(loop, "make_optimizer", lambda *_: optax.sgd(1e-3, momentum=0.9))
    with pytest.raises(UserError, match=r"another structure than this version builds \(opt_state\.generator\.0\."):
        train(make_tiny_config(), finished, data_dir)
    assert snapshot(finished) == before


def test_a_changed_generator_is_refused_by_the_sampler_too(finished, monkeypatch):
    build = registry.build

    def build_wider(model, *arguments):
        return build(dataclasses.replace(model, width=2 * model.width), *arguments)

    monkeypatch.setattr(registry, "build", build_wider)
    with pytest.raises(UserError, match=r"finished holds another structure .*here, float32.*; use cdaae_jax") as raised:
        cdaae_jax.Sampler.from_checkpoint(finished)
    assert "\n" not in str(raised.value)


def test_a_checkpoint_knows_its_people_and_refuses_others(undisturbed, data_dir):
    workdir, _ = undisturbed
    meta = checkpoint.read_meta(workdir)
    assert meta["people"] == {"train": ["p1", "p2", "p3"], "validation": [], "test": ["p4"]}
    assert str(data_dir) not in json.dumps(meta)
    config = make_tiny_config()
    config.data = dataclasses.replace(config.data, held_out=2)
    with pytest.raises(UserError, match=r"other people \(p3: test here, train there\); .*held_out: 2 here, 1 there"):
        train(config, workdir, data_dir)
    assert checkpoint.steps(workdir) == [2, 4]


def test_data_that_moved_is_the_same_and_data_that_changed_is_not(undisturbed, finished, faces_copy):
    _, expected = undisturbed
    assert_bit_equal(train(make_tiny_config(), finished, faces_copy), expected)
    manifest = faces_copy / "faces.csv"
    manifest.write_text(manifest.read_text().replace("p2,happy", "p2,surprised"))
    before = snapshot(finished)
    with pytest.raises(UserError, match="holds a run with other photos or labels of the same people"):
        train(make_tiny_config(), finished, faces_copy)
    assert snapshot(finished) == before


def test_changed_training_settings_are_said_and_accepted(data_dir, tmp_path, caplog):
    train(with_run(steps=2), tmp_path, data_dir)
    config = with_run(steps=3)
    config.optim.learning_rate = 5e-4
    with caplog.at_level(logging.WARNING):
        state = train(config, tmp_path, data_dir)
    assert int(state.step) == 3
    assert "optim.learning_rate: 0.0005 here, 0.001 there" in caplog.text


def test_a_loss_that_is_not_finite_stops_the_run_by_name(data_dir, tmp_path):
    config = make_tiny_config()
    config.loss.total_variation_weight = float("inf")
    with pytest.raises(NonFiniteLoss, match=r"generator is (inf|nan) at step 1"):
        train(config, tmp_path, data_dir)
    assert checkpoint.steps(tmp_path) == []


def test_checkpoints_by_time(data_dir, tmp_path):
    train(with_run(checkpoint_steps=1000, checkpoint_minutes=1e-6, keep_checkpoints=9), tmp_path, data_dir)
    assert checkpoint.steps(tmp_path) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_devices": 3}, "batch_size is 8, which 3 devices cannot share evenly; use 6 or 9"),
        ({"num_devices": 9}, "num_devices is 9, but this machine has 4"),
        ({"steps": 0}, "config.run.steps is 0"),
    ],
)
def test_unusable_runs_are_refused_before_anything_is_written(data_dir, tmp_path, fields, message):
    with pytest.raises(UserError, match=message):
        train(with_run(**fields), tmp_path / "run", data_dir)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_no_module_bears_the_name_of_a_public_function():
    for name in ("train", "evaluate"):
        assert importlib.util.find_spec(f"cdaae_jax.{name}") is None
    assert cdaae_jax.train is train and callable(cdaae_jax.evaluate)


def test_the_public_names_can_be_replaced_and_come_back():
    with mock.patch("cdaae_jax.train", "something else"):
        assert cdaae_jax.train == "something else"
    assert cdaae_jax.train is train
