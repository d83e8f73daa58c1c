"""The first signal is noted, the second ends the process at once and without a word."""

import os
import signal
import subprocess
import sys

import pytest

from cdaae_jax.errors import Stopped
from cdaae_jax.training.signals import StopSignals

PROGRAM = """
import time
from cdaae_jax.errors import Stopped
from cdaae_jax.training.signals import StopSignals
with StopSignals() as signals:
    stop_is_due = signals.deferred()
    print("ready", flush=True)
    while not stop_is_due(1):
        time.sleep(0.01)
    print("noted", flush=True)
    try:
        time.sleep(60)
    finally:
        print("still running")
"""


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_process_at_once(second):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "noted\n"
    process.send_signal(second)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == -second  # a shell calls it 130 or 143


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with StopSignals() as signals:
        stop_is_due = signals.deferred()
        assert not stop_is_due(1)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop_is_due(1)
        assert signal.getsignal(signal.SIGTERM) == signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_the_first_step_the_run_stops_where_it_is(number):
    before = signal.getsignal(number)
    with pytest.raises(Stopped, match="stopped before the first step; run the same command again"):
        with StopSignals():
            os.kill(os.getpid(), number)
            pytest.fail("the program went on")
    assert signal.getsignal(number) == before
