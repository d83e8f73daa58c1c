"""What cdaae-demo refuses: status 2 and one line."""

import logging
import sys

import pytest
from absl.testing import flagsaver

from cdaae_jax.cli import page, program


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--share", "--share is refused: photos of faces would leave this machine"),
        ("--folder=nowhere", "nowhere holds no page; build one with `make web`, or leave --folder out"),
        ("--port=99999", "flag --port=99999"),
    ],
)
def test_what_cannot_be_served_is_one_line(argument, said, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "")
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "1")
    monkeypatch.setattr(sys, "argv", ["cdaae-demo", argument])
    logger = logging.getLogger("cdaae_jax")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", logger.propagate)
    with flagsaver.flagsaver(), pytest.raises(SystemExit) as ended:
        program.run(page.main, page.__name__)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
