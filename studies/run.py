"""Runs all studies of docs/results: trains what is missing, measures what is new, draws the charts.

    pip install '.[eval]' && make judges
    python -m studies.run --data_dir=DATA --judges=runs/judges --jobs=2

Stopped at any moment, the same command goes on: trainings from their last checkpoint, and studies whose models are
older than their results are left alone. --only=small_databases,where_to_join runs these studies and the trainings
that they need; --list says what there is. An hour and a half on two cores.

Exit status: 0 done, 1 a training failed, 2 unusable flags or input, 75 stopped, run it again.
"""

import argparse
import pathlib
import signal
import sys

from cdaae_jax.errors import UserError
from studies import reports, trainings
from studies.catalogue import STUDIES, TRAININGS


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and runs.

    Raises:
      UserError: an unknown study, or something that is missing.
      Incomplete: a training that did not reach its end.
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
    chosen = given.only.split(",") if given.only else list(STUDIES)
    if unknown := [name for name in chosen if name not in STUDIES]:
        raise UserError(f"--only names {unknown[0]!r}; allowed: {', '.join(STUDIES)}")
    studies = {name: STUDIES[name] for name in chosen}
    if given.list:
        for name, study in studies.items():
            print(f"{name}: {', '.join(study.models.values())}")
        return
    needed = {model for study in studies.values() for model in study.models.values()}
    configs = {name: config for name, config in TRAININGS.items() if name in needed}
    workdir, data_dir = given.workdir.resolve(), given.data_dir and str(pathlib.Path(given.data_dir).resolve())
    trainings.train_all(configs, workdir, data_dir, given.jobs)
    for name, study in studies.items():
        places = reports.Places(workdir, given.output / name, data_dir, given.judges)
        if reports.is_new(study, places):
            print(f"measuring {name}", flush=True)
            reports.measure(study, places)


def run() -> None:
    """The program: `main`, and its errors as one line and an exit status."""
    # SIGTERM (a preempted machine) and SIGHUP (a closed terminal) end it as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup wants SIGHUP to be ignored
            signal.signal(number, signal.default_int_handler)
    try:
        main()
    except UserError as error:
        _end(str(error), trainings.REFUSED)
    except trainings.Incomplete as error:
        _end(str(error), error.status)
    except KeyboardInterrupt:
        _end("stopped; run the same command again to go on", trainings.STOPPED)


def _end(reason: str, status: int) -> None:
    print(f"run.py: {reason}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    run()
