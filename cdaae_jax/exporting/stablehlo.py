"""StableHLO by `jax.export`: programs for CPU, CUDA and TPU that need JAX alone, neither this package nor Flax.

JAX keeps such files readable for six months at least (its documentation, "Exporting and serializing staged-out
computations"); a later JAX may want them exported again.
"""

import pathlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import export

from cdaae_jax.exporting.programs import Arrays, Program

ENDING = ".stablehlo"
PLATFORMS = ("cpu", "cuda", "tpu")

USE = """\
```python
import jax
from jax import export

change = export.deserialize(bytearray(open("change.stablehlo", "rb").read()))
apply = export.deserialize(bytearray(open("{apply}.stablehlo", "rb").read()))
{fields} = jax.jit(change.call)(photo, label)
(changed,) = jax.jit(apply.call)(large, {fields}, amount)
```

{arrays}

They run with JAX alone, on CPU, CUDA and TPU; compared with the package on CPU."""


def write(file: pathlib.Path, program: Program) -> Callable[..., Arrays]:
    """Writes a program, and returns what the file runs."""
    (count,) = export.symbolic_shape("n")
    shapes = [jax.ShapeDtypeStruct((count, *shape), jnp.float32) for shape in program.inputs.values()]
    file.write_bytes(export.export(jax.jit(program.function), platforms=PLATFORMS)(*shapes).serialize())
    # It is run once, to compare: compiling takes longer than that, so with fewer passes.
    quickly = {"xla_backend_optimization_level": 1}
    return jax.jit(export.deserialize(bytearray(file.read_bytes())).call, compiler_options=quickly)
