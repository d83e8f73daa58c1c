"""The studies: which trainings each compares, and what is measured and drawn of them."""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping

from cdaae_jax import checkpoint, evaluate
from cdaae_jax.sampling import Sampler
from studies import charts

Measure = Callable[["Study", pathlib.Path, pathlib.Path, str | None, pathlib.Path], None]


@dataclasses.dataclass(frozen=True)
class Study:
    """One question and the models that answer it.

    Attributes:
      models: the names in table and figures, and of each the training in configs/studies.py.
      measure: takes the study, the trainings' folder, the results' folder, the data folder and the judges' folder, and
        writes the results, scores.json last.
    """

    models: Mapping[str, str]
    measure: Measure


def is_new(study: Study, workdir: pathlib.Path, folder: pathlib.Path) -> bool:
    """Returns whether there are no results yet, or models that are younger than they."""
    results = folder / "scores.json"
    if not results.exists():
        return True
    trained = [
        (workdir / name / "checkpoints" / str(max(checkpoint.steps(workdir / name)))).stat().st_mtime
        for name in study.models.values()
    ]
    return max(trained) > results.stat().st_mtime


def _compare(study, workdir, folder, data_dir, judges, **options) -> dict:
    samplers = {name: Sampler.from_checkpoint(workdir / training) for name, training in study.models.items()}
    return evaluate(samplers, folder, data_dir, judges, **options)


def _small_databases(study, workdir, folder, data_dir, judges) -> None:
    scores = _compare(study, workdir, folder, data_dir, judges)
    people = {name: int(name.split()[1]) for name in study.models}
    for figure in ("identity_distance", "verified", "read_as_requested"):
        series = {
            model: {people[name]: scores[name][figure] for name in study.models if name.startswith(f"{model} ")}
            for model in ("cdaae", "caae")
        }
        charts.lines(series, scores["true target"][figure], "training people", figure, folder / f"{figure}.png")


def _bars(study, workdir, folder, data_dir, judges) -> None:
    scores = _compare(study, workdir, folder, data_dir, judges)
    figures = ("identity_distance", "read_as_requested", "lpips", "sharpness")
    charts.bars({name: scores[name] for name in (*study.models, "true target")}, figures, folder / "models.png")


def _action_units(study, workdir, folder, data_dir, judges) -> None:
    """Once on the combinations left out of training, once on the pictures of the kind that were trained on."""
    _compare(study, workdir, folder / "seen", data_dir, judges)
    _compare(study, workdir, folder, data_dir, judges, manifests=("frl_rig/au.csv?AU12=1,2,3,4,5&AU1=1,2,3,4,5",))


STUDIES = {}
