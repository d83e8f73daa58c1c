"""A run that is killed outright and started again ends with the same bytes as one that was left in peace."""

import json
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from cdaae_jax import checkpoint

ROOT = pathlib.Path(__file__).parents[1]
TINY = """
    --config.model.image_size=32 --config.model.width=4 --config.model.latent_size=6 --config.loss.warmup_steps=5
    --config.data.held_out=1 --config.data.manifests=('faces.csv',)
    --config.run.batch_size=4 --config.run.steps=400 --config.run.checkpoint_steps=20 --config.run.grid_steps=0
    --config.run.log_steps=10 --config.optim.warmup_steps=10 --config.optim.decay_steps=100
""".split()


def start(workdir, data_dir) -> subprocess.Popen:
    command = [sys.executable, "launch/train.py", "--config=configs/london.py", f"--workdir={workdir}", *TINY]
    return subprocess.Popen([*command, f"--data_dir={data_dir}"], cwd=ROOT, stderr=subprocess.PIPE)


def finish(workdir, data_dir) -> dict:
    run = start(workdir, data_dir)
    _, errors = run.communicate(timeout=300)
    assert run.returncode == 0, errors.decode()
    return checkpoint.read_meta(workdir)


@pytest.mark.slow
def test_kill_and_start_again(faces_manifest, tmp_path):
    data_dir = faces_manifest.parent
    killed = start(tmp_path / "killed", data_dir)
    while not any(step >= 40 for step in checkpoint.steps(tmp_path / "killed")):
        assert killed.poll() is None, killed.stderr.read().decode()
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    reached = checkpoint.steps(tmp_path / "killed")[-1]
    assert 40 <= reached < 400

    resumed = finish(tmp_path / "killed", data_dir)
    undisturbed = finish(tmp_path / "undisturbed", data_dir)
    assert resumed["step"] == undisturbed["step"] == 400
    assert resumed["crc32"] == undisturbed["crc32"]
    lines = [json.loads(line) for line in (tmp_path / "killed" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(10, 401, 10))
