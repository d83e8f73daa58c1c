"""ONNX by jax2onnx: one file per program, for onnxruntime on computers and telephones and in browsers.

The converter knows no choice by platform, so up-convolutions are exported as the native operation
(`convolutions.native`).
"""

import logging
import os
import pathlib
from collections.abc import Callable

import numpy as np

from cdaae_jax.errors import UserError
from cdaae_jax.exporting.programs import Arrays, Program
from cdaae_jax.models import convolutions

ENDING = ".onnx"

USE = """\
```python
import onnxruntime

change = onnxruntime.InferenceSession("change.onnx")
apply = onnxruntime.InferenceSession("{apply}.onnx")
{fields} = change.run(None, {{"photo": photo, "label": label}})
(changed,) = apply.run(None, {{"photo": large, {named_fields}, "amount": amount}})
```

{arrays}

They run with onnxruntime alone, also in a browser (onnxruntime-web); compared with the package on CPU."""


def write(file: pathlib.Path, program: Program) -> Callable[..., Arrays]:
    """Writes a program, and returns what the file runs.

    Raises:
      UserError: a package of the extra `onnx` is missing.
    """
    try:
        import jax2onnx
        import onnx
        import onnxruntime
    except ModuleNotFoundError as error:
        raise UserError(
            f'--format=onnx needs the package {error.name}: pip install "cdaae_jax[onnx]", and then '
            'pip install --no-deps "jax2onnx>=0.17", which asks for an older orbax-checkpoint that it does not use'
        ) from error
    logging.getLogger("onnx_ir").setLevel(logging.ERROR)  # it warns of each shape that is not known before it runs
    with convolutions.native():
        model = jax2onnx.to_onnx(
            program.function,
            [("n", *shape) for shape in program.inputs.values()],
            model_name=program.name,
            input_names=list(program.inputs),
            output_names=list(program.outputs),
        )
    onnx.checker.check_model(model)
    file.write_bytes(model.SerializeToString())
    session = onnxruntime.InferenceSession(file)

    def run(*arrays: np.ndarray) -> Arrays:
        return session.run(list(program.outputs), dict(zip(program.inputs, map(np.asarray, arrays), strict=True)))

    return run


def optimise(file: pathlib.Path) -> None:
    """Replaces a program by one that opens quicker: constants are folded as onnxruntime does it whenever it opens one.

    What it folds depends on no machine.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = os.fspath(file)
    onnxruntime.InferenceSession(file.read_bytes(), options)
