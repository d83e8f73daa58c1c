"""Trains a model; run the same command again to continue.

  cdaae-train --config=configs/london.py --workdir=runs/london --data_dir=DATA

Any field of the configuration can be changed on the command line, e.g. --config.optim.learning_rate=1e-4
(cdaae_jax/config.py lists and explains them). The workdir receives checkpoints/, metrics.jsonl, tensorboard/ and
grids/ with people kept out of training.

Ctrl-C or SIGTERM stops after the current step: a checkpoint is written and the exit status is 75. A second one ends at
once, with what the last checkpoint holds.

Several processes (launch/) train together, each with an equal part of every batch. On TPU pods and under srun they find
each other; elsewhere start each with --coordinator=HOST:PORT --num_processes=N --process_id=0 to N - 1. They share the
workdir, process 0 writes, and SIGTERM to one of them stops all.
"""

import os

from absl import flags
from ml_collections import config_flags

from cdaae_jax.cli import program

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "A Python file with get_config() -> Config, e.g. configs/london.py."
)
_WORKDIR = flags.DEFINE_string("workdir", None, "The folder of this run; made if missing, continued if not.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "The folder with the data sets; else the environment's CDAAE_DATA.")


_COORDINATOR = flags.DEFINE_string(
    "coordinator",
    os.environ.get("CDAAE_COORDINATOR"),
    "For several processes: host:port of process 0, which the others can reach; else the environment's "
    "CDAAE_COORDINATOR. TPU pods and srun need none of these three flags.",
)
_NUM_PROCESSES = flags.DEFINE_integer(
    "num_processes",
    os.environ.get("CDAAE_NUM_PROCESSES"),
    "How many processes train together; else the environment's CDAAE_NUM_PROCESSES.",
    lower_bound=1,
)
_PROCESS_ID = flags.DEFINE_integer(
    "process_id",
    os.environ.get("CDAAE_PROCESS_ID"),
    "Which of them this is, from 0; else the environment's CDAAE_PROCESS_ID.",
    lower_bound=0,
)


def main() -> None:
    """Reads the flags, joins the other processes of the run if there are any, and trains."""
    from cdaae_jax import memory, parallel, processes, validation
    from cdaae_jax.errors import Stopped, UserError

    for flag in (_CONFIG, _WORKDIR):
        if flag.value is None:
            raise UserError(f"--{flag.name} is missing; write --{flag.name}=PATH, see --help")
    memory.keep()
    if not processes.join(_COORDINATOR.value, _NUM_PROCESSES.value, _PROCESS_ID.value):
        validation.validate(_CONFIG.value)
        parallel.split_cpu(_CONFIG.value.run.num_devices, _CONFIG.value.run.batch_size)
        _train_alone()
        return
    import jax

    from cdaae_jax.training.saving import SaveFailed

    try:
        _train()
    except SaveFailed as error:  # the process that writes alone; the others find it gone
        program.end_at_once()
        program.failed(str(error))
    except (Stopped, SystemExit):  # all processes alike
        processes.leave()
        raise
    except jax.errors.JaxRuntimeError:
        program.end_at_once()
        processes.wait_for_the_end()
        raise
    except BaseException:
        program.end_at_once()
        raise
    processes.leave()


def _train_alone() -> None:
    from cdaae_jax.training.saving import SaveFailed

    try:
        _train()
    except SaveFailed as error:
        program.failed(str(error))


def _train() -> None:
    from cdaae_jax.training.loop import train
    from cdaae_jax.training.metrics import NonFiniteLoss

    try:
        train(_CONFIG.value, _WORKDIR.value, _DATA_DIR.value)
    except NonFiniteLoss as error:
        program.failed(str(error))


def run() -> None:
    """The console script `cdaae-train`."""
    program.run(main, __name__)
