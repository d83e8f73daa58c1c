"""On CPU memory that was given back stays with the process, unless the user has settings of their own."""

import importlib
import os
import subprocess
import sys

import jax
import pytest

from cdaae_jax import memory

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
    clean |= {"JAX_PLATFORMS": "cpu"}
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


def test_nothing_is_set_for_a_training_on_an_accelerator(tmp_path):
    assert run(JAX_PLATFORMS="cuda,cpu")[1] == "True"


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """An empty folder that Python imports from, and a JAX that is free to choose its platform."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("TPU_LIBRARY_PATH", raising=False)
    before = jax.config.jax_platforms
    jax.config.update("jax_platforms", None)
    yield tmp_path
    jax.config.update("jax_platforms", before)


@pytest.mark.parametrize(
    "package", ["jax_plugins/some_gpu/__init__.py", "some_gpu-1.dist-info/entry_points.txt", "libtpu/__init__.py"]
)
def test_software_for_an_accelerator_counts_until_cpu_is_asked_for(packages, package):
    if not memory.cpu_is_default():
        pytest.skip("this environment has such software itself")
    (packages / package).parent.mkdir(parents=True)
    (packages / package).write_text("[jax_plugins]\nsome_gpu = some_gpu\n" if package.endswith("txt") else "")
    importlib.invalidate_caches()
    assert not memory.cpu_is_default()


def test_a_named_platform_decides(packages):
    for platforms, expected in (("cpu", True), ("cpu,cuda", True), ("cuda,cpu", False), ("tpu", False)):
        jax.config.update("jax_platforms", platforms)
        assert memory.cpu_is_default() == expected


def test_settings_of_the_user_are_left_alone():
    assert run(MALLOC_ARENA_MAX="2")[1] == "True"
    assert run(GLIBC_TUNABLES="glibc.malloc.arena_max=2")[1] == "True"
