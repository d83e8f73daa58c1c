"""Trainings are run on cores of their own, and only one that reached its last step counts as done."""

import dataclasses
import json
import os
import signal
import subprocess
import sys

import pytest

from cdaae_jax import checkpoint, config, config_fields
from cdaae_jax.errors import UserError
from studies import trainings

STEPS = 10
ONE = config.Config(run=config.Run(steps=STEPS))


@pytest.fixture
def trained(monkeypatch):
    """Says what the workdirs hold: by name, the step reached."""
    reached = {}

    def holds(step, name="w", **changes):
        reached[name] = {"step": step, "config": config_fields.to_dict(dataclasses.replace(ONE, **changes))}

    monkeypatch.setattr(checkpoint, "read_meta", lambda workdir: reached.get(workdir.name))
    return holds


@pytest.fixture
def programs(monkeypatch):
    """Lets programs given as Python text, by name, take the place of launch/train.py."""
    texts = {}
    monkeypatch.setattr(trainings, "_command", lambda name, *_: [sys.executable, "-c", texts[name]])
    return texts


def test_a_training_is_done_at_its_last_step_only(trained, tmp_path):
    workdir = tmp_path / "w"
    assert not trainings.is_done(ONE, workdir)
    trained(STEPS - 1)
    assert not trainings.is_done(ONE, workdir)
    trained(STEPS)
    assert trainings.is_done(ONE, workdir)


def test_a_folder_of_other_settings_is_not_passed_off_as_done(trained, tmp_path):
    trained(STEPS, run=config.Run(steps=STEPS, seed=3))
    with pytest.raises(UserError, match=r"trained with other settings \(run.seed: 0 here, 3 there\)"):
        trainings.is_done(ONE, tmp_path / "w")


def test_what_is_done_is_not_trained_again(trained, programs, tmp_path):
    trained(STEPS, "done")
    trainings.train_all({"done": ONE}, tmp_path, None, jobs=1)  # there is no program that could be started


@pytest.mark.parametrize("status", [0, 75])
def test_a_stopped_training_is_reported_and_not_complete(status, trained, programs, tmp_path, capsys):
    trained(4, "half")
    programs["half"] = f"raise SystemExit({status})"
    with pytest.raises(trainings.Incomplete, match="half was stopped at step 4 of 10; run the same command") as caught:
        trainings.train_all({"half": ONE}, tmp_path, None, jobs=1)
    assert caught.value.status == 75
    assert "half was stopped at step 4 of 10" in capsys.readouterr().out


def test_a_refused_training_is_said_with_its_own_last_line(trained, programs, tmp_path):
    (tmp_path / "first.log").write_text("what an earlier run said\n")
    programs["first"] = "import sys; print('a bar\\rtrain.py: no such data', file=sys.stderr); sys.exit(2)"
    programs["second"] = "raise SystemExit(2)"
    with pytest.raises(trainings.Incomplete) as caught:
        trainings.train_all(dict.fromkeys(programs, ONE), tmp_path, None, jobs=1)
    assert str(caught.value) == "2 of 2 trainings are not complete; first was refused: train.py: no such data"
    assert caught.value.status == 2
    assert (tmp_path / "first.log").read_text().startswith("what an earlier run said\na bar")


def test_the_real_program_refuses_an_unknown_name(tmp_path):
    with pytest.raises(trainings.Incomplete, match=r"nobody was refused: train\.py: .*no training 'nobody'"):
        trainings.train_all({"nobody": ONE}, tmp_path, None, jobs=1)


def test_a_failed_training_is_named_after_the_others_were_tried(trained, programs, tmp_path):
    programs |= {"bad": "1 / 0", "good": f"open({str(tmp_path / 'ran')!r}, 'w')"}
    trained(STEPS - 1, "good")
    with pytest.raises(trainings.Incomplete, match="bad failed with status 1: ZeroDivisionError: .*bad.log") as caught:
        trainings.train_all(dict.fromkeys(programs, ONE), tmp_path, None, jobs=1)
    assert caught.value.status == 1 and (tmp_path / "ran").exists()


def test_a_training_that_cannot_be_started_costs_no_core(trained, programs, monkeypatch, tmp_path):
    starts = []

    class Popen(subprocess.Popen):
        def __init__(self, *args, **options):
            starts.append(args)
            if len(starts) == 1:
                raise OSError(12, "Cannot allocate memory")
            super().__init__(*args, **options)

    monkeypatch.setattr(trainings.subprocess, "Popen", Popen)
    programs |= {"first": "", "second": f"open({str(tmp_path / 'ran')!r}, 'w')"}
    with pytest.raises(trainings.Incomplete, match="first could not be started .Cannot allocate memory"):
        trainings.train_all(dict.fromkeys(programs, ONE), tmp_path, None, jobs=1)
    assert len(starts) == 2 and (tmp_path / "ran").exists()


# Waits for SIGTERM; says when it is ready and when it "wrote its checkpoint". Ctrl-C is what its parent then gets.
WAITS = """
import os, pathlib, signal, sys, time
def stop(*_):
    pathlib.Path({folder!r}, str(os.getpid())).write_text("stopped")
    sys.exit(75)
signal.signal(signal.SIGTERM, stop)
pathlib.Path({folder!r}, str(os.getpid())).write_text("runs")
os.kill(os.getppid(), signal.SIGINT)
time.sleep(60)
"""


def test_ctrl_c_stops_what_is_under_way_and_starts_nothing_more(trained, programs, tmp_path, request):
    said = tmp_path / "said"
    said.mkdir()
    # A shell's background jobs ignore Ctrl-C, and the tests may run in one.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    programs |= dict.fromkeys(("one", "two", "three"), WAITS.format(folder=str(said)))
    with pytest.raises(KeyboardInterrupt):
        trainings.train_all(dict.fromkeys(programs, ONE), tmp_path, None, jobs=1)
    assert [path.read_text() for path in said.iterdir()] == ["stopped"]
    (pid,) = (int(path.name) for path in said.iterdir())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_more_jobs_than_cores_are_refused(tmp_path):
    with pytest.raises(UserError, match="--jobs is 1000; allowed: 1 to"):
        trainings.train_all({}, tmp_path, None, jobs=1000)


def test_minutes_are_those_of_undisturbed_steps_and_of_the_first_window(tmp_path):
    speeds = [30.0, *[10.0] * 8, 50.0]  # seconds for 100 steps: compiling, alone, in company
    lines = [{"step": 100 * (i + 1), "steps": 100, "seconds": one} for i, one in enumerate(speeds)]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for step in (50, 100, 400, 1_000):
        (tmp_path / "checkpoints" / str(step)).mkdir(parents=True)
    assert trainings.minutes(tmp_path) == pytest.approx({400: 1.0, 1_000: 2.0})
