"""How much stronger to make the colour shift of a model that is to be shared (cdaae-export --shift_gain): a table.

python -m studies.shift_gain --model=RUN --data_dir=DATA --judges=runs/judges --output=shift_gain.md

An L1 loss leaves faint what a network is not sure of, such as a fold. Each line of the table shifts colours by one gain
more, on people kept out of training; choose on --split=validation. --manifests is that of `studies.pretrained`.
"""

import argparse
import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np

from cdaae_jax import files
from cdaae_jax.chunks import in_chunks
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.harness import CEILING
from cdaae_jax.evaluation.measures.scores import with_intervals
from cdaae_jax.evaluation.report.tables import Column, table
from cdaae_jax.evaluation.tasks.people import SPLITS
from cdaae_jax.sampling import Sampler
from studies import card_measures, program
from studies.card_measures import CHUNK, Asked, Images
from studies.pretrained import BOTH, GAINED, SIZE, identity_columns

GAINS = (1.0, 1.3, 1.6, 2.0)
PICTURES = (Column("l1", "L1", 4), Column("sharpness", "sharpness", 2))


def edits(sampler: Sampler, source: Images, labels: np.ndarray, gains: Sequence[float]) -> list[Images]:
    """Returns the edits with each gain; the network is asked only once."""

    def make(photos: np.ndarray, vectors: np.ndarray) -> list[np.ndarray]:
        change = sampler.change(photos, vectors)
        if change.shift is None:
            raise UserError("this model shifts no colours; there is nothing to make stronger")
        return [change.replace(shift=gain * change.shift).apply(photos) for gain in gains]

    return in_chunks(make, source, labels, most=CHUNK)


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line, measures, and writes the table.

    Raises:
      UserError: the model, the data or the judges cannot be used.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a model that ships, or a folder")
    for name in ("data_dir", "judges", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--split", choices=SPLITS, default="validation", help="whom to judge")
    parser.add_argument("--manifests", type=lambda text: text.split(";"), default=())
    parser.add_argument("--gains", type=lambda text: tuple(map(float, text.split(","))), default=GAINS)
    given = parser.parse_args(arguments)
    sampler = dataclasses.replace(Sampler.from_pretrained(given.model), image_size=SIZE)
    task, panel = card_measures.held_out(sampler, given.data_dir, given.judges, given.manifests, given.split)
    made = dict(zip(given.gains, edits(sampler, task.source, task.label, given.gains), strict=True))
    pictures = {CEILING: task.target} | {f"shift x {gain:g}": one for gain, one in made.items()}
    person = np.asarray(task.person)
    rows = {
        name: with_intervals(card_measures.statistics_of(Asked(task, one), panel), person)
        for name, one in pictures.items()
    }
    files.write_text(given.output, table(rows, (*identity_columns(panel), *GAINED, *BOTH, *PICTURES)))


if __name__ == "__main__":
    program.run(main)
