"""Trains a model; run the same command again to continue.

  cdaae-train --config=configs/london.py --workdir=runs/london --data_dir=DATA

Any field of the configuration can be changed on the command line, e.g. --config.optim.learning_rate=1e-4
(cdaae_jax/config.py lists and explains them). The workdir receives checkpoints/, metrics.jsonl, tensorboard/ and
grids/ with people kept out of training.

Ctrl-C or SIGTERM stops after the current step: a checkpoint is written and the exit status is 75. A second one ends at
once, with what the last checkpoint holds.
"""

from absl import flags
from ml_collections import config_flags

from cdaae_jax.cli import program

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "A Python file with get_config() -> Config, e.g. configs/london.py."
)
_WORKDIR = flags.DEFINE_string("workdir", None, "The folder of this run; made if missing, continued if not.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "The folder with the data sets; else the environment's CDAAE_DATA.")


def main() -> None:
    """Reads the flags and trains."""
    from cdaae_jax import memory, parallel
    from cdaae_jax.errors import UserError

    for flag in (_CONFIG, _WORKDIR):
        if flag.value is None:
            raise UserError(f"--{flag.name} is missing; write --{flag.name}=PATH, see --help")
    memory.keep()
    parallel.initialize()
    from cdaae_jax.training.loop import train
    from cdaae_jax.training.metrics import NonFiniteLoss
    from cdaae_jax.training.saving import SaveFailed

    try:
        train(_CONFIG.value, _WORKDIR.value, _DATA_DIR.value)
    except (NonFiniteLoss, SaveFailed) as error:
        program.failed(str(error))


def run() -> None:
    """The console script `cdaae-train`."""
    program.run(main, __name__)
