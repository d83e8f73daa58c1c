"""Disks that are full or may not be written to."""

import os
import subprocess
import time

import pytest
from faults import program
from faults.disk import small_disk

from cdaae_jax import checkpoint
from cdaae_jax.errors import UserError
from cdaae_jax.workdir import hold


@pytest.mark.slow
def test_a_full_disk_ends_the_run_in_one_line_and_keeps_the_checkpoints(faces_manifest, tmp_path):
    with small_disk(tmp_path / "disk", "6m") as disk:
        workdir, log = disk / "run", tmp_path / "log"
        flags = ("--config.run.steps=1000000", "--config.run.checkpoint_steps=50", "--config.run.keep_checkpoints=2")
        run = program.start(workdir, faces_manifest.parent, log, *flags)
        due = time.monotonic() + 60
        while len(checkpoint.steps(workdir)) < 2:
            assert run.poll() is None and time.monotonic() < due, log.read_text()[-2000:]
            time.sleep(0.01)
        # Room for log lines, not for a checkpoint.
        (disk / "others").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - 64 * 1024))
        assert run.wait(timeout=60) == 1, log.read_text()[-2000:]
        last = log.read_text().splitlines()[-1]
        assert "a checkpoint could not be written to" in last and "No space left" in last and "make room" in last
        assert "Traceback" not in log.read_text(), log.read_text()[-3000:]
        kept = checkpoint.steps(workdir)
        assert kept and checkpoint.read_meta(workdir)["step"] == kept[-1]
        # With room again, the same command goes on from there.
        (disk / "others").unlink()
        again = program.start(workdir, faces_manifest.parent, log, f"--config.run.steps={kept[-1] + 50}", *flags[1:])
        assert again.wait(timeout=120) == 0, log.read_text()[-2000:]
        assert f"from step {kept[-1]} to {kept[-1] + 50}" in log.read_text()
        assert checkpoint.steps(workdir)[-1] == kept[-1] + 50


@pytest.mark.slow
def test_where_a_full_disk_is_tolerated_the_run_goes_on_and_saves_when_there_is_room(faces_manifest, tmp_path):
    with small_disk(tmp_path / "disk", "6m") as disk:
        workdir, log = disk / "run", tmp_path / "log"
        flags = ("--config.run.steps=1000000", "--config.run.checkpoint_steps=50", "--config.run.keep_checkpoints=2")
        run = program.start(workdir, faces_manifest.parent, log, *flags, "--config.run.tolerate_failed_writes")

        def wait_until(true) -> None:
            due = time.monotonic() + 60
            while not true():
                assert run.poll() is None and time.monotonic() < due, log.read_text()[-2000:]
                time.sleep(0.01)

        wait_until(lambda: len(checkpoint.steps(workdir)) == 2)
        (disk / "others").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - 64 * 1024))
        wait_until(lambda: log.read_text().count("training goes on without it") > 2)
        before = checkpoint.steps(workdir)[-1]
        (disk / "others").unlink()
        wait_until(lambda: checkpoint.steps(workdir)[-1] > before)
        run.terminate()
        assert run.wait(timeout=60) == 75, log.read_text()[-2000:]
        assert "Traceback" not in log.read_text(), log.read_text()[-3000:]
        assert not [path for path in (workdir / "checkpoints").iterdir() if "tmp" in path.name]
        assert checkpoint.read_meta(workdir)["step"] == checkpoint.steps(workdir)[-1]


def test_a_read_only_workdir_is_refused_before_anything_else(tmp_path):
    with small_disk(tmp_path / "disk", "1m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(UserError, match="cannot write to --workdir .*Read-only file system.*choose another folder"):
            with hold(disk / "run"):
                pytest.fail("held")
