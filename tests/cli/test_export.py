"""The export program's flags, in a process of its own, as the programs define flags of the same names."""

import subprocess
import sys

import pytest

PROGRAM = [sys.executable, "-c", "from cdaae_jax.cli import export; export.run()"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--checkpoint=nowhere"], "--output is missing; write --output=..., see --help"),
        (["--output=mine", "--checkpoint=nowhere", "--attribution=who.txt"], "cannot read who.txt"),
        (["--output=mine", "--checkpoint=nowhere"], "there is no folder nowhere, and this copy of the package has"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path, flags, message):
    done = subprocess.run([*PROGRAM, *flags], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("read", ["table.md", "results.md"])
def test_a_report_gives_its_results_before_its_table(tmp_path, read):
    report = tmp_path / "report"
    report.mkdir()
    (report / "table.md").write_text("| everything |")
    (report / read).write_bytes(b"\xff no text")  # so that the program says what it read, before it opens a model
    flags = ["--output=mine", "--checkpoint=nowhere", "--report=report"]
    done = subprocess.run([*PROGRAM, *flags], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and f"cannot read report/{read}" in done.stderr
