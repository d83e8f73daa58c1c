"""How programs end when somebody stops them: the status tells a script what to do, and nobody sees a traceback."""

import os
import pathlib
import signal
import subprocess
import sys
import time

from cdaae_jax import checkpoint

ROOT = pathlib.Path(__file__).parents[2]
TINY = """
    --config=configs/london.py --config.data.held_out=1 --config.data.manifests=('faces.csv',)
    --config.model.image_size=32 --config.model.width=4 --config.run.batch_size=4 --config.run.steps=1000000
    --config.run.log_steps=1 --config.run.grid_steps=0 --config.run.num_devices=1
""".split()


def test_a_stopped_training_ends_with_status_75_and_one_line(faces_manifest, tmp_path):
    command = [sys.executable, "launch/train.py", *TINY, f"--data_dir={faces_manifest.parent}", f"--workdir={tmp_path}"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"JAX_PLATFORMS": "cpu"}, stderr=subprocess.PIPE, text=True
    )
    metrics = tmp_path / "metrics.jsonl"
    while not (metrics.exists() and metrics.stat().st_size):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 75, errors
    (step,) = checkpoint.steps(tmp_path)
    assert errors.splitlines()[-1] == (
        f"train.py: stopped after step {step} of 1000000; run the same command again to go on"
    )
    assert errors.count("run the same command again") == 1 and "Traceback" not in errors


def run(program):
    """Runs a program that the tests write themselves; returns its status, standard output and standard error."""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_quickstart_draws_nothing_after_a_stop():
    program = """
from cdaae_jax import errors
from cdaae_jax.cli import quickstart, train

def stopped():
    raise errors.Stopped(3, 9)

train.main = stopped
quickstart.run()
"""
    assert run(program) == (75, "", "-c: stopped after step 3 of 9; run the same command again to go on\n")


def test_ctrl_c_ends_any_program_as_the_signal_does_without_a_traceback():
    program = """
import os, signal
from cdaae_jax.cli import program, sample

signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background

def interrupted():
    os.kill(os.getpid(), signal.SIGINT)
    import time
    time.sleep(60)

program.run(interrupted, sample.__name__)
"""
    assert run(program) == (-signal.SIGINT, "", "")  # a shell calls it 130


def test_a_process_that_leaves_others_behind_skips_what_would_wait_for_them():
    program = """
import atexit
from cdaae_jax import errors
from cdaae_jax.cli import program, sample

atexit.register(print, "waited")

def left():
    program.end_at_once()
    raise {error}

program.run(left, sample.__name__)
"""
    assert run(program.format(error="errors.UserError('no data')")) == (2, "", "-c: no data\n")
    status, output, errors = run(program.format(error="RuntimeError('a mistake')"))
    assert (status, output) == (1, "") and errors.endswith("RuntimeError: a mistake\n")
