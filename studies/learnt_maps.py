"""What a model has learnt of the true maps of drawn faces, of people it was trained on and of others: a table.

python -m studies.learnt_maps --models=RUN,emotion --data_dir=DATA --output=learnt_maps.md

Neutral photos to six full expressions, 16 people of each part. Where the error is as large for people trained on, the
network or its loss holds it; where it is much smaller for them, people lack. No judge takes part.
"""

import argparse
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

from cdaae_jax import files, images, pretrained
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.report.tables import lay_out
from cdaae_jax.models import change
from cdaae_jax.models.change import Change, enlarge
from cdaae_jax.sampling import Sampler
from cdaae_jax.training import losses
from studies import program, true_maps
from studies.true_maps import Drawn

PARTS = {"train": "trained on", "validation": "validation"}
PEOPLE = 16
HEADINGS = ("", "people", "flow, pixels of 64", "mask", "shading", "painted colour", "L1")


def changes(sampler: Sampler, drawn: Drawn) -> Change:
    """Returns what a model would change in the sources of drawn faces, as JAX arrays."""
    label = np.stack([sampler.labels.parse({expression: 1.0}) for expression in drawn.expression])
    made = sampler.change(np.asarray(images.to_uint8(drawn.source)), label.astype(np.float32))
    return jax.tree.map(jnp.asarray, made)


def require_whole(made: Change) -> None:
    """Refuses changes of which a part is missing.

    Raises:
      UserError: one is.
    """
    if made.flow is None or made.shift is None or made.mask is None:
        raise UserError("a model that was named lacks a flow, a shift or a mask; only whole changes can be compared")


def errors(made: Change, drawn: Drawn) -> dict[str, float]:
    """Returns the mean errors of changes of drawn faces, by name.

    "flow" is in pixels of 64 and "shading" in the shift's own units, both where nothing is painted; "mask" is what the
    masks do not have in common (`losses.overlap`); "painted" is in [0, 1] units, where something is; "l1" is the
    picture's, in the same units.
    """
    require_whole(made)
    grid, size = drawn.flow.shape[1], drawn.source.shape[1]
    known = jnp.ones(len(drawn.source))
    photo = change.shrink(drawn.source, grid)
    shading = losses.shading(made, photo, drawn.flow, drawn.painted, drawn.shade, known).level
    away = jnp.abs(change.apply(made, drawn.source) - drawn.target) / 2
    return {
        "flow": flow_error(made, drawn),
        "mask": float(losses.overlap(enlarge(made.mask, grid, grid), drawn.painted, known)),
        "shading": float(shading),
        "painted": float(losses.within(away, enlarge(drawn.painted, size, size), known)),
        "l1": float(away.mean()),
    }


def flow_error(made: Change, drawn: Drawn) -> float:
    """Returns the mean error of changes' flow, in pixels of 64, where nothing is painted."""
    # With the true mask, all that is wrong of what `losses.maps` compares is the flow.
    known = jnp.ones(len(drawn.source))
    return float(losses.maps(made.replace(mask=drawn.painted), drawn.flow, drawn.painted, known))


def row(sampler: Sampler, drawn: Drawn) -> list[str]:
    """Returns a model's errors on drawn faces as cells of the table."""
    found = errors(changes(sampler, drawn), drawn)
    return [f"{found.pop('flow'):.3f}", *(f"{error:.4f}" for error in found.values())]


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the table.

    Raises:
      UserError: the data or a model are missing, or a model's changes have no flow, shift or mask.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=lambda text: text.split(","), required=True, help="names or folders")
    parser.add_argument("--data_dir", help="the data folder; else the environment's CDAAE_DATA")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    given = parser.parse_args(arguments)
    faces = {part: true_maps.load(given.data_dir, part, PEOPLE) for part in PARTS}
    samplers = {name: pretrained.open_model(name) for name in given.models}
    cells = [
        [pathlib.Path(name).name, PARTS[part], *row(sampler, faces[part])]
        for name, sampler in samplers.items()
        for part in PARTS
    ]
    files.write_text(given.output, lay_out(HEADINGS, cells))


if __name__ == "__main__":
    program.run(main)
