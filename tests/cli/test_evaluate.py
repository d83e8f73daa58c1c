"""The evaluation program: which models it takes, and by which names."""

import subprocess
import sys

import pytest

# In a process of its own: the programs define flags of the same name.
PROGRAM = [sys.executable, "-c", "from cdaae_jax.cli import evaluate; evaluate.run()", "--output=report"]


def run(folder, *flags):
    done = subprocess.run([*PROGRAM, *flags], cwd=folder, capture_output=True, text=True)
    assert not (folder / "report").exists()
    return done.returncode, done.stderr


@pytest.mark.parametrize("models", ["a/run,b/run", "run=a,b/run/"])
def test_two_models_of_one_name_are_refused(tmp_path, models):
    status, said = run(tmp_path, f"--checkpoint={models}")
    assert status == 2 and said.count("\n") == 1
    assert "--checkpoint has two models of the name 'run'" in said and "--checkpoint=NAME=DIR,NAME=DIR" in said


def test_folders_and_splits_are_checked(tmp_path):
    status, said = run(tmp_path, "--checkpoint=a/run,other=b/run")
    assert status == 2 and "there is no checkpoint in" in said and "a/run" in said
    status, said = run(tmp_path, "--checkpoint=a/run", "--split=train")
    assert status == 2 and "test|validation" in said and said.count("\n") == 1
