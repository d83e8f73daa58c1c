"""How long XLA may take to compile for a CPU."""

import os

from cdaae_jax import memory

_FLAG = "--xla_backend_optimization_level"


def hurry() -> None:
    """Lets XLA compile with fewer passes, for programs that make few pictures; call it before any device is used.

    The first edit of a size then waits 0.9 s instead of 1.9 s on two cores; pictures take up to a fifth longer, which
    is milliseconds. Does nothing where the device is no CPU, or where the environment's XLA_FLAGS set the level.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if _FLAG not in flags and memory.cpu_is_default():
        os.environ["XLA_FLAGS"] = f"{flags} {_FLAG}=1".strip()
