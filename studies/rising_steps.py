"""Whether an expression grows with each step of the amount: of a model's changes, and of the true maps, made linearly.

python -m studies.rising_steps --model=emotion --data_dir=DATA --judges=runs/judges --output=rising_steps.md
python -m studies.rising_steps --graded=FOLDER ...

Neutral photos at 256 px, in even steps from 0 to 1 of each full expression. A step rises where the judge of expressions
is surer of the one that is asked for. The true maps take part as if they were a model's change: what they lack, no
model of maps that are scaled by the amount can have. FOLDER holds the same people's pictures drawn at each of the
amounts (the rig's `render.py --output=FOLDER emotions --amounts=0.125,0.25,0.375,0.5,0.625,0.75,0.875,1`), as
emotion/PERSON_EXPRESSION_012.jpg to _100.jpg: what they lack, the judge does.
"""

import dataclasses
import pathlib
from collections.abc import Callable

import jax
import numpy as np

from cdaae_jax import files, images, pretrained
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges.face_api import ExpressionJudge
from cdaae_jax.evaluation.measures.growth import growth_statistics
from cdaae_jax.evaluation.report.tables import lay_out
from cdaae_jax.models import change
from studies import learnt_maps, program, true_maps
from studies.true_maps import Drawn, Photos, Reading

STEPS = 8


def by_true_maps(drawn: Drawn, amount: float) -> Photos:
    """Returns the sources with so much of their true flow and light, and of what is truly painted."""
    scaled = dataclasses.replace(
        drawn, flow=amount * drawn.flow, shade=amount * drawn.shade, painted=amount * drawn.painted
    )
    return true_maps.composed(scaled, shade=True, paint=true_maps.SIZE)


def drawn_at(drawn: Drawn, folder: pathlib.Path, amount: float) -> Photos:
    """Returns the true pictures at an amount: the sources at 0, else as they were drawn.

    Raises:
      UserError: one is missing.
    """
    if amount == 0:
        return drawn.source
    ending = f"_{100 * amount:03.0f}.jpg"
    found = [folder / "emotion" / f"{pathlib.Path(file).stem.removesuffix('_100')}{ending}" for file in drawn.file]
    missing = [file for file in found if not file.is_file()]
    if missing:
        raise UserError(f"{missing[0]} is missing; draw these people's emotions at all amounts (--help)")
    return images.to_network(np.stack([images.fit(images.read(file), true_maps.SIZE) for file in found]))


def row(reading: Reading, made: Callable[[float], Photos], steps: int = STEPS) -> list[str]:
    """Returns the share of steps that rise, of all expressions and of each."""
    amounts = np.linspace(0.0, 1.0, steps + 1)
    sure = np.stack([reading.strength(made(float(amount))) for amount in amounts], axis=1)
    rising = growth_statistics(sure)["path_monotone"]
    shares = [float(rising(of_one)) for of_one in reading.rows.values()]
    return [f"{np.mean(shares):.0%}", *(f"{share:.0%}" for share in shares)]


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and writes the table.

    Raises:
      UserError: the data, the judge or the model are missing, or there are no steps.
    """
    parser = true_maps.parser(__doc__)
    parser.add_argument("--model", default="emotion", help="a name or a folder")
    parser.add_argument("--steps", type=int, default=STEPS, help="how many steps to the full expression")
    parser.add_argument("--graded", type=pathlib.Path, help="a folder with the true pictures at each amount")
    given = parser.parse_args(arguments)
    if given.steps < 1:
        raise UserError(f"--steps is {given.steps}; allowed: 1 or more")
    judge = ExpressionJudge.load(given.judges)
    drawn = true_maps.load(given.data_dir, given.split)
    reading = Reading(drawn, judge)
    found = learnt_maps.changes(pretrained.open_model(given.model), drawn)
    apply = jax.jit(lambda amount: change.apply(found, drawn.source, amount, sharp=True))
    made: dict[str, Callable[[float], Photos]] = {
        "the model": apply,
        "true maps": jax.jit(lambda amount: by_true_maps(drawn, amount)),
    }
    if given.graded is not None:
        made["true pictures"] = lambda amount: drawn_at(drawn, given.graded, amount)
    cells = [[name, *row(reading, pictures, given.steps)] for name, pictures in made.items()]
    files.write_text(given.output, lay_out(["steps that rise", "all", *reading.names], cells))


if __name__ == "__main__":
    program.run(main)
