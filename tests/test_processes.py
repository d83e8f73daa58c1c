"""Several processes on one machine train one model, as several machines do, and end together."""

import contextlib
import functools
import os
import pathlib
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import time

import jax
import numpy as np
import pytest
from faults.disk import small_disk

from cdaae_jax import checkpoint, processes, workdir
from cdaae_jax.errors import UserError
from cdaae_jax.training.loop import train

ROOT = pathlib.Path(__file__).parents[1]
CONFIG = """
import dataclasses
from support import make_tiny_config

def get_config():
    config = make_tiny_config()
    config.run = dataclasses.replace(
        config.run, num_devices=0, log_steps=1, grid_steps=0, checkpoint_steps=1, keep_checkpoints=1000
    )
    return config
"""
ENDLESS = "--config.run.steps=1000000"


@pytest.fixture(scope="module")
def config_file(tmp_path_factory) -> pathlib.Path:
    file = tmp_path_factory.mktemp("config") / "tiny.py"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def start_two():
    """Starts pairs of processes, and ends what a failed test has left."""
    started: list[subprocess.Popen] = []

    def start(*arguments) -> list[subprocess.Popen]:
        pair = _start_two(*arguments)
        started.extend(pair)
        return pair

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _start_two(config_file, data_dir, workdir, *flags) -> list[subprocess.Popen]:
    """Two processes with two CPU devices each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "launch/train.py", f"--config={config_file}", f"--workdir={workdir}", *flags]
    several = [f"--data_dir={data_dir}", f"--coordinator=127.0.0.1:{port}", "--num_processes=2"]
    environment = {
        "JAX_PLATFORMS": "cpu",
        "JAX_NUM_CPU_DEVICES": "2",
        "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache" / "jax"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    }
    return [
        subprocess.Popen(
            [*command, *several, f"--process_id={i}"], cwd=ROOT, env=os.environ | environment, stderr=subprocess.PIPE
        )
        for i in range(2)
    ]


def wait_for_step(step: int, workdir: pathlib.Path, running: list[subprocess.Popen]) -> None:
    while not any(saved >= step for saved in checkpoint.steps(workdir)):
        for process in running:
            assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.05)


def endings(running: list[subprocess.Popen]) -> tuple[list[int], list[str]]:
    """Returns the exit statuses, and the last line of each on standard error."""
    errors = [process.communicate(timeout=100)[1].decode() for process in running]
    return [process.returncode for process in running], [text.splitlines()[-1] if text else "" for text in errors]


def one_checkpoint(run: pathlib.Path, step: int, copy: pathlib.Path) -> pathlib.Path:
    """Copies a workdir with a single checkpoint of it."""
    shutil.copytree(run / "checkpoints" / str(step), copy / "checkpoints" / str(step))
    return copy


def farthest(tree, other) -> float:
    """Returns the largest difference between two trees' arrays."""
    differences = jax.tree.map(lambda a, b: float(np.max(np.abs(a - b), initial=0)), tree, other)
    return max(jax.tree.leaves(differences))


def test_two_processes_train_as_one_and_stop_together(start_two, config_file, faces_manifest, tmp_path):
    data_dir, two, one = faces_manifest.parent, tmp_path / "two", tmp_path / "one"
    config = runpy.run_path(str(config_file))["get_config"]()
    running = start_two(config_file, data_dir, two, ENDLESS)
    config.run.steps = 2
    like = train(config, one, data_dir)  # one process with four devices
    wait_for_step(4, two, running)

    # SIGTERM to the process that does not write: both stop after the same step, which is saved.
    running[1].send_signal(signal.SIGTERM)
    began = time.monotonic()
    statuses, lines = endings(running)
    assert time.monotonic() - began < 30
    last = checkpoint.steps(two)[-1]
    stopped = f"train.py: stopped after step {last} of 1000000; run the same command again to go on"
    assert statuses == [75, 75] and lines == [stopped, stopped]
    assert len((two / "metrics.jsonl").read_text().splitlines()) == last

    # The halves of a batch are added up in another order, so the results are equal up to rounding. After one step
    # Adam's first moments are the gradients, times 1 - beta1. From then on Adam makes of any difference in a gradient
    # near zero one of the size of its learning rate, 1e-3 a step.
    @functools.cache
    def at(run: pathlib.Path, step: int):
        return checkpoint.restore(one_checkpoint(run, step, tmp_path / f"{run.name}_{step}"), like)

    def moments(state):
        return {name: adam[0].mu for name, adam in state.opt_state.items()}

    first = moments(at(one, 1))
    assert farthest(first, moments(at(two, 1))) < 1e-6 < 1e-4 < farthest(first, moments(at(one, 2)))
    assert farthest(at(one, 2).params, at(two, 2).params) < 4e-3

    # One process goes on from the two's checkpoint of step 2.
    config.run.steps = 4
    resumed = train(config, one_checkpoint(two, 2, tmp_path / "from_two"), data_dir)
    assert int(resumed.step) == 4 and farthest(resumed.params, at(two, 4).params) < 4e-3


