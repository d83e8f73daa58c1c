"""The program of the studies: its list, and how it ends."""

import pathlib
import signal
import subprocess
import sys

import pytest

from cdaae_jax.errors import UserError
from studies import run, trainings


def test_studies_can_be_listed_and_a_wrong_name_is_refused(capsys):
    run.main(["--list", "--only=small_databases"])
    assert "rig_caae_8" in capsys.readouterr().out
    with pytest.raises(UserError, match="--only names 'smal'; allowed: "):
        run.main(["--only=smal"])


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (UserError("no such thing"), 2, "no such thing"),
        (trainings.Incomplete("x was stopped", 75), 75, "x was stopped"),
        (trainings.Incomplete("x failed", 1), 1, "x failed"),
        (KeyboardInterrupt(), 75, "stopped; run the same command again to go on"),
    ],
)
def test_it_ends_with_one_line_and_a_status(error, status, said, monkeypatch, capsys):
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # it is for the whole process

    def main():
        raise error

    monkeypatch.setattr(run, "main", main)
    with pytest.raises(SystemExit) as ended:
        run.run()
    assert ended.value.code == status
    assert capsys.readouterr().err == f"run.py: {said}\n"


def test_a_closed_terminal_or_a_machine_taken_away_is_as_ctrl_c(monkeypatch):
    handlers = {}
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_DFL)  # also where the tests run under nohup
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(run, "main", lambda: None)
    run.run()
    assert handlers == dict.fromkeys((signal.SIGTERM, signal.SIGHUP), signal.default_int_handler)


def test_programs_start_from_a_checkout():
    root = pathlib.Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-m", "studies.run", "--list"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0 and "unseen_people_rig: rig_cdaae, " in done.stdout, done.stderr
