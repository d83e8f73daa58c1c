"""cdaae-train as people start it, on a model that is as small as can be."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
TINY = """
    --config=configs/london.py --config.data.manifests=('faces.csv',) --config.data.held_out=1
    --config.model.image_size=32 --config.model.width=4 --config.model.max_width=8 --config.model.latent_size=6
    --config.model.discriminator_width=4 --config.model.discriminator_dense=8 --config.run.batch_size=4
    --config.run.num_devices=1 --config.run.grid_steps=0 --config.run.log_steps=10 --config.loss.warmup_steps=5
    --config.optim.warmup_steps=10 --config.optim.decay_steps=0
""".split()


def start(workdir: str | pathlib.Path, data_dir: pathlib.Path, log: pathlib.Path, *flags: str) -> subprocess.Popen:
    """Starts a training; its standard error goes to the end of `log`."""
    command = [sys.executable, "launch/train.py", *TINY, f"--workdir={workdir}", f"--data_dir={data_dir}", *flags]
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    with log.open("ab") as file:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=file)
