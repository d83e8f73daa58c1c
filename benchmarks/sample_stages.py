"""Runs `cdaae-sample` with a watch on its stages; started by benchmarks/cold_start.py, arguments as the program's.

Writes the moments (seconds of the system's monotonic clock, which all processes share) and the seconds that tracing
and compiling took as JSON to the file that the environment variable CDAAE_STAGES names.
"""

import atexit
import contextlib
import json
import os
import pathlib
import time

_MOMENTS = {"python_started": time.monotonic()}
# What JAX reports of itself, and the stage that it belongs to.
_EVENTS = {
    "/jax/core/compile/jaxpr_trace_duration": "trace",
    "/jax/core/compile/jaxpr_to_mlir_module_duration": "trace",
    "/jax/core/compile/backend_compile_duration": "compile or load",
}
_REPORTED: dict[str, list[tuple[float, float]]] = {"trace": [], "compile or load": []}


def main() -> None:
    # Registered before anything else is, so that it runs after everything else has ended.
    atexit.register(_write)
    from cdaae_jax.cli import program, sample

    # Only inside the program's own set-up: JAX reads where its cache lies when it is imported.
    program.run(_watched, sample.__name__)


def _watched() -> None:
    import jax

    from cdaae_jax import checkpoint, images, sampling
    from cdaae_jax.cli import sample

    _MOMENTS["imported"] = time.monotonic()

    def listen(event: str, seconds: float, **_) -> None:
        if event in _EVENTS:
            _REPORTED[_EVENTS[event]].append((time.monotonic() - seconds, time.monotonic()))

    jax.monitoring.register_event_duration_secs_listener(listen)
    _watch(checkpoint, "read_model", "checkpoint")
    _watch(sampling.Sampler, "edit", "edit")
    _watch(images, "write", "write")
    sample.main()


def _watch(owner, name: str, stage: str) -> None:
    watched = getattr(owner, name)

    def wrapper(*args, **kwargs):
        with _stage(stage):
            return watched(*args, **kwargs)

    setattr(owner, name, wrapper)


@contextlib.contextmanager
def _stage(name: str):
    _MOMENTS[f"{name}_begins"] = time.monotonic()
    yield
    _MOMENTS[f"{name}_ends"] = time.monotonic()


def _covered(intervals: list[tuple[float, float]]) -> float:
    """Returns the seconds that intervals cover; what JAX reports nests, and what overlaps counts once."""
    total, reached = 0.0, 0.0
    for begins, ends in sorted(intervals):
        total += max(0.0, ends - max(begins, reached))
        reached = max(reached, ends)
    return total


def _write() -> None:
    reported = {stage: _covered(intervals) for stage, intervals in _REPORTED.items()}
    stages = {"moments": _MOMENTS, "reported": reported, "atexit": time.monotonic()}
    pathlib.Path(os.environ["CDAAE_STAGES"]).write_text(json.dumps(stages))


if __name__ == "__main__":
    main()
