"""A machine that goes away without a word, while its workdir is in a bucket."""

import pathlib
import time

import numpy as np
import pytest
from faults import program

from cdaae_jax import Sampler
from cdaae_jax.exporting import trial


@pytest.mark.slow
def test_another_machine_goes_on_from_the_bucket_after_a_kill(faces_manifest, tmp_path, monkeypatch):
    bucket, data, log = tmp_path / "bucket" / "run", faces_manifest.parent, tmp_path / "log"
    flags = ("--config.run.checkpoint_steps=10", "--config.run.keep_checkpoints=2", "--config.run.steps={}")

    def on_machine(name: str, steps: int):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        return program.start(f"file://{bucket}", data, log, *[flag.format(steps) for flag in flags])

    def uploaded() -> list[int]:
        return sorted(int(path.parent.name) for path in bucket.glob("checkpoints/*/UPLOADED"))

    run = on_machine("first", 1_000_000)
    due = time.monotonic() + 120
    while not uploaded():
        assert run.poll() is None and time.monotonic() < due, log.read_text()[-2000:]
        time.sleep(0.05)
    run.kill()
    run.wait()
    newest = uploaded()[-1]
    run = on_machine("second", newest + 20)
    assert run.wait(timeout=180) == 0, log.read_text()[-2000:]
    assert f"from step {newest} to {newest + 20}" in log.read_text()
    assert uploaded() == [newest + 10, newest + 20] and not (bucket / "RUNNING").exists()

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "third"))
    photo = trial.faces(None, 32)[0]
    edited = Sampler.from_checkpoint(f"file://{bucket}").edit(photo, "happy")
    (second,) = pathlib.Path(tmp_path / "second").glob("cdaae_jax/buckets/run-*")
    np.testing.assert_array_equal(edited, Sampler.from_checkpoint(second).edit(photo, "happy"))
