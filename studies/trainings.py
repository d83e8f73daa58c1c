"""Runs trainings of the catalogue, several at a time, each on cores of its own; what is done is not done again."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

from cdaae_jax import checkpoint
from cdaae_jax.config import Config
from cdaae_jax.config_fields import differences, to_dict
from cdaae_jax.errors import UserError

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
# How a program ends, see cdaae_jax/cli: a run that failed, unusable input, stopped with a checkpoint.
FAILED, REFUSED, STOPPED = 1, 2, 75
_LOOK_SECONDS = 0.2


class Incomplete(Exception):
    """Trainings have not reached their last step; the message names the first one, and says why.

    Attributes:
      status: what a program should end with: `FAILED`, `REFUSED`, or `STOPPED` where running it again is enough.
    """

    def __init__(self, message: str, status: int):
        """Keeps message and status."""
        super().__init__(message)
        self.status = status


def is_done(config: Config, workdir: pathlib.Path) -> bool:
    """Returns whether the workdir holds this training's last checkpoint.

    Raises:
      UserError: it holds a training of another configuration.
    """
    return _step(config, workdir) >= config.run.steps


def check_complete(configs: dict[str, Config], folder: pathlib.Path) -> None:
    """Looks at the checkpoints in `folder`/NAME.

    Raises:
      Incomplete: one has not reached its last step.
      UserError: one is of another configuration.
    """
    for name, config in configs.items():
        if not is_done(config, folder / name):
            raise Incomplete(f"{name} {_stopped_at(config, folder / name)}", STOPPED)


def minutes(workdir: pathlib.Path) -> dict[int, float]:
    """Returns the minutes of training behind each checkpoint that is kept, by its step.

    They are those of a machine that does nothing else: the first window of the metrics as it was, because it compiles,
    and every later step at the speed of the fastest tenth of the windows. Neither grids nor checkpoints count.
    """
    windows = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    first = windows[0]
    fastest = np.quantile([window["seconds"] / window["steps"] for window in windows[1:]], 0.1)
    return {
        step: float(first["seconds"] + (step - first["step"]) * fastest) / 60
        for step in sorted(checkpoint.steps(workdir))
        if step > first["step"]
    }


def train_all(configs: dict[str, Config], folder: pathlib.Path, data_dir: str | None, jobs: int) -> None:
    """Trains each configuration into `folder`/NAME, with its screen added to `folder`/NAME.log.

    An exception, Ctrl-C among them, stops the trainings under way; each writes a checkpoint first.

    Args:
      configs: by their names in the catalogue.
      folder: of the workdirs.
      data_dir: the data folder; else the environment's CDAAE_DATA.
      jobs: how many at a time; the machine's cores are shared out evenly.

    Raises:
      Incomplete: a training failed, was refused or was stopped by somebody else; all were tried.
      UserError: more jobs than cores, or a workdir with a training of another configuration.
    """
    free = _shares(jobs)
    waiting = [name for name, config in configs.items() if not is_done(config, folder / name)]
    folder.mkdir(parents=True, exist_ok=True)
    running: list[_Training] = []
    problems: dict[str, tuple[str, int]] = {}
    try:
        while waiting or running:
            while waiting and free:
                name, cores = waiting.pop(0), free[-1]
                try:
                    running.append(_start(name, folder, data_dir, cores))
                except OSError as error:
                    problems[name] = f"could not be started ({error.strerror})", FAILED
                    print(f"{name} {problems[name][0]}", flush=True)
                else:
                    free.pop()
                    print(f"training {name} on cores {sorted(cores)}", flush=True)
            time.sleep(_LOOK_SECONDS if running else 0)
            for training in [one for one in running if one.process.poll() is not None]:
                running.remove(training)
                free.append(training.cores)
                problem = _problem(training, configs[training.name], folder)
                if problem:
                    problems[training.name] = problem
                print(f"{training.name} {problem[0] if problem else 'is trained'}", flush=True)
    finally:
        _stop([training.process for training in running])
    if problems:
        name, (problem, _) = next(iter(problems.items()))
        statuses = {status for _, status in problems.values()}
        raise Incomplete(
            f"{len(problems)} of {len(configs)} trainings are not complete; {name} {problem}",
            next(status for status in (FAILED, REFUSED, STOPPED) if status in statuses),
        )


@dataclasses.dataclass(frozen=True)
class _Training:
    """One that runs; what it says goes to `log`, from byte `begins` on."""

    name: str
    process: subprocess.Popen
    cores: set[int]
    log: pathlib.Path
    begins: int


def _start(name: str, folder: pathlib.Path, data_dir: str | None, cores: set[int]) -> _Training:
    path = folder / f"{name}.log"
    # Added to what is there: the training that another program runs may be writing to the same file.
    with path.open("ab") as log:
        begins = log.tell()
        # The threads that JAX starts are as many as the cores that it may use.
        process = subprocess.Popen(
            [sys.executable, "-c", _ON_CORES, ",".join(map(str, cores)), *_command(name, folder / name, data_dir)],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C reaches this program alone, which then sends each training one signal: a second one would end a
            # training before it has written its checkpoint.
            process_group=0,
        )
    return _Training(name, process, cores, path, begins)


def _command(name: str, workdir: pathlib.Path, data_dir: str | None) -> list[str]:
    command = [sys.executable, "-m", "launch.train", f"--config=studies/catalogue.py:{name}", f"--workdir={workdir}"]
    return [*command, *([f"--data_dir={data_dir}"] if data_dir else [])]


# Run in the child, because threads of this process must not be moved.
_ON_CORES = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, map(int, sys.argv[1].split(",")))
os.execv(sys.argv[2], sys.argv[2:])
"""


