"""How a study is measured and drawn: from its complete trainings to the files in docs/results."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cdaae_jax import checkpoint, evaluate, files
from cdaae_jax.data import dataset as datasets
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.harness import CEILING
from cdaae_jax.evaluation.measures.scores import Row, with_intervals
from cdaae_jax.evaluation.report.tables import Column, table
from cdaae_jax.sampling import Sampler
from studies import augmentation, card_measures, catalogue, charts, trainings
from studies.card_measures import Asked
from studies.catalogue import Study

NETWORK_SIZE = 64  # pixels that every model can be judged at
TIMED = (
    *(Column("identity_distance", "identity distance", 3), Column("read_as_requested", "read as requested", 0, True)),
    Column("expression_gain", "expression gain", 2),
)


@dataclasses.dataclass(frozen=True)
class Places:
    """Where things are: the trainings' folder, this study's results, the data folder, the judges' folder."""

    workdir: pathlib.Path
    output: pathlib.Path
    data_dir: str | None
    judges: pathlib.Path


def is_new(study: Study, places: Places) -> bool:
    """Returns whether there are no results yet, or models that are younger than the results."""
    results = places.output / REPORTS[study.report].last
    if not results.exists():
        return True
    trained = [_newest_checkpoint(places.workdir / training) for training in study.models.values()]
    return max(path.stat().st_mtime for path in trained) > results.stat().st_mtime


def measure(study: Study, places: Places) -> None:
    """Measures the study's models, and writes its tables and pictures.

    Raises:
      Incomplete: a model has not been trained to its last step.
      UserError: something that measuring needs is missing.
    """
    trainings.check_complete({name: catalogue.TRAININGS[name] for name in study.models.values()}, places.workdir)
    REPORTS[study.report].write(study, places)


def compare(study: Study, places: Places) -> dict[str, Row]:
    """Measures the models on the people whom they hold out."""
    samplers = {name: Sampler.from_checkpoint(places.workdir / training) for name, training in study.models.items()}
    return evaluate(samplers, places.output, places.data_dir, places.judges, study.manifests)


def against_people(study: Study, places: Places) -> None:
    """Compares, and draws the measurements against the number of training people."""
    scores = compare(study, places)
    names = ("identity_distance", "verified", "read_as_requested", "lpips")
    series = {
        name: {
            model: {people: scores[f"{model}_{people}"][name] for people in catalogue.PEOPLE}
            for model in ("cdaae", "caae")
        }
        for name in names
    }
    ceilings = {name: scores["true target"][name] for name in names}
    charts.lines(series, ceilings, "training people", places.output / "people_in_training.png")


def against_minutes(study: Study, places: Places) -> None:
    """Measures validation people at every checkpoint that was kept, and draws that against the minutes of training."""
    found: dict[str, dict[float, Row]] = {}
    root, true = datasets.root(places.data_dir), {}
    for model, training in study.models.items():
        workdir = places.workdir / training
        found[model] = {}
        for step, minutes in trainings.minutes(workdir).items():
            sampler = dataclasses.replace(Sampler.from_checkpoint(_checkpoint(workdir, step)), image_size=NETWORK_SIZE)
            task, panel = card_measures.held_out(sampler, root, places.judges, study.manifests, "validation")
            edited = card_measures.edits(sampler, task.source, task.label)[0]
            people = np.asarray(task.person)
            found[model][minutes] = with_intervals(card_measures.statistics_of(Asked(task, edited), panel), people)
            true = true or with_intervals(card_measures.statistics_of(Asked(task, task.target), panel), people)
    series = {
        column.name: {
            model: {minutes: row[column.name] for minutes, row in rows.items()} for model, rows in found.items()
        }
        for column in TIMED
    }
    places.output.mkdir(parents=True, exist_ok=True)
    charts.lines(
        series, true, "minutes of training", places.output / "time_to_quality.png", ticks=(1, 2, 5, 10, 20, 40)
    )
    rows = {f"{model}, {minutes:.1f}": row for model, one in found.items() for minutes, row in one.items()}
    files.write_text(places.output / "table.md", table(rows | {CEILING: true}, TIMED))


def side_by_side(study: Study, places: Places) -> None:
    """Compares, and draws the measurements as bars."""
    scores = compare(study, places)
    names = ("identity_distance", "read_as_requested", "lpips", "sharpness")
    charts.bars({name: scores[name] for name in (*study.models, "true target")}, names, places.output / "models.png")


def classifiers(study: Study, places: Places) -> None:
    """Trains classifiers with and without made pictures."""
    for training in study.models.values():
        flags = [f"--checkpoint={places.workdir / training}", f"--output={places.output}"]
        if augmentation.main([*flags, *([f"--data_dir={places.data_dir}"] if places.data_dir else [])]):
            raise UserError(f"studies/augmentation.py cannot measure {training}; it says why above")


class Report(NamedTuple):
    """A way to report a study.

    Attributes:
      write: measures, and writes the results.
      last: the file of the results that is written last.
    """

    write: Callable[[Study, Places], object]
    last: str = "table.md"


REPORTS = {
    "table": Report(compare),
    "side_by_side": Report(side_by_side),
    "against_people": Report(against_people),
    "against_minutes": Report(against_minutes),
    "classifiers": Report(classifiers, last="augmentation.md"),
}


def _newest_checkpoint(workdir: pathlib.Path) -> pathlib.Path:
    return _checkpoint(workdir, max(checkpoint.steps(workdir)))


def _checkpoint(workdir: pathlib.Path, step: int) -> pathlib.Path:
    return workdir / "checkpoints" / str(step)
