"""What the benchmarks have in common: workers that take turns, what makes a round count, ratios."""

import contextlib
import dataclasses
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks.settings import Settings
from cdaae_jax import cores

ROOT = pathlib.Path(__file__).resolve().parents[1]  # where `python -m` finds this checkout's own packages
PEERS = (
    "ours", "ours_one_device", "torch_eager", "torch_contiguous", "torch_compile", "torch_compile_all",
    "torch_compile_contiguous", "flax",
)  # fmt: skip
# Asks a worker of ours to begin as `cdaae-train` does, with cdaae_jax/memory.py; the other peers get none of it.
OUR_ENVIRONMENT = {"BENCHMARK_KEEP_MEMORY": "1"}
_SETTINGS = ("GLIBC_TUNABLES", "MALLOC_", "OMP_", "KMP_")  # of C library and OpenMP; no peer inherits them
_PAUSE = 0.05  # seconds between turns, after which thread pools have gone to sleep


class WorkerFailed(RuntimeError):
    """A worker ended; its own error message is further up on standard error."""


class Worker:
    """A peer's process. Use it as a context manager."""

    def __init__(self, peer: str, environment: dict[str, str] | None = None, name: str | None = None):
        """Starts the process; `environment` is set on top of the peer's own, `name` tells two of one peer apart."""
        self.peer = name or peer
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", peer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=peer_environment(peer) | (environment or {}),
            cwd=ROOT,
            text=True,
        )
        imported = self.ask("import")
        self.baseline_bytes, self.about = imported["peak_bytes"], imported["about"]

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Sends a command and waits for the answer.

        Raises:
          WorkerFailed: there will be none.
        """
        try:
            self._process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise WorkerFailed(f"the worker of {self.peer} is gone") from None
        line = self._process.stdout.readline()
        if not line:
            raise WorkerFailed(f"the worker of {self.peer} failed with status {self._process.wait()} at {command!r}")
        return json.loads(line)

    def build(self, task: str, settings: Settings, weights: pathlib.Path, **options: Any) -> dict[str, Any]:
        """Makes the worker's task and runs it once; returns how long that took and what it computed."""
        return self.ask(
            "build", task=task, settings=dataclasses.asdict(settings), weights=str(weights), options=options
        )

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def peer_environment(peer: str) -> dict[str, str]:
    """Returns the environment of a peer's process: this one's, but settings of the C library for ours alone."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    return own | (OUR_ENVIRONMENT if peer.startswith("ours") else {})


def devices(peer: str) -> dict[str, str]:
    """Returns what gives a worker the CPU devices that cdaae-train takes: two where there are two cores or more."""
    return {"JAX_NUM_CPU_DEVICES": "2"} if peer in ("ours", "ours_in_calls") and cores.usable() > 1 else {}


def missing(peer: str, model: str) -> str | None:
    """Returns why a peer cannot run this model here, or None."""
    if peer == "flax" and model != "plain":
        return "plain Flax has only the model 'plain'"
    if peer.startswith("torch") and importlib.util.find_spec("torch") is None:
        return "PyTorch is not installed (the extra `bench`)"
    if peer.startswith("torch_compile") and not (shutil.which(os.environ.get("CXX", "g++")) or shutil.which("clang++")):
        return "torch.compile needs a C++ compiler"
    return None


@contextlib.contextmanager
def weights_for(settings: Settings, worker: Worker) -> Iterator[pathlib.Path]:
    """Lets a worker of ours write the weights that every peer starts from to a temporary file."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "weights.npz"
        worker.ask("weights", settings=dataclasses.asdict(settings), path=str(path))
        yield path


def check_same(checks: dict[str, dict[str, float]], tolerance: float) -> float:
    """Returns the largest difference between what our and another peer's first call computed.

    Raises:
      RuntimeError: it is more than `tolerance`: the peers do not do the same work.
    """
    worst = 0.0
    for peer, values in checks.items():
        for name in values.keys() & checks["ours"].keys():
            difference = abs(values[name] - checks["ours"][name])
            worst = max(worst, difference)
            if not difference <= tolerance:
                raise RuntimeError(f"{name} is {values[name]:g} in {peer} and {checks['ours'][name]:g} in ours")
    return worst


