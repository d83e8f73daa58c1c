"""A build that is killed outright and started again ends as one that was left in peace; two at once do not mix."""

import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
import tensorflow_datasets as tfds

from cdaae_jax.data.building.builder import AlignedSet
from cdaae_jax.data.journal import NAME as JOURNAL
from cdaae_jax.data.rafd.rafd_dataset_builder import Rafd, RafdConfig
from cdaae_jax.workdir import hold

from .records import contents, examples

ROOT = pathlib.Path(__file__).parents[3]
SMALL = RafdConfig(size=32)
PICTURES = 72
# Aligns with two processes; each picture takes a moment, and so does each record, so that a test can come between.
PROGRAM = """
import functools, os, sys, time
import fake_faces
import tensorflow_datasets as tfds
from cdaae_jax.data import journal
from cdaae_jax.data.rafd.rafd_dataset_builder import Rafd, RafdConfig

def align(pause, log, photo, size):
    with open(log, "a") as lines:
        lines.write("one\\n")
    time.sleep(pause)
    return fake_faces.align_for_sets(photo, size)

def load(pause, log, geometry):
    return functools.partial(align, pause, log)

if __name__ == "__main__":
    folder, into, log, pause = *sys.argv[1:4], float(sys.argv[4])
    points = journal.Journal.points
    journal.Journal.points = lambda self, photo: time.sleep(pause) or points(self, photo)
    Rafd.load_aligner = functools.partial(load, pause, log)
    builder = Rafd(data_dir=into, config=RafdConfig(size=32), workers=2)
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=folder))
"""


def start(folder, into, log, pause):
    program = into.parent / "build.py"
    program.write_text(PROGRAM)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    command = [sys.executable, str(program), str(folder), str(into), str(log), str(pause)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)


def lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system that kills processes")
@pytest.mark.parametrize("moment", ["a few pictures", "most pictures", "records"])
def test_killed_and_started_again(build, drawn, tmp_path, moment):
    folder, into, log = drawn("rafd"), tmp_path / "killed", tmp_path / "log"
    place = into / "rafd" / "32"
    reached = {
        "a few pictures": lambda: lines(place / ".building-1.0.0" / JOURNAL) > 5,
        "most pictures": lambda: lines(place / ".building-1.0.0" / JOURNAL) > 60,
        "records": lambda: list(place.glob("incomplete.*/*array_record*")),
    }[moment]
    killed = start(folder, into, log, 0.1)
    deadline = time.monotonic() + 120
    while not reached():
        assert killed.poll() is None and time.monotonic() < deadline, killed.stderr.read().decode()
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not (place / "1.0.0").exists()
    noted = lines(place / ".building-1.0.0" / JOURNAL) - 1
    time.sleep(1.0)  # the workers end with their parent, and may finish a picture first
    before = lines(log)

    again = start(folder, into, log, 0.0)
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors.decode()
    assert PICTURES - noted - 1 <= lines(log) - before <= PICTURES - noted
    assert [path.name for path in place.iterdir()] == ["1.0.0"]
    built = Rafd(data_dir=into, config=SMALL)
    undisturbed = build(Rafd, folder, SMALL, tmp_path / "undisturbed")
    assert contents(built) == contents(undisturbed) and len(examples(built)) == PICTURES


def test_what_a_failed_build_has_aligned_is_not_aligned_again(build, drawn, tmp_path, monkeypatch):
    folder, asked = drawn("rafd"), []
    load = AlignedSet.load_aligner

    def counting(geometry):
        def align(photo, size):
            asked.append(1)
            if len(asked) == 31:
                raise KeyboardInterrupt
            return load(geometry)(photo, size)

        return align

    monkeypatch.setattr(AlignedSet, "load_aligner", staticmethod(counting))
    with pytest.raises(KeyboardInterrupt):
        build(Rafd, folder, SMALL)
    built = build(Rafd, folder, SMALL)
    assert len(asked) == 31 + PICTURES - 30 and len(examples(built)) == PICTURES
    assert build(Rafd, folder, SMALL).data_dir == built.data_dir and len(asked) == 31 + PICTURES - 30


def test_a_second_build_in_the_same_place_waits_and_says_so(build, drawn, tmp_path, caplog):
    folder = drawn("rafd")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with hold(tmp_path / "tfds" / "rafd" / "32" / ".building-1.0.0", "data_dir", "building"):
            second = pool.submit(build, Rafd, folder, SMALL)
            deadline = time.monotonic() + 60
            while "waiting until it ends" not in caplog.text:
                assert not second.done() and time.monotonic() < deadline
                time.sleep(0.01)
            assert f"in use: process {os.getpid()} on" in caplog.text and not second.done()
        assert len(examples(second.result())) == PICTURES


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system that kills processes")
@pytest.mark.parametrize("dies", [False, True])
def test_of_two_processes_one_builds_and_the_other_waits_or_goes_on_with_it(build, drawn, tmp_path, dies):
    folder, into, log = drawn("rafd"), tmp_path / "shared", tmp_path / "log"
    journal = into / "rafd" / "32" / ".building-1.0.0" / JOURNAL
    first = start(folder, into, log, 0.1)
    deadline = time.monotonic() + 120
    while lines(journal) < 5:
        assert first.poll() is None and time.monotonic() < deadline, first.stderr.read().decode()
        time.sleep(0.01)
    second = start(folder, into, log, 0.0)
    said = next(line for line in map(bytes.decode, second.stderr) if "in use" in line)
    assert f"in use: process {first.pid} on" in said and "is building there; waiting until it ends" in said
    if dies:
        first.send_signal(signal.SIGKILL)
    _, errors = first.communicate(timeout=120)
    assert first.returncode == (-signal.SIGKILL if dies else 0), errors.decode()
    _, errors = second.communicate(timeout=120)
    assert second.returncode == 0, errors.decode()
    # Each worker of the one that was killed may have been at work on a picture, which is then done again.
    assert PICTURES <= lines(log) <= PICTURES + (8 if dies else 0)
    assert [path.name for path in (into / "rafd" / "32").iterdir()] == ["1.0.0"]
    assert contents(Rafd(data_dir=into, config=SMALL)) == contents(build(Rafd, folder, SMALL, tmp_path / "alone"))


@pytest.mark.slow
def test_a_program_that_its_workers_would_run_again_is_told_what_it_lacks(drawn, tmp_path):
    folder = drawn("rafd")
    program = tmp_path / "unguarded.py"
    program.write_text(PROGRAM.replace('if __name__ == "__main__":', "if True:"))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    command = [sys.executable, str(program), str(folder), str(tmp_path / "tfds"), str(tmp_path / "log"), "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert 'put what your program does under: if __name__ == "__main__":' in done.stderr


def test_who_has_waited_can_read_what_the_other_has_built(build, drawn, tmp_path):
    folder = drawn("rafd")
    waiting = Rafd(data_dir=tmp_path / "tfds", config=SMALL, workers=1)
    build(Rafd, folder, SMALL)
    waiting.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=folder))
    assert len(examples(waiting)) == PICTURES
    assert [path.name for path in (tmp_path / "tfds" / "rafd" / "32").iterdir()] == ["1.0.0"]


def test_several_processes_build_the_same(build, drawn, tmp_path):
    folder = drawn("rafd")
    several = build(Rafd, folder, SMALL, tmp_path / "one", workers=2)
    assert contents(several) == contents(build(Rafd, folder, SMALL, tmp_path / "other"))
