"""The one restart with huge pages: once, in place, with the same arguments, and never against the user's settings."""

import os
import subprocess
import sys

import pytest

from cdaae_jax.cli import memory

PROGRAM = """
import os, pathlib, sys
from cdaae_jax.cli import memory
memory._KERNEL_SETTING = pathlib.Path(sys.argv[1])
memory.restart_with_huge_pages()
print(os.getpid(), os.environ.get("GLIBC_TUNABLES"), sys.argv[2:])
"""


def ask(tmp_path, setting, **environment):
    """Returns whether the program kept its process, and what it printed of itself."""
    kernel = tmp_path / "enabled"
    kernel.write_text(setting)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", PROGRAM, str(kernel), "--flag=a b"]
    process = subprocess.Popen(command, env=clean | environment, stdout=subprocess.PIPE, text=True)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    process_id, rest = output.strip().split(" ", 1)
    assert int(process_id) == process.pid
    return rest


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library of Linux")
def test_restarts_once_in_place_with_the_same_arguments(tmp_path):
    if not memory._can_help() and "glibc" not in os.confstr("CS_GNU_LIBC_VERSION"):
        pytest.skip("another C library than glibc")
    assert ask(tmp_path, "always [madvise] never") == "glibc.malloc.hugetlb=1 ['--flag=a b']"


@pytest.mark.parametrize("setting", ["[always] madvise never", "always madvise [never]"])
def test_leaves_a_kernel_alone_that_has_decided(tmp_path, setting):
    assert ask(tmp_path, setting) == "None ['--flag=a b']"


def test_leaves_settings_of_the_user_alone(tmp_path):
    assert ask(tmp_path, "always [madvise] never", MALLOC_ARENA_MAX="1") == "None ['--flag=a b']"
    tunables = "glibc.malloc.arena_max=1"
    assert ask(tmp_path, "always [madvise] never", GLIBC_TUNABLES=tunables) == f"{tunables} ['--flag=a b']"
