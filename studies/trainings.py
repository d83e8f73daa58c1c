"""Trains what configs/studies.py lists, several at a time, each on cores of its own; what is done is not done again."""

import concurrent.futures
import os
import pathlib
import queue
import subprocess
import sys

from cdaae_jax import checkpoint
from cdaae_jax.config import Config, differences, to_dict
from cdaae_jax.errors import UserError

REPOSITORY = pathlib.Path(__file__).parents[1]


def is_done(config: Config, workdir: pathlib.Path) -> bool:
    """Returns whether the workdir holds this training's last checkpoint.

    Raises:
      UserError: it holds a training of another configuration.
    """
    meta = checkpoint.read_meta(workdir)
    if meta is None:
        return False
    if changed := differences(to_dict(config), meta["config"]):
        raise UserError(
            f"{workdir} was trained with other settings ({changed[0]}); move it away, or name another folder"
        )
    return meta["step"] >= config.run.steps


def train_all(configs: dict[str, Config], folder: pathlib.Path, data_dir: str | None, jobs: int) -> None:
    """Trains each configuration into `folder`/NAME, with its screen in `folder`/NAME.log.

    Args:
      configs: by the names that configs/studies.py knows them by.
      folder: of the workdirs.
      data_dir: the data folder; else the environment's CDAAE_DATA.
      jobs: how many at a time; the machine's cores are shared out evenly.

    Raises:
      UserError: a training ended with an error; the others are finished first.
    """
    waiting = [name for name, config in configs.items() if not is_done(config, folder / name)]
    folder.mkdir(parents=True, exist_ok=True)
    free = queue.SimpleQueue()
    for cores in _shares(jobs):
        free.put(cores)

    def train(name: str) -> str | None:
        cores = free.get()
        print(f"training {name} on cores {sorted(cores)}", flush=True)
        command = [
            sys.executable,
            "launch/train.py",
            f"--config=configs/studies.py:{name}",
            f"--workdir={folder / name}",
        ]
        command += [f"--data_dir={data_dir}"] if data_dir else []
        with (folder / f"{name}.log").open("w") as log:
            # The threads that JAX starts are as many as the cores that it may use.
            done = subprocess.run(
                [sys.executable, "-c", _ON_CORES, ",".join(map(str, cores)), *command],
                cwd=REPOSITORY,
                stdout=log,
                stderr=log,
            )
        free.put(cores)
        print(f"{name}: {'done' if done.returncode == 0 else f'status {done.returncode}'}", flush=True)
        return name if done.returncode else None

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        failed = [name for name in pool.map(train, waiting) if name]
    if failed:
        raise UserError(
            f"{len(failed)} trainings failed, first {failed[0]}; read {folder / failed[0]}.log, then run again"
        )


# Run in the child, because threads of this process must not be moved.
_ON_CORES = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, map(int, sys.argv[1].split(",")))
os.execv(sys.argv[2], sys.argv[2:])
"""


def _shares(jobs: int) -> list[set[int]]:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count()))
    if not 1 <= jobs <= len(cores):
        raise UserError(f"--jobs is {jobs}; allowed: 1 to {len(cores)}, one for each core of this machine")
    return [set(cores[i::jobs]) for i in range(jobs)]
