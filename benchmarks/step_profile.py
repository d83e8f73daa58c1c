"""Which operations a compiled program spends its time in, from a trace of JAX's profiler."""

import collections
import pathlib
import re
import tempfile
from collections.abc import Callable
from typing import Any

import jax

# "  %fusion.3 = f32[...] fusion(...), metadata={op_name="jit(step)/decoder/up_1/conv_general_dilated" ...}"
_INSTRUCTION = re.compile(r'^\s*(?:ROOT )?%?([\w.\-]+) = .*op_name="([^"]*)"', re.MULTILINE)


def top_operations(step: Callable[[], None], compiled_text: str, num_steps: int, top: int) -> dict[str, Any]:
    """Profiles `num_steps` calls of `step`, which must wait for what it started.

    Args:
      step: runs the program once.
      compiled_text: the optimised program, from which operations get the name of the layer that they come from.
      num_steps: calls under the profiler.
      top: how many operations are returned.

    Returns:
      "profiled_milliseconds_per_step", summed over all operations, and "top": per operation its name, milliseconds
      and calls per step, and its share of the sum. Operations of one layer and kind are added up.
    """
    origin = dict(_INSTRUCTION.findall(compiled_text))
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            for _ in range(num_steps):
                step()
        seconds, calls = _by_operation(pathlib.Path(folder), origin)
    total = sum(seconds.values())
    return {
        "profiled_milliseconds_per_step": 1e3 * total / num_steps,
        "top": [
            {
                "operation": name,
                "milliseconds": 1e3 * spent / num_steps,
                "share": spent / total,
                "calls": calls[name] / num_steps,
            }
            for name, spent in seconds.most_common(top)
        ],
    }


def _by_operation(folder: pathlib.Path, origin: dict[str, str]) -> tuple[collections.Counter, collections.Counter]:
    seconds, calls = collections.Counter(), collections.Counter()
    for file in folder.rglob("*.xplane.pb"):
        for plane in jax.profiler.ProfileData.from_file(str(file)).planes:
            lines = list(plane.lines)
            if "device:" in plane.name:
                # Beside what ran, devices have lines that sum it up by module, step or name scope.
                streams = [line for line in lines if line.name.startswith("Stream")]
                lines = streams or [line for line in lines if line.name == "XLA Ops"]
            for line in lines:
                for event in line.events:
                    operation = dict(event.stats).get("hlo_op")
                    # "end: x" is the marker of when the CPU is done with x.
                    if operation and not event.name.startswith("end: "):
                        name = _readable(operation, origin)
                        seconds[name] += event.duration_ns / 1e9
                        calls[name] += 1
    return seconds, calls


def _readable(operation: str, origin: dict[str, str]) -> str:
    """Returns "decoder/up_1/conv_general_dilated (fusion)" for "fusion.3" that comes from there."""
    kind = re.sub(r"[.\d]+$", "", operation)
    path = re.sub(r"\w+\(|\)", "", origin.get(operation, ""))
    # Wrappers say nothing: what counts are the network's last levels, the operation, and whether it goes backwards.
    parts = [part for part in path.split("/") if part and not part.startswith(("jit", "pmap", "shmap", "_"))]
    backwards = " backward" if "transpose(" in origin.get(operation, "") else ""
    return f"{'/'.join(parts[-3:])}{backwards} ({kind})" if parts else f"({kind})"