@pytest.mark.slow
def test_two_processes_go_on_from_the_checkpoint_of_one_and_end_when_the_writer_is_killed(
    start_two, config_file, faces_manifest, tmp_path
):
    data_dir, one = faces_manifest.parent, tmp_path / "one"
    config = runpy.run_path(str(config_file))["get_config"]()
    config.run.steps = 2
    train(config, one, data_dir)
    config.run.steps = 4
    resumed = train(config, one_checkpoint(one, 2, tmp_path / "alone"), data_dir)
    running = start_two(config_file, data_dir, one, ENDLESS)
    wait_for_step(4, one, running)
    at_four = checkpoint.restore(one_checkpoint(one, 4, tmp_path / "at_four"), resumed)
    assert farthest(resumed.params, at_four.params) < 8e-3

    # The writer is killed: the other ends too, and says why.
    running[0].kill()
    statuses, lines = endings(running)
    assert statuses == [-signal.SIGKILL, 1]
    assert "process 1 of 2 was ended by JAX" in lines[1] and "they go on from the last checkpoint" in lines[1]


@pytest.mark.slow
def test_a_process_that_does_not_write_is_missed_within_a_minute(start_two, config_file, faces_manifest, tmp_path):
    running = start_two(config_file, faces_manifest.parent, tmp_path, ENDLESS)
    wait_for_step(2, tmp_path, running)
    running[1].kill()
    began = time.monotonic()
    statuses, lines = endings(running)
    assert time.monotonic() - began < 60
    assert statuses == [1, -signal.SIGKILL] and "process 0 of 2 was ended by JAX" in lines[0]


@pytest.mark.slow
def test_a_mistake_of_all_processes_is_said_by_each_and_nobody_waits(start_two, config_file, faces_manifest, tmp_path):
    first, second = start_two(config_file, faces_manifest.parent, tmp_path / "run", "--config.run.batch_size=6")
    statuses, lines = endings([first, second])
    assert statuses == [2, 2] and all("which 4 devices cannot share evenly" in line for line in lines)


@pytest.mark.slow
def test_a_workdir_in_use_is_refused_by_both_processes(start_two, config_file, faces_manifest, tmp_path):
    with workdir.hold(tmp_path):
        statuses, lines = endings(start_two(config_file, faces_manifest.parent, tmp_path))
    assert statuses == [2, 2]
    assert f"in use: process {os.getpid()}" in lines[0] and "the first process of this run" in lines[1]


def test_only_the_primary_process_enters_and_a_refusal_reaches_the_others(monkeypatch):
    entered = []
    context = contextlib.contextmanager(lambda: (yield entered.append(True)))

    @contextlib.contextmanager
    def refused():
        raise UserError("in use")
        yield

    with processes.on_primary(context()):
        assert entered == [True]
    with pytest.raises(UserError, match="in use"):
        with processes.on_primary(refused()):
            pass
    monkeypatch.setattr(processes, "is_primary", lambda: False)
    with processes.on_primary(context()):
        assert entered == [True]
    monkeypatch.setattr(processes, "_primary_says", lambda _: True)
    with pytest.raises(UserError, match="the first process of this run was refused"):
        with processes.on_primary(context()):
            pass