@dataclasses.dataclass
class Turns:
    """What one peer's turns took.

    Attributes:
      seconds: per call, by round.
      others: share of the processors that other processes had meanwhile, 0..1, by round.
    """

    seconds: list[float] = dataclasses.field(default_factory=list)
    others: list[float] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Rounds:
    """How peers take turns, and when a round counts.

    Attributes:
      count: turns of each peer.
      warmup: calls of each peer before them.
      turn_seconds: the minimum length of a turn (of at least one call), long enough that waking up and caches filled by
        others do not matter.
      most_others: the share of the processors, 0..1, that other processes may have during a turn.
      patience: seconds that a comparison waits in all, and takes rounds again, for a quiet machine.
    """

    count: int
    warmup: int
    turn_seconds: float
    most_others: float
    patience: float


def alternate(workers: Sequence[Worker], rounds: Rounds) -> tuple[dict[str, Turns], int]:
    """Lets built workers take turns, A B C A B C and so on.

    A round that other processes disturbed is taken again until the patience is used up; from then on every round
    counts.

    Returns:
      The turns by peer, and how many of the rounds that count were disturbed.
    """
    calls = {}
    for worker in workers:
        seconds = min(worker.ask("turn", calls=1)["seconds"] for _ in range(max(1, rounds.warmup)))
        calls[worker.peer] = max(1, round(rounds.turn_seconds / seconds))
    turns = {worker.peer: Turns() for worker in workers}
    disturbed, lost = 0, 0.0
    while len(turns[workers[0].peer].seconds) < rounds.count:
        began = time.perf_counter()
        while lost + time.perf_counter() - began < rounds.patience and _others_now() > rounds.most_others:
            pass
        lost += time.perf_counter() - began
        began = time.perf_counter()
        taken = {worker.peer: _take_turn(worker, calls[worker.peer]) for worker in workers}
        if max(others for _, others in taken.values()) > rounds.most_others:
            lost += time.perf_counter() - began
            if lost < rounds.patience:
                continue
            disturbed += 1
        for peer, (seconds, others) in taken.items():
            turns[peer].seconds.append(seconds)
            turns[peer].others.append(others)
    return turns, disturbed


def _others_now() -> float:
    """Returns the share of the processors that is in use while all workers sleep; takes a moment to find out."""
    busy, began = _busy_seconds(), time.perf_counter()
    time.sleep(0.3)
    return (_busy_seconds() - busy) / (os.cpu_count() * (time.perf_counter() - began))


def _take_turn(worker: Worker, calls: int) -> tuple[float, float]:
    time.sleep(_PAUSE)
    busy, began = _busy_seconds(), time.perf_counter()
    turn = worker.ask("turn", calls=calls)
    wall = (time.perf_counter() - began) * os.cpu_count()
    # The kernel counts in hundredths of a second, hence the bounds.
    others = min(1.0, max(0.0, (_busy_seconds() - busy - turn["cpu_seconds"]) / wall))
    return turn["seconds"] / calls, others


def _busy_seconds() -> float:
    """Returns the seconds that all processors have worked since the start; 0 where the system does not say."""
    stat = pathlib.Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _, _, irq, softirq, steal = map(int, stat.read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Returns the median and the quartiles."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": float(median), "lower_quartile": float(low), "upper_quartile": float(high)}


def ratios(turns: dict[str, Turns], base: str) -> dict[str, dict[str, float]]:
    """Returns each peer's time as a multiple of the peer `base`'s: medians and quartiles of the rounds' ratios."""
    return {
        peer: spread([one / other for one, other in zip(own.seconds, turns[base].seconds, strict=True)])
        for peer, own in turns.items()
        if peer != base
    }