def _problem(training: _Training, config: Config, folder: pathlib.Path) -> tuple[str, int] | None:
    """Returns why a training that ended is not complete, and the status that stands for it; None if it is."""
    status, workdir = training.process.returncode, folder / training.name
    if status in (0, STOPPED):
        return None if is_done(config, workdir) else (_stopped_at(config, workdir), STOPPED)
    if status == REFUSED:
        return f"was refused: {_last_line(training)}", REFUSED
    return f"failed with status {status}: {_last_line(training)} (all of it is in {training.log})", FAILED


def _stopped_at(config: Config, workdir: pathlib.Path) -> str:
    step = _step(config, workdir)
    return f"was stopped at step {step} of {config.run.steps}; run the same command again to go on"


def _last_line(training: _Training) -> str:
    said = training.log.read_bytes()[training.begins :].decode(errors="replace")
    # A progress bar writes over its line with carriage returns, which split a line as well.
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _stop(processes: list[subprocess.Popen]) -> None:
    """Asks for a checkpoint and waits for it; a second Ctrl-C does not wait."""
    try:
        for process in processes:
            process.terminate()
        if processes:
            print(f"{len(processes)} trainings write a checkpoint and end; Ctrl-C again ends them at once", flush=True)
        for process in processes:
            process.wait()
    except KeyboardInterrupt:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
        raise


def _step(config: Config, workdir: pathlib.Path) -> int:
    """Returns the step of the newest checkpoint, 0 if there is none."""
    meta = checkpoint.read_meta(workdir)
    if meta is None:
        return 0
    if changed := differences(to_dict(config), meta["config"]):
        raise UserError(
            f"{workdir} was trained with other settings ({changed[0]}); move it away, or name another folder"
        )
    return meta["step"]


def _shares(jobs: int) -> list[set[int]]:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count()))
    if not 1 <= jobs <= len(cores):
        raise UserError(f"--jobs is {jobs}; allowed: 1 to {len(cores)}, one for each core of this machine")
    return [set(cores[i::jobs]) for i in range(jobs)]
