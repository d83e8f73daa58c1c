"""How a study is measured and drawn: from its complete trainings to the files in docs/results."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import NamedTuple

from cdaae_jax import checkpoint, evaluate
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.measures.scores import Row
from cdaae_jax.sampling import Sampler
from studies import augmentation, catalogue, charts, trainings
from studies.catalogue import Study


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
    "classifiers": Report(classifiers, last="augmentation.md"),
}


def _newest_checkpoint(workdir: pathlib.Path) -> pathlib.Path:
    return workdir / "checkpoints" / str(max(checkpoint.steps(workdir)))
