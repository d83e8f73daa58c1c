"""The studies: which trainings each compares, and what is measured and drawn of them."""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping, Sequence

from cdaae_jax import checkpoint, evaluate
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.measures.scores import Row
from cdaae_jax.sampling import Sampler
from studies import augmentation, charts

BASELINES = ("caae", "cvae", "residual", "unet")
PEOPLE = (8, 16, 32, 64)
# The true pictures of held-out people with the combinations that configs/studies.py leaves out of training.
LEFT_OUT = ("frl_rig/au.csv?AU12=1,2,3,4,5&AU1=1,2,3,4,5", "frl_rig/au.csv?AU12=1,2,3,4,5&AU1=0&AU2=1,2,3,4,5")


@dataclasses.dataclass(frozen=True)
class Places:
    """Where things are: the trainings' folder, this study's results, the data folder, the judges' folder."""

    workdir: pathlib.Path
    output: pathlib.Path
    data_dir: str | None
    judges: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Study:
    """One question and the models that answer it.

    Attributes:
      models: the names in tables and figures, and of each the training in configs/studies.py.
      measure: writes the results.
      last: the file of the results that is written last.
    """

    models: Mapping[str, str]
    measure: Callable[["Study", Places], None]
    last: str = "table.md"

    def is_new(self, places: Places) -> bool:
        """Returns whether there are no results yet, or models that are younger than they."""
        results = places.output / self.last
        if not results.exists():
            return True
        trained = [_newest_checkpoint(places.workdir / training) for training in self.models.values()]
        return max(path.stat().st_mtime for path in trained) > results.stat().st_mtime


def compare(study: Study, places: Places, manifests: Sequence[str] = ()) -> dict[str, Row]:
    """Measures the models on the people whom they hold out; `manifests`: on other pictures of these people."""
    samplers = {name: Sampler.from_checkpoint(places.workdir / training) for name, training in study.models.items()}
    return evaluate(samplers, places.output, places.data_dir, places.judges, manifests)


def small_databases(study: Study, places: Places) -> None:
    """Compares, and draws the figures against the number of training people."""
    scores = compare(study, places)
    figures = ("identity_distance", "verified", "read_as_requested", "lpips")
    series = {
        figure: {
            model: {people: scores[f"{model}_{people}"][figure] for people in PEOPLE} for model in ("cdaae", "caae")
        }
        for figure in figures
    }
    ceilings = {figure: scores["true target"][figure] for figure in figures}
    charts.lines(series, ceilings, "training people", places.output / "people_in_training.png")


def side_by_side(study: Study, places: Places) -> None:
    """Compares, and draws the figures as bars."""
    scores = compare(study, places)
    figures = ("identity_distance", "read_as_requested", "lpips", "sharpness")
    charts.bars({name: scores[name] for name in (*study.models, "true target")}, figures, places.output / "models.png")


def left_out_combinations(study: Study, places: Places) -> None:
    """Compares on combinations of action units that were left out of training on purpose."""
    compare(study, places, LEFT_OUT)


def made_for_training(study: Study, places: Places) -> None:
    """Trains classifiers with and without made pictures."""
    for training in study.models.values():
        flags = [f"--checkpoint={places.workdir / training}", f"--output={places.output}"]
        if augmentation.main([*flags, *([f"--data_dir={places.data_dir}"] if places.data_dir else [])]):
            raise UserError(f"studies/augmentation.py cannot measure {training}; it says why above")


def _rig(*names: str) -> dict[str, str]:
    return {name: f"rig_{name}" for name in names}


def _both(prefix: str) -> dict[str, str]:
    return {name: f"{prefix}_{name}" for name in ("cdaae", "caae")}


STUDIES = {
    "unseen_people_rig": Study(_rig("cdaae", *BASELINES), side_by_side),
    "unseen_people_synthetic": Study(_both("synthetic") | {"cdaae_l1": "synthetic_l1"}, compare),
    "unseen_people_london": Study(_both("london"), compare),
    "small_databases": Study(
        {
            f"{name}_{people}": f"rig_{name}" if people == PEOPLE[-1] else f"rig_{name}_{people}"
            for name in ("cdaae", "caae")
            for people in PEOPLE
        },
        small_databases,
    ),
    "where_to_join": Study(
        {"default": "rig_cdaae", "none_caae": "rig_caae", "only_0_residual": "rig_residual"}
        | {f"only_{level}": f"rig_join_{level}" for level in (1, 2, 3)}
        | {name: f"rig_{name}" for name in ("label_once", "image_0")},
        side_by_side,
    ),
    "action_units": Study(_both("rig_au"), compare),
    "action_units_left_out": Study(_both("rig_au"), left_out_combinations),
    "augmentation": Study({"cdaae": "rig_cdaae_16"}, made_for_training, last="augmentation.md"),
}


def _newest_checkpoint(workdir: pathlib.Path) -> pathlib.Path:
    return workdir / "checkpoints" / str(max(checkpoint.steps(workdir)))
