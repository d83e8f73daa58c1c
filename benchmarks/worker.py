"""One peer in a process of its own: builds its task once, then runs turns when told to, and sleeps in between.

Started by `benchmarks.harness.Worker`. Reads JSON lines from standard input, answers with JSON lines on what was
standard output; whatever libraries print there goes to standard error instead.
"""

import importlib
import json
import os
import pathlib
import resource
import sys
import time
from typing import Any

from benchmarks import inputs
from benchmarks.settings import Settings

# Where a peer lives, and how its classes are told apart.
PEERS = {
    "ours": ("benchmarks.peers.ours", {}),
    "ours_one_device": ("benchmarks.peers.ours", {}),
    "ours_in_calls": ("benchmarks.peers.ours_in_calls", {}),
    "flax": ("benchmarks.peers.flax_peer", {}),
    "torch_eager": ("benchmarks.peers.torch_peer", {}),
    "torch_contiguous": ("benchmarks.peers.torch_peer", {"layout": "contiguous"}),
    "torch_compile": ("benchmarks.peers.torch_peer", {"compiled": "generator"}),
    "torch_compile_all": ("benchmarks.peers.torch_peer", {"compiled": "all"}),
    "torch_compile_contiguous": ("benchmarks.peers.torch_peer", {"compiled": "all", "layout": "contiguous"}),
}


def main() -> None:
    """Serves the commands "import", "weights", "build" and "turn" until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module_name, options = PEERS[sys.argv[1]]
    work = None
    for line in sys.stdin:
        request = json.loads(line)
        command = request.pop("command")
        if command == "import":
            if os.environ.get("BENCHMARK_KEEP_MEMORY"):
                importlib.import_module("cdaae_jax.memory").keep()
            module = importlib.import_module(module_name)
            module.describe()  # also starts the device's own threads and pools, so that they do not count as the step's
            answer: dict[str, Any] = {"peak_bytes": _peak_bytes(), "about": module.describe()}
        elif command == "weights":
            inputs.save(pathlib.Path(request["path"]), module.make_weights(Settings(**request["settings"])))
            answer = {}
        elif command == "build":
            work = None
            weights = inputs.load(pathlib.Path(request["weights"]))
            settings = Settings(**request["settings"])
            work = getattr(module, request["task"])(settings, weights, **options, **request["options"])
            del weights
            began = time.perf_counter()
            work()
            answer = {
                "first_call_seconds": time.perf_counter() - began,
                "check": work.check(),
                "peak_bytes": _peak_bytes(),
            }
        else:
            answer = _turn(work, request["calls"])
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _turn(work: Any, calls: int) -> dict[str, float]:
    """Calls the work several times; returns how long that took and its share of the processors."""
    used, began = time.process_time(), time.perf_counter()
    for _ in range(calls):
        work()
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - used,
        "peak_bytes": _peak_bytes(),
    }


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
