"""kill -9 at random moments around saves: the next start opens the newest complete checkpoint."""

import os
import random
import re
import signal
import time

import pytest
from faults import program

from cdaae_jax import checkpoint

KILLS = int(os.environ.get("CDAAE_KILLS", "10"))


@pytest.mark.slow
def test_every_restart_opens_the_newest_complete_checkpoint(faces_manifest, tmp_path):
    r = random.Random(0)
    workdir, log, reached = tmp_path / "run", tmp_path / "log", 0
    flags = ("--config.run.steps=1000000", "--config.run.checkpoint_steps=20", "--config.run.keep_checkpoints=3")
    for kill in range(KILLS):
        run = program.start(workdir, faces_manifest.parent, log, *flags)
        # Some kills come before the first checkpoint of a run, most while one or the other is being written.
        patience, due = r.choice((0.5, 4.0, 30.0, 30.0, 30.0, 30.0)), time.monotonic() + 60
        began = time.monotonic()
        while time.monotonic() - began < patience and (checkpoint.steps(workdir) or [0])[-1] <= reached:
            assert run.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < due, "no checkpoint in a minute"
            time.sleep(0.005)
        time.sleep(r.uniform(0.0, 0.4))
        run.send_signal(signal.SIGKILL)
        run.wait()
        before, reached = reached, (checkpoint.steps(workdir) or [0])[-1]
        assert reached >= before, f"kill {kill} lost the checkpoint of step {before}"
        assert len(checkpoint.steps(workdir)) <= 3 + 1  # one more may be complete before the oldest is deleted
    last = program.start(workdir, faces_manifest.parent, log, f"--config.run.steps={reached + 20}", *flags[1:])
    assert last.wait(timeout=120) == 0, log.read_text()[-2000:]
    text = log.read_text()
    assert f"from step {reached} to {reached + 20}" in text
    opened = [int(step) for step in re.findall(r"from step (\d+) to", text)]
    assert opened == sorted(opened) and opened[-1] == reached > 0
    assert "damaged" not in text and "Traceback" not in text
    assert checkpoint.read_meta(workdir)["step"] == reached + 20
    print(f"{KILLS} kills, {len(opened)} starts reached their first step, {len(set(opened))} different checkpoints")
