"""Several processes on one machine train one model, as several machines do."""

import os
import pathlib
import socket
import subprocess
import sys

import pytest

from cdaae_jax import checkpoint, workdir

ROOT = pathlib.Path(__file__).parents[1]
SETTINGS = """
    --config.model.image_size=32 --config.model.width=4
    --config.data.held_out=1 --config.data.manifests=('faces.csv',)
    --config.run.batch_size=8 --config.run.steps=20 --config.run.checkpoint_steps=10 --config.run.log_steps=5
    --config.optim.warmup_steps=5 --config.optim.decay_steps=0
""".split()


def start_two(data_dir, workdir) -> list[subprocess.Popen]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "launch/train.py", "--config=configs/london.py", f"--workdir={workdir}"]
    shared = {"CDAAE_COORDINATOR": f"127.0.0.1:{port}", "CDAAE_NUM_PROCESSES": "2", "JAX_PLATFORMS": "cpu"}
    return [
        subprocess.Popen(
            [*command, f"--data_dir={data_dir}", *SETTINGS],
            cwd=ROOT,
            env=os.environ | shared | {"CDAAE_PROCESS_ID": str(i)},
            stderr=subprocess.PIPE,
        )
        for i in range(2)
    ]


@pytest.mark.slow
def test_two_processes_share_the_batch_and_one_of_them_writes(faces_manifest, tmp_path):
    for process in start_two(faces_manifest.parent, tmp_path / "run"):
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors.decode()
        assert "2 devices" in errors.decode()
    assert checkpoint.steps(tmp_path / "run") == [10, 20]
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 4


@pytest.mark.slow
def test_a_workdir_in_use_is_refused_by_both_processes(faces_manifest, tmp_path):
    with workdir.hold(tmp_path):
        first, second = start_two(faces_manifest.parent, tmp_path)
        errors = [process.communicate(timeout=120)[1].decode() for process in (first, second)]
    assert (first.returncode, second.returncode) == (2, 2), errors
    assert f"in use: process {os.getpid()}" in errors[0] and "the first process of this run" in errors[1]


@pytest.mark.slow
def test_local_devices_trains_on_several_cpu_devices(faces_manifest, tmp_path):
    command = ["launch/local_devices.sh", "2", "--config=configs/london.py", f"--workdir={tmp_path / 'run'}"]
    run = subprocess.run(
        [*command, f"--data_dir={faces_manifest.parent}", *SETTINGS],
        cwd=ROOT,
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert "2 devices" in run.stderr and checkpoint.steps(tmp_path / "run") == [10, 20]
    wrong = subprocess.run(["launch/local_devices.sh", "two"], cwd=ROOT, capture_output=True, text=True)
    assert wrong.returncode == 2 and len(wrong.stderr.splitlines()) == 1
