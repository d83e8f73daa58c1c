"""Settings of JAX and the C library for training on CPU: memory that was used once stays with the process."""

import ctypes
import importlib.metadata
import importlib.util
import os
import pkgutil
import sys

import jax

# Parameters of glibc's mallopt, from <malloc.h>; they are part of its binary interface.
_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
_LARGEST_INT = 2**31 - 1


def keep() -> None:
    """Lets this process keep the memory that a step gives back, for the next one; call it before any device is used.

    On CPU, XLA asks the C library for each step's temporary memory (173 MB at 64 px, batch 32, width 64), and glibc
    has the kernel map it anew and clear it page by page: 45,000 page faults, a sixth of the step's processor time.
    Afterwards there are none (benchmarks/README.md). JAX's asynchronous dispatch is switched off, because it asks for
    the memory of several steps at once, all of which would be kept; steps take the same time without.

    Does nothing where training will not be on CPU (`cpu_is_default`): a GPU's or TPU's host has no such temporary
    memory, and asynchronous dispatch is what keeps its device busy. Nor on another C library than glibc, nor where the
    environment has settings of its own: GLIBC_TUNABLES or any MALLOC_ variable.
    """
    if not _is_glibc() or not cpu_is_default():
        return
    if any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    library = ctypes.CDLL(None)
    # A thread's own arena cannot hold blocks of that size, so there must be only one arena, and no block may get a
    # mapping of its own.
    for parameter, value in ((_ARENA_MAX, 1), (_MMAP_MAX, 0), (_TRIM_THRESHOLD, _LARGEST_INT)):
        if not library.mallopt(parameter, value):
            raise OSError(f"mallopt({parameter}, {value}) was refused")


def cpu_is_default() -> bool:
    """Says whether JAX will compute on CPU, without making it look for devices.

    The first of JAX_PLATFORMS decides. Without it JAX takes an accelerator where it has the software for one (a plugin
    for GPUs, or libtpu), so that an installed one counts, though there may be no such device: on a machine without a
    GPU, but with JAX's GPU packages, JAX_PLATFORMS=cpu says what they cannot.
    """
    if platforms := jax.config.values["jax_platforms"]:
        return platforms.split(",")[0] == "cpu"
    folders = importlib.util.find_spec("jax_plugins")
    plugins = folders and any(pkgutil.iter_modules(folders.submodule_search_locations))
    advertised = importlib.metadata.entry_points(group="jax_plugins")
    libtpu = importlib.util.find_spec("libtpu") or os.environ.get("TPU_LIBRARY_PATH")
    return not (plugins or advertised or libtpu)


def _is_glibc() -> bool:
    return sys.platform == "linux" and bool(os.confstr("CS_GNU_LIBC_VERSION"))
