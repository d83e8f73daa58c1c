"""A checkpoint that the oldest supported orbax wrote opens in the one that is installed."""

import os
import pathlib
import subprocess
import sys

import pytest
from support import make_state

from cdaae_jax import checkpoint

ROOT = pathlib.Path(__file__).parents[2]
SAVE = """
import sys, pathlib, importlib.metadata
sys.path.insert(0, "tests")
import orbax.checkpoint as ocp
from support import SPACE, make_split, make_state, make_tiny_config
from cdaae_jax import checkpoint
with checkpoint.Checkpointer(pathlib.Path(sys.argv[1]), 2) as saver:
    saver.save(make_state(7), make_tiny_config(), SPACE, make_split())
print(ocp.__version__)
"""


def test_a_checkpoint_of_the_oldest_orbax_opens(tmp_path):
    old = os.environ.get("CDAAE_OLD_ORBAX")
    if not old:
        pytest.skip(
            "needs the oldest supported orbax: pip install --no-deps --target=FOLDER orbax-checkpoint==0.12.0, and "
            "CDAAE_OLD_ORBAX=FOLDER"
        )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((old, str(ROOT))), "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", SAVE, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.strip() == "0.12.0", done.stdout + done.stderr
    import jax
    import numpy as np

    jax.tree.map(np.testing.assert_array_equal, checkpoint.restore(tmp_path, make_state(0)), make_state(7))
