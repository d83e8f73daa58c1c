"""All studies of docs/results with one command: trains what is lacking, measures what is new, draws the figures.

    pip install '.[eval]' && make judges
    python studies/run.py --data_dir=DATA --judges=runs/judges --jobs=2

Stopped at any moment, the same command goes on: trainings from their last checkpoint, and studies whose models are
older than their results are left alone. --only=small_databases,where_to_join runs these studies and the trainings
that they need; --list says what there is. An hour and a half on two cores.
"""

import argparse
import importlib.util
import pathlib
import sys

REPOSITORY = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))  # a checkout need not be installed

from cdaae_jax.errors import UserError  # noqa: E402
from studies import reports, trainings  # noqa: E402


def configurations() -> dict:
    """Returns every training of configs/studies.py by name; configs/ is no package, so that it is read like a file."""
    spec = importlib.util.spec_from_file_location("studies_config", REPOSITORY / "configs" / "studies.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.trainings()


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and runs.

    Raises:
      UserError: an unknown study, or a training that failed.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", type=pathlib.Path, default=pathlib.Path("runs/studies"))
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("docs/results/studies"))
    parser.add_argument("--judges", type=pathlib.Path, default=pathlib.Path("runs/judges"))
    parser.add_argument("--data_dir", help="the data folder; else the environment's CDAAE_DATA")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time, each on its share of the cores")
    parser.add_argument("--only", default="", help="comma-separated studies")
    parser.add_argument("--list", action="store_true", help="print studies and their trainings, and end")
    given = parser.parse_args(arguments)
    chosen = given.only.split(",") if given.only else list(reports.STUDIES)
    if unknown := [name for name in chosen if name not in reports.STUDIES]:
        raise UserError(f"--only names {unknown[0]!r}; allowed: {', '.join(reports.STUDIES)}")
    studies = {name: reports.STUDIES[name] for name in chosen}
    if given.list:
        for name, study in studies.items():
            print(f"{name}: {', '.join(study.models.values())}")
        return
    needed = {model for study in studies.values() for model in study.models.values()}
    configs = {name: config for name, config in configurations().items() if name in needed}
    trainings.train_all(configs, given.workdir.resolve(), given.data_dir, given.jobs)
    for name, study in studies.items():
        places = reports.Places(given.workdir.resolve(), given.output / name, given.data_dir, given.judges)
        if study.is_new(places):
            print(f"measuring {name}", flush=True)
            study.measure(study, places)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(f"{pathlib.Path(__file__).name}: {error}", file=sys.stderr)
        sys.exit(2)
