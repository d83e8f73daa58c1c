"""Which part of a change that a model has not learnt costs how much: its maps, one by one replaced by the truth.

python -m studies.replaced_maps --model=emotion --data_dir=DATA --judges=runs/judges --output=replaced_maps.md

Neutral photos to six full expressions at 256 px, read by a judge. What a row reads more often than the model's own is
what better maps of that part would bring at most. Then the shading alone, in two parts: what is finer than so many
points of the maps' grid (the width of a Gaussian), and the rest. The second table has, for each expression, the
identity distance from the source and the expression gain. Beside it: `studies.true_maps`, where no model takes part.
"""

import dataclasses
import itertools
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.ndimage import gaussian_filter

from cdaae_jax import files, images, pretrained
from cdaae_jax.evaluation.judges.face_api import ExpressionJudge, IdentityJudge
from cdaae_jax.evaluation.judges.remembering import Remembering
from cdaae_jax.evaluation.report.tables import lay_out
from cdaae_jax.models import change
from cdaae_jax.models.change import Change
from studies import learnt_maps, program, true_maps
from studies.true_maps import Drawn, Photos, Reading

PARTS = ("flow", "shading", "paint")
FINENESS = (1, 2, 4)  # points of the maps' grid


def composed(found: Change, drawn: Drawn, true: tuple[str, ...]) -> Photos:
    """Returns the sources changed, with the true maps for some of `PARTS` and the model's for the others."""
    flow = drawn.flow if "flow" in true else found.flow
    shift = None if "shading" in true else found.shift
    photo = change.apply(Change(flow=flow, shift=shift), drawn.source, sharp=True)
    if "shading" in true:
        photo = true_maps.shaded(drawn, photo)
    if "paint" in true:
        return true_maps.painted(drawn, photo, grid=128)
    return change.apply(Change(mask=found.mask, paint=found.paint), photo, sharp=True)


def of_fineness(found: Change, drawn: Drawn, width: float, fine: bool) -> Photos:
    """Returns the sources changed by the model, whose shading is true where it is finer than `width`, or where coarser.

    Args:
      found: the model's change.
      drawn: the faces.
      width: of the Gaussian that parts the shading, in points of the true maps' grid.
      fine: whether the finer part is the true one; if not, the other is.
    """
    model, true = np.asarray(light(found, drawn)), np.asarray(drawn.shade)
    own, other = (true, model) if fine else (model, true)

    def coarse(shade: np.ndarray) -> np.ndarray:
        return gaussian_filter(shade, (0, width, width, 0))

    mixed = dataclasses.replace(drawn, shade=jnp.asarray(own - coarse(own) + coarse(other)))
    return composed(found, mixed, ("shading",))


def light(found: Change, drawn: Drawn) -> Float[Array, "n g g 1"]:
    """Returns the logarithm of the factor by which a model's shift changes the light, a mean over colours."""
    grid = drawn.shade.shape[1]
    assert found.flow is not None and found.shift is not None
    before = change.move(change.shrink(drawn.source, grid), change.enlarge(found.flow, grid, grid))
    before = jnp.clip(before, *change.LIT)
    after = change.recolour(before, change.enlarge(found.shift, grid, grid))
    return jnp.log((after + 1.0) / (before + 1.0)).mean(axis=-1, keepdims=True)


def report(found: Change, drawn: Drawn, judge: ExpressionJudge, identity: IdentityJudge) -> str:
    """Returns the tables: the model, with each choice of parts replaced, and the true pictures.

    Raises:
      UserError: a part is missing.
    """
    learnt_maps.require_whole(found)
    choices = [chosen for count in range(len(PARTS) + 1) for chosen in itertools.combinations(PARTS, count)]
    rows = {f"true {', '.join(true)}" if true else "the model": composed(found, drawn, true) for true in choices}
    for width, fine in itertools.product(FINENESS, (True, False)):
        name = f"true shading {'finer' if fine else 'coarser'} than {width} of {drawn.shade.shape[1]}"
        rows[name] = of_fineness(found, drawn, width, fine)
    reading = Reading(drawn, judge)
    return true_maps.table(reading, rows) + "\n" + by_expression(reading, rows, identity)


def by_expression(reading: Reading, rows: Mapping[str, Photos], identity: IdentityJudge) -> str:
    """Returns the table of pictures by name whose cells are "identity distance; expression gain" of an expression.

    The true pictures are the last row.
    """
    embed = Remembering(identity.embed)

    def embedding(pictures: Photos) -> np.ndarray:
        return embed(np.asarray(images.to_uint8(pictures)))

    home = embedding(reading.drawn.source)
    cells = []
    for name, pictures in [*rows.items(), ("true pictures", reading.drawn.target)]:
        away, gained = np.linalg.norm(embedding(pictures) - home, axis=1), reading.gained(pictures)
        cells.append([name, *(f"{away[of_one].mean():.3f}; {gained(of_one):.2f}" for of_one in reading.rows.values())])
    return lay_out(["", *reading.names], cells)


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the table.

    Raises:
      UserError: the data, the judge or the model are missing, or its changes lack a part.
    """
    parser = true_maps.parser(__doc__)
    parser.add_argument("--model", required=True, help="a name or a folder")
    given = parser.parse_args(arguments)
    judge, identity = ExpressionJudge.load(given.judges), IdentityJudge.load(given.judges)
    drawn = true_maps.load(given.data_dir, given.split)
    found = learnt_maps.changes(pretrained.open_model(given.model), drawn)
    files.write_text(given.output, report(found, drawn, judge, identity))


if __name__ == "__main__":
    program.run(main)
