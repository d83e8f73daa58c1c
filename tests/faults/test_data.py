"""Data that breaks or goes away while a run uses it, numbers that are none, and a clock that jumps."""

import json
import threading
import time

import jax
import numpy as np
import pytest
from support import make_tiny_config

from cdaae_jax import checkpoint
from cdaae_jax.config import Data, Run
from cdaae_jax.data.pipeline import BatchMaker
from cdaae_jax.errors import UserError
from cdaae_jax.training import loop
from cdaae_jax.training.metrics import NonFiniteLoss


def config(steps: int, **fields):
    run = Run(steps=steps, batch_size=8, num_devices=1, log_steps=2, grid_steps=0, checkpoint_steps=4, **fields)
    return make_tiny_config(run=run, data=Data(manifests=("faces.csv",), held_out=1, cache_gib=0.0))


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["a photo is cut short", "the folder disappears"])
def test_data_that_breaks_stops_the_run_by_name_and_the_run_goes_on_when_it_is_back(faces_copy, tmp_path, fault):
    photo = faces_copy / "faces/p2/happy/photo.png"
    whole = photo.read_bytes()

    def spoil():
        while not checkpoint.steps(tmp_path / "run"):
            time.sleep(0.01)
        if fault == "a photo is cut short":
            photo.write_bytes(whole[: len(whole) // 2])
        else:
            (faces_copy / "faces").rename(faces_copy / "elsewhere")

    culprit = threading.Thread(target=spoil)
    culprit.start()
    with pytest.raises(UserError, match="photo.png cannot be read to its end|there is no picture .*photo.png"):
        loop.train(config(100_000), tmp_path / "run", faces_copy)
    culprit.join()
    newest = checkpoint.steps(tmp_path / "run")[-1]
    assert checkpoint.read_meta(tmp_path / "run")["step"] == newest

    if fault == "a photo is cut short":
        photo.write_bytes(whole)
    else:
        (faces_copy / "elsewhere").rename(faces_copy / "faces")
    state = loop.train(config(newest + 2), tmp_path / "run", faces_copy)
    assert int(state.step) == newest + 2
    undisturbed = loop.train(config(newest + 2), tmp_path / "undisturbed", faces_copy)
    jax.tree.map(np.testing.assert_array_equal, state, undisturbed)


def test_a_loss_that_is_none_stops_the_run_at_its_step_and_the_checkpoint_before_is_good(
    faces_manifest, tmp_path, monkeypatch
):
    def poisoned(self, step):
        batch = make(self, step)
        if step == 4:  # counted from 0: the fifth step
            batch["label"] = batch["label"] * np.float32("nan")
        return batch

    make = BatchMaker.__call__
    monkeypatch.setattr(BatchMaker, "__call__", poisoned)
    with pytest.raises(NonFiniteLoss, match=r"^\w+ is nan at step 5; the last checkpoint is older"):
        loop.train(config(12), tmp_path / "run", faces_manifest.parent)
    assert checkpoint.steps(tmp_path / "run") == [4]
    params, meta = checkpoint.read_model(tmp_path / "run")
    assert meta["step"] == 4 and all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(params))


def test_a_clock_that_jumps_back_changes_nothing(faces_manifest, tmp_path, monkeypatch):
    clock, back, make = time.time, [0.0], BatchMaker.__call__

    def jumping(self, step):
        back[0] = 86_400.0 if step >= 4 else 0.0
        return make(self, step)

    monkeypatch.setattr(BatchMaker, "__call__", jumping)
    monkeypatch.setattr(time, "time", lambda: clock() - back[0])
    state = loop.train(config(8, checkpoint_minutes=1e-6), tmp_path / "run", faces_manifest.parent)
    monkeypatch.undo()
    assert back == [86_400.0]
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6, 8] and all(line["seconds"] > 0 for line in lines)
    assert checkpoint.steps(tmp_path / "run")[-1] == 8
    undisturbed = loop.train(config(8), tmp_path / "undisturbed", faces_manifest.parent)
    jax.tree.map(np.testing.assert_array_equal, state, undisturbed)
