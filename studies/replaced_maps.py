"""Which part of a change that a model has not learnt costs how much: its maps, one by one replaced by the truth.

python -m studies.replaced_maps --model=emotion --data_dir=DATA --judges=runs/judges --output=replaced_maps.md

Neutral photos to six full expressions at 256 px, read by a judge. What a row reads more often than the model's own is
what better maps of that part would bring at most. The second table has, for each expression, the identity distance from
the source and the expression gain. Beside it: `studies.true_maps`, where no model takes part.
"""

import argparse
import itertools
import pathlib
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from cdaae_jax import files, images, pretrained
from cdaae_jax.evaluation.judges.face_api import EXPRESSIONS, ExpressionJudge, IdentityJudge
from cdaae_jax.evaluation.judges.remembering import Remembering
from cdaae_jax.evaluation.measures.gain import gain
from cdaae_jax.evaluation.report.tables import lay_out
from cdaae_jax.models import change
from cdaae_jax.models.change import Change
from studies import learnt_maps, program, true_maps
from studies.true_maps import Drawn, Photos

PARTS = ("flow", "shading", "paint")


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


def report(found: Change, drawn: Drawn, judge: ExpressionJudge, identity: IdentityJudge) -> str:
    """Returns the tables: the model, with each choice of parts replaced, and the true pictures.

    Raises:
      UserError: a part is missing.
    """
    learnt_maps.require_whole(found)
    choices = [chosen for count in range(len(PARTS) + 1) for chosen in itertools.combinations(PARTS, count)]
    rows = {f"true {', '.join(true)}" if true else "the model": composed(found, drawn, true) for true in choices}
    return true_maps.table(drawn, rows, judge) + "\n" + by_expression(drawn, rows, judge, identity)


def by_expression(drawn: Drawn, rows: Mapping[str, Photos], judge: ExpressionJudge, identity: IdentityJudge) -> str:
    """Returns the table of pictures by name whose cells are "identity distance; expression gain" of an expression.

    The true pictures are the last row.
    """
    names = [name for name in EXPRESSIONS if name in drawn.expression]
    asked = np.array([EXPRESSIONS.index(expression) for expression in drawn.expression])
    everyone = np.arange(len(asked))
    probabilities, embed = Remembering(judge.probabilities), Remembering(identity.embed)

    def strength(pictures: Photos) -> np.ndarray:
        return probabilities(np.asarray(images.to_uint8(pictures)))[everyone, asked]

    def embedding(pictures: Photos) -> np.ndarray:
        return embed(np.asarray(images.to_uint8(pictures)))

    before, truly, home = strength(drawn.source), strength(drawn.target), embedding(drawn.source)
    cells = []
    for name, pictures in [*rows.items(), ("true pictures", drawn.target)]:
        away = np.linalg.norm(embedding(pictures) - home, axis=1)
        gained = gain(strength(pictures), before, truly, drawn.expression)
        of_each = [np.flatnonzero(asked == EXPRESSIONS.index(expression)) for expression in names]
        cells.append([name, *(f"{away[chosen].mean():.3f}; {gained(chosen):.2f}" for chosen in of_each)])
    return lay_out(["", *names], cells)


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the table.

    Raises:
      UserError: the data, the judge or the model are missing, or its changes lack a part.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a name or a folder")
    parser.add_argument("--data_dir", help="the data folder; else the environment's CDAAE_DATA")
    parser.add_argument("--judges", type=pathlib.Path, default=pathlib.Path("runs/judges"))
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    given = parser.parse_args(arguments)
    judge, identity = ExpressionJudge.load(given.judges), IdentityJudge.load(given.judges)
    drawn = true_maps.load(given.data_dir, given.split)
    found = jax.tree.map(jnp.asarray, learnt_maps.changes(pretrained.open_model(given.model), drawn))
    files.write_text(given.output, report(found, drawn, judge, identity))


if __name__ == "__main__":
    program.run(main)
