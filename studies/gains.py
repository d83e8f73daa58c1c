"""How much stronger to make a shared model's changes (cdaae-export --shift_gain --flow_gain): a table.

python -m studies.gains --model=RUN --gains=1:1,1.5:1,1.5:1.1 --data_dir=DATA --judges=runs/judges --output=gains.md

An L1 loss leaves faint what a network is not sure of, such as a fold. Each line of the table has one more pair of
gains, of the shift and of the flow, on people kept out of training; choose on --split=validation. --manifests is that
of `studies.pretrained`.
"""

import argparse
import dataclasses
import pathlib

import numpy as np

from cdaae_jax import files
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.harness import CEILING
from cdaae_jax.evaluation.measures.scores import with_intervals
from cdaae_jax.evaluation.report.tables import Column, table
from cdaae_jax.evaluation.tasks.people import SPLITS
from cdaae_jax.exporting.gains import Gains, with_gains
from cdaae_jax.sampling import Sampler
from studies import card_measures, program
from studies.card_measures import Asked
from studies.pretrained import BOTH, GAINED, SIZE, identity_columns

PAIRS = "1:1,1.3:1,1.6:1,1.3:1.1"
PICTURES = (Column("l1", "L1", 4), Column("sharpness", "sharpness", 2))


def pairs(text: str) -> tuple[Gains, ...]:
    """Returns the gains that "SHIFT:FLOW,SHIFT:FLOW" names.

    Raises:
      UserError: it names something else.
    """
    try:
        return tuple(Gains(*(float(number) for number in one.split(":", 1))) for one in text.split(","))
    except ValueError:
        raise UserError(f"--gains={text} cannot be used; write SHIFT:FLOW,SHIFT:FLOW, as {PAIRS}") from None


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line, measures, and writes the table.

    Raises:
      UserError: the model, the gains, the data or the judges cannot be used.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a model that ships, or a folder")
    for name in ("data_dir", "judges", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--split", choices=SPLITS, default="validation", help="whom to judge")
    parser.add_argument("--manifests", type=lambda text: text.split(";"), default=())
    parser.add_argument("--gains", default=PAIRS, help="of shift and flow")
    given = parser.parse_args(arguments)
    asked = pairs(given.gains)
    sampler = dataclasses.replace(Sampler.from_pretrained(given.model), image_size=SIZE)
    stronger = {f"shift x {one.shift:g}, flow x {one.flow:g}": with_gains(sampler, one) for one in asked}
    task, panel = card_measures.held_out(sampler, given.data_dir, given.judges, given.manifests, given.split)
    made = {name: card_measures.edits(one, task.source, task.label)[0] for name, one in stronger.items()}
    person = np.asarray(task.person)
    rows = {
        name: with_intervals(card_measures.statistics_of(Asked(task, one), panel), person)
        for name, one in ({CEILING: task.target} | made).items()
    }
    files.write_text(given.output, table(rows, (*identity_columns(panel), *GAINED, *BOTH, *PICTURES)))


if __name__ == "__main__":
    program.run(main)
