"""Files that appear whole or not at all."""

import os
import signal
import subprocess
import sys

import pytest

from cdaae_jax import files

KILLED = """
import os, pathlib, signal, sys
from cdaae_jax import files
with files.replacing(pathlib.Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path):
    for name in ("metrics.jsonl", ".lock", "unfinished-1"):
        (tmp_path / name).write_text("whole")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "metrics.jsonl")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 4 and (tmp_path / "metrics.jsonl").read_text() == "whole"
    files.remove_unfinished(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.jsonl", ".lock", "unfinished-1"}


def test_a_block_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(KeyError):
        with files.replacing(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise KeyError
    assert not list(tmp_path.iterdir())