def test_what_differs_between_processes_is_named(monkeypatch):
    processes.require_same(data="a", first_step=3)  # one process agrees with itself
    monkeypatch.setattr(processes.jax, "process_count", lambda: 2)
    gather = monkeypatch.setattr
    gather(processes.multihost_utils, "process_allgather", lambda ours: np.stack([ours, ours]))
    processes.require_same(data="a", first_step=3)
    gather(processes.multihost_utils, "process_allgather", lambda ours: np.stack([ours, ours + np.array([0, 1], "u4")]))
    with pytest.raises(UserError, match="process 1 has another first step than process 0; .* one workdir that they sh"):
        processes.require_same(data="a", first_step=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("host:1", None, None), "--num_processes, --process_id is missing"),
        ((None, 2, 0), "--coordinator is missing"),
        (("host:1", 2, 2), "--process_id is 2; with --num_processes=2 it goes from 0 to 1"),
    ],
)
def test_flags_that_do_not_say_who_there_is_are_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        processes.join(*arguments)


@pytest.mark.parametrize(
    ("environment", "joins"),
    [
        ({}, False),
        # A shell or a batch script on a SLURM node: one process, whatever the job has.
        ({"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"}, False),
        ({"SLURM_JOB_ID": "7", "SLURM_NTASKS": "1", "SLURM_STEP_NODELIST": "n1"}, False),
        ({"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_STEP_NODELIST": "n[1-2]"}, True),
        ({"TPU_ML_PLATFORM": "JAX"}, True),
        # Chips, but neither Google's metadata server nor a list of hosts: JAX could not find the others.
        ({"TPU_ML_PLATFORM": "JAX", "TPU_SKIP_MDS_QUERY": "1"}, False),
    ],
)
def test_jax_is_asked_only_where_the_surroundings_name_the_processes(monkeypatch, environment, joins):
    for name in [name for name in os.environ if name.startswith(("SLURM_", "TPU_"))]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(type(jax.config), "values", {"jax_platforms": None})
    asked = []
    monkeypatch.setattr(jax.distributed, "initialize", lambda *arguments, **_: asked.append(arguments))
    assert processes.join() is False  # JAX, which was not really asked, still counts one process
    assert asked == ([(None, None, None)] if joins else [])


@pytest.mark.slow
def test_local_devices_trains_on_several_cpu_devices(config_file, faces_manifest, tmp_path):
    command = ["launch/local_devices.sh", "2", f"--config={config_file}", f"--workdir={tmp_path / 'run'}"]
    run = subprocess.run(
        [*command, f"--data_dir={faces_manifest.parent}"],
        cwd=ROOT,
        env=os.environ | {"PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert "2 devices" in run.stderr and checkpoint.steps(tmp_path / "run") == [1, 2, 3, 4]
    wrong = subprocess.run(["launch/local_devices.sh", "two"], cwd=ROOT, capture_output=True, text=True)
    assert wrong.returncode == 2 and len(wrong.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_full_disk_ends_all_processes_with_one_line_each(start_two, config_file, faces_manifest, tmp_path):
    with small_disk(tmp_path / "disk", "6m") as disk:
        running = start_two(
            config_file, faces_manifest.parent, disk / "run", ENDLESS, "--config.run.keep_checkpoints=2"
        )
        wait_for_step(2, disk / "run", running)
        (disk / "others").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - 64 * 1024))
        filled = time.monotonic()
        statuses, last = endings(running)
        assert time.monotonic() - filled < 60
        assert statuses == [1, 1], last
        assert "No space left" in last[0] and "make room" in last[0], last
        assert "another process of this run is gone" in last[1], last


@pytest.mark.slow
def test_two_processes_go_on_from_a_bucket_on_other_machines(
    start_two, config_file, faces_manifest, tmp_path, monkeypatch
):
    bucket = tmp_path / "bucket" / "run"
    for machines, first, last in (("these", 0, 3), ("others", 3, 5)):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / machines))
        flag = f"--config.run.steps={last}"
        running = start_two(config_file, faces_manifest.parent, f"file://{bucket}", flag)
        said = [process.communicate(timeout=200)[1].decode() for process in running]
        assert [process.returncode for process in running] == [0, 0], said
        assert all(f"from step {first} to {last}" in text for text in said)
        assert {int(path.parent.name) for path in bucket.glob("checkpoints/*/UPLOADED")} == set(range(1, last + 1))
    assert len((bucket / "metrics.jsonl").read_text().splitlines()) == 5
