"""How much stronger to make a shared model's changes (cdaae-export --shift_gain --flow_gain --label_gains): tables.

python -m studies.gains --model=RUN --gains=1:1,1.5:1,1.5:1.1 --data_dir=DATA --judges=runs/judges --output=gains.md
python -m studies.gains --model=RUN --gains=1.5:1 --label_gains=1,1.1,1.2 ...

An L1 loss leaves faint what a network is not sure of, such as a fold. Each line of the first table has one more pair of
gains, of the shift and of the flow, on people kept out of training; choose on --split=validation. --label_gains adds a
table that has each label with each of its gains, one after the other, for each pair. --manifests is that of
`studies.pretrained`.
"""

import argparse
import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int64

from cdaae_jax import files
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.harness import CEILING
from cdaae_jax.evaluation.judges.panel import Panel
from cdaae_jax.evaluation.measures.scores import Row, with_intervals
from cdaae_jax.evaluation.report.tables import Column, table
from cdaae_jax.evaluation.tasks.edits import Task
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


def label_gains(text: str) -> tuple[float, ...]:
    """Returns the gains that "1,1.1,1.2" names, none for an empty text.

    Raises:
      UserError: it names something else.
    """
    try:
        return tuple(float(number) for number in text.split(",") if text)
    except ValueError:
        raise UserError(f"--label_gains={text} cannot be used; write numbers, as 1,1.1,1.2") from None


def with_label_gains(samplers: Mapping[str, Sampler], gains: Sequence[float]) -> dict[str, Sampler]:
    """Returns each sampler with each gain of all of its labels, by names that say so.

    Raises:
      UserError: a gain cannot be used.
    """
    return {
        f"{which}, label x {gain:g}": with_gains(
            sampler, Gains(labels={name: gain for name in sampler.labels.names if name != "neutral"})
        )
        for which, sampler in samplers.items()
        for gain in gains
    }


def by_label(samplers: Mapping[str, Sampler], task: Task, panel: Panel) -> dict[str, Row]:
    """Returns rows of each label that the task has alone: the true pictures', then each sampler's."""
    made = {name: card_measures.edits(one, task.source, task.label)[0] for name, one in samplers.items()}
    measured = {
        name: card_measures.statistics_of(Asked(task, one), panel)
        for name, one in ({CEILING: task.target} | made).items()
    }
    person = np.asarray(task.person)
    return {
        f"{label}: {name}": with_intervals(statistics, person, rows)
        for label in task.space.names
        if label != "neutral" and len(rows := _alone(task, label))
        for name, statistics in measured.items()
    }


def _alone(task: Task, name: str) -> Int64[np.ndarray, " rows"]:
    """Returns which edits ask for one label and nothing else."""
    asked = {other: task.label[:, at] > 0 for at, other in enumerate(task.space.names) if other != "neutral"}
    return np.flatnonzero(asked[name] & (sum(asked.values()) == 1))


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
    parser.add_argument("--label_gains", default="", help="of each label, one after the other")
    given = parser.parse_args(arguments)
    asked, of_labels = pairs(given.gains), label_gains(given.label_gains)
    sampler = dataclasses.replace(Sampler.from_pretrained(given.model), image_size=SIZE)
    stronger = {f"shift x {one.shift:g}, flow x {one.flow:g}": with_gains(sampler, one) for one in asked}
    labelled = with_label_gains(stronger, of_labels)
    task, panel = card_measures.held_out(sampler, given.data_dir, given.judges, given.manifests, given.split)
    made = {name: card_measures.edits(one, task.source, task.label)[0] for name, one in stronger.items()}
    person = np.asarray(task.person)
    rows = {
        name: with_intervals(card_measures.statistics_of(Asked(task, one), panel), person)
        for name, one in ({CEILING: task.target} | made).items()
    }
    columns = (*identity_columns(panel), *GAINED, *BOTH, *PICTURES)
    tables = [table(rows, columns)]
    if labelled:
        tables.append(table(by_label(labelled, task, panel), columns))
    files.write_text(given.output, "\n".join(tables))


if __name__ == "__main__":
    program.run(main)
