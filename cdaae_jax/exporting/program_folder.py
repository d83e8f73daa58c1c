"""Exports a sampler as programs: `change`, `apply`, meta.json, and a card that says how to run them."""

import hashlib
import pathlib
from types import ModuleType

import numpy as np
from jaxtyping import UInt8

from cdaae_jax.exporting import card, onnx_file, programs, stablehlo
from cdaae_jax.exporting.model import Provenance, meta
from cdaae_jax.pretrained import model_folder
from cdaae_jax.sampling import Sampler

FORMATS: dict[str, ModuleType] = {"stablehlo": stablehlo, "onnx": onnx_file}


def write(
    folder: pathlib.Path, sampler: Sampler, about: Provenance, photos: UInt8[np.ndarray, "n s s 3"], kind: str
) -> str:
    """Writes both programs, and compares what was written with the sampler.

    Args:
      folder: empty.
      sampler: what to export.
      about: what else to say of it.
      photos: aligned, to compare on; `apply` is exported for their size.
      kind: one of `FORMATS`.

    Returns:
      The largest differences, in words.

    Raises:
      programs.Unlike: the differences are too large.
      UserError: a package is missing.
    """
    written = FORMATS[kind]
    pair = programs.of_sampler(sampler, photos.shape[1])
    run_change, run_apply = (written.write(folder / f"{program.name}{written.ENDING}", program) for program in pair)
    said = programs.compare(sampler, run_change, run_apply, photos)
    files = {}
    for program in pair:
        file = folder / f"{program.name}{written.ENDING}"
        shapes = {
            kind: {name: ["n", *shape] for name, shape in arrays.items()}
            for kind, arrays in (("inputs", program.inputs), ("outputs", program.outputs))
        }
        files[file.name] = {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), **shapes}
    described = meta(sampler, about, kind) | {"files": files}
    model_folder.write_meta(folder, described)
    change, apply = pair
    use = written.USE.format(
        apply=apply.name,
        fields=", ".join(change.outputs),
        named_fields=", ".join(f'"{name}": {name}' for name in change.outputs),
        arrays=_arrays(pair),
    )
    (folder / model_folder.CARD).write_text(card.of_programs(described, use, kind), encoding="utf-8")
    return said


def _arrays(pair: tuple[programs.Program, programs.Program]) -> str:
    change, apply = pair
    shape = {name: f"[n, {', '.join(map(str, size))}]" for name, size in {**change.inputs, **change.outputs}.items()}
    fields = ", ".join(f"`{name}` {shape[name]}" for name in change.outputs)
    side = apply.inputs["photo"][0]
    return (
        f"All arrays are float32, n photos at a time. `photo` {shape['photo']} is the face, upright and cropped as in "
        f"training, in RGB from -1 to 1 (grey level / 127.5 - 1); `label` {shape['label']} has the labels in the order "
        f"below (AUs divided by 5). They give {fields}: see `cdaae_jax/models/change.py`. `large` [n, {side}, "
        f"{side}, 3] is the same crop at its own size, `amount` [n] from 0 (no change) to 1.5 (1: as asked)."
    )
