"""Memory that was given back stays with the process, unless the user has settings of their own."""

import os
import subprocess
import sys

import pytest

# What a training step does: in a thread of XLA's, blocks of this size come and go.
PROGRAM = """
import ctypes, resource, threading
import jax
from cdaae_jax import memory
memory.keep()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]

def step():
    block = library.malloc(100_000_000)
    ctypes.memset(block, 1, 100_000_000)
    library.free(block)

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    thread = threading.Thread(target=step)
    thread.start()
    thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(faults())
print(jax.config.read("jax_cpu_enable_async_dispatch"))
"""


def run(**environment):
    """Returns the page faults of a second step, and whether JAX dispatches asynchronously."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", PROGRAM]
    output = subprocess.run(
        command, env=clean | environment, stdout=subprocess.PIPE, text=True, check=True, timeout=120
    )
    faults, dispatch = output.stdout.split()
    return int(faults), dispatch


@pytest.mark.skipif(sys.platform != "linux" or not os.confstr("CS_GNU_LIBC_VERSION"), reason="only glibc can be told")
def test_memory_given_back_is_used_again_without_page_faults():
    faults, dispatch = run()
    assert faults < 1000, "100 MB are 24,000 pages"
    assert dispatch == "False"


def test_settings_of_the_user_are_left_alone():
    assert run(MALLOC_ARENA_MAX="2")[1] == "True"
    assert run(GLIBC_TUNABLES="glibc.malloc.arena_max=2")[1] == "True"
