"""A run's folder is used by one run at a time, and a run that is gone leaves no lock behind."""

import errno
import logging
import os
import signal
import subprocess
import sys

import pytest

from cdaae_jax import workdir
from cdaae_jax.errors import UserError

HOLDER = """
import pathlib, sys, time
from cdaae_jax import workdir
with workdir.hold(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_folder_in_use_is_refused_until_its_holder_is_gone(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=f"in use: process {holder.pid} on .* choose another --workdir"):
            with workdir.hold(tmp_path):
                pass
        holder.send_signal(signal.SIGKILL)
    with workdir.hold(tmp_path):
        assert f"process {os.getpid()} on" in (tmp_path / ".lock").read_text()


def test_the_lock_goes_with_the_folder(tmp_path):
    with workdir.hold(tmp_path / "a"):
        (tmp_path / "a").rename(tmp_path / "b")
        with pytest.raises(UserError, match=f"process {os.getpid()} "):
            with workdir.hold(tmp_path / "b"):
                pass
        with workdir.hold(tmp_path / "a"):  # another folder, though of the old name
            pass
    with workdir.hold(tmp_path / "b"):
        pass


def test_a_file_system_without_locks_is_said_and_used(tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(workdir.fcntl, "flock", refuse)
    with caplog.at_level(logging.WARNING), workdir.hold(tmp_path):
        assert "cannot be locked (No locks available); do not start a second run in it" in caplog.text


def test_another_failure_of_locking_is_not_hidden(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(workdir.fcntl, "flock", fail)
    with pytest.raises(OSError, match="Input/output error"):
        with workdir.hold(tmp_path):
            pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write to --workdir .*file \(File exists\); choose another folder"):
        with workdir.hold(tmp_path / "file"):
            pass
