"""One case of benchmarks/gpu.py in a process of its own: settings as JSON in, measurements as JSON out."""

import json
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks import harness, step_profile
from benchmarks.peers import ours
from benchmarks.settings import Settings
from cdaae_jax import parallel

_PRODUCTS = 10  # in a row, so that the time to start them does not matter


def main() -> None:
    request = json.loads(sys.argv[1])
    settings = Settings(**request["settings"])
    # The scale first, before the networks' memory is taken; its buffers are small beside theirs.
    matrix = {dtype: matrix_rate(request["matrix_size"], dtype) for dtype in ("bfloat16", "float32")}
    print(json.dumps(measure(settings, request) | {"matrix_flops_per_second": matrix, "about": ours.describe()}))


def matrix_rate(size: int, dtype: str) -> float:
    """Returns the FLOP/s of products of two square matrices, the best of five runs.

    float32 runs at JAX's default precision, as the networks do (on recent NVIDIA cards that is TF32).
    """
    left, right = (jax.random.normal(key, (size, size), dtype) for key in jax.random.split(jax.random.key(0)))
    right = right / jnp.sqrt(size).astype(dtype)  # keeps the chain's values in range

    @jax.jit
    def chain(left, right):
        return jax.lax.fori_loop(0, _PRODUCTS, lambda _, product: product @ right, left)

    chain(left, right).block_until_ready()
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        chain(left, right).block_until_ready()
        best = min(best, time.perf_counter() - began)
    return 2.0 * size**3 * _PRODUCTS / best


def measure(settings: Settings, request: dict[str, int]) -> dict[str, Any]:
    """Returns times, FLOPs, memory and the profile of the training step on the first device."""
    work = ours.TrainStep(settings, ours.make_weights(settings), num_devices=1)
    batch = parallel.shard(work.host_batch, work.devices)
    began = time.perf_counter()
    lowered = work.mapped.lower(work.state, batch)
    compiled = lowered.compile()
    compile_seconds = time.perf_counter() - began
    # Of the program as written: after optimisation, convolutions are calls of libraries, whose FLOPs XLA counts as 0.
    flops = lowered.cost_analysis()["flops"]
    sizes = compiled.memory_analysis()
    for _ in range(2):
        work.step(batch)
    seconds = []
    for _ in range(request["rounds"]):
        began = time.perf_counter()
        for _ in range(request["steps"]):
            work.dispatch(batch)  # the host runs ahead, as in training
        jax.block_until_ready(work.state)
        seconds.append((time.perf_counter() - began) / request["steps"])
    stats = work.devices[0].memory_stats()
    milliseconds = harness.spread([1e3 * one for one in seconds])
    measured = {
        "milliseconds_per_step": milliseconds,
        "pairs_per_second": 1e3 * settings.batch_size / milliseconds["median"],
        "flops_per_step": flops,
        "flops_per_second": 1e3 * flops / milliseconds["median"],
        "compile_seconds": compile_seconds,
        "peak_bytes": stats["peak_bytes_in_use"] if stats else None,  # CPU devices do not count their memory
        "compiled_bytes": sizes.temp_size_in_bytes
        + sizes.argument_size_in_bytes
        + sizes.output_size_in_bytes
        - sizes.alias_size_in_bytes,
    }
    return measured | step_profile.top_operations(
        lambda: work.step(batch), compiled.as_text(), request["steps"], request["top"]
    )


if __name__ == "__main__":
    main()
