"""Whether an expression grows with each step of the amount: of a model's changes, and of the true maps, made linearly.

python -m studies.rising_steps --model=emotion --data_dir=DATA --judges=runs/judges --output=rising_steps.md

Neutral photos at 256 px, at nine amounts from 0 to 1 of each full expression. A step rises where the judge of
expressions is surer of the one that is asked for. The true maps take part as if they were a model's change: what they
lack, no model of maps that are scaled by the amount can have.
"""

import dataclasses
from collections.abc import Callable

import jax
import numpy as np

from cdaae_jax import files, pretrained
from cdaae_jax.evaluation.judges.face_api import ExpressionJudge
from cdaae_jax.evaluation.measures.growth import growth_statistics
from cdaae_jax.evaluation.report.tables import lay_out
from cdaae_jax.models import change
from studies import learnt_maps, program, true_maps
from studies.true_maps import Drawn, Photos, Reading

AMOUNTS = np.linspace(0.0, 1.0, 9)


def by_true_maps(drawn: Drawn, amount: float) -> Photos:
    """Returns the sources with so much of their true flow and light, and of what is truly painted."""
    scaled = dataclasses.replace(
        drawn, flow=amount * drawn.flow, shade=amount * drawn.shade, painted=amount * drawn.painted
    )
    return true_maps.composed(scaled, shade=True, paint=true_maps.SIZE)


def row(reading: Reading, made: Callable[[float], Photos]) -> list[str]:
    """Returns the share of steps that rise, of all expressions and of each."""
    sure = np.stack([reading.strength(made(float(amount))) for amount in AMOUNTS], axis=1)
    rising = growth_statistics(sure)["path_monotone"]
    shares = [float(rising(of_one)) for of_one in reading.rows.values()]
    return [f"{np.mean(shares):.0%}", *(f"{share:.0%}" for share in shares)]


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the table.

    Raises:
      UserError: the data, the judge or the model are missing.
    """
    parser = true_maps.parser(__doc__)
    parser.add_argument("--model", default="emotion", help="a name or a folder")
    given = parser.parse_args(arguments)
    judge = ExpressionJudge.load(given.judges)
    drawn = true_maps.load(given.data_dir, given.split)
    reading = Reading(drawn, judge)
    found = learnt_maps.changes(pretrained.open_model(given.model), drawn)
    apply = jax.jit(lambda amount: change.apply(found, drawn.source, amount, sharp=True))
    cells = [
        ["the model", *row(reading, apply)],
        ["true maps", *row(reading, jax.jit(lambda amount: by_true_maps(drawn, amount)))],
    ]
    files.write_text(given.output, lay_out(["steps that rise", "all", *reading.names], cells))


if __name__ == "__main__":
    program.run(main)
