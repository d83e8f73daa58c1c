"""Huge pages for training on CPU, so that the speed of a step is not left to the C library's defaults."""

import os
import pathlib
import platform
import sys

_VARIABLE = "GLIBC_TUNABLES"
_HUGE_PAGES = "glibc.malloc.hugetlb=1"
_KERNEL_SETTING = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")


def restart_with_huge_pages() -> None:
    """Starts the running program again, once and in its place, with glibc told to ask for huge pages.

    XLA on CPU gets the temporary memory of each step (173 MB at 64 px, batch 32) from the C library, which maps it anew
    and has it faulted in page by page: a sixth of the step's time on two cores (benchmarks/README.md). In huge pages
    that costs next to nothing. glibc reads the setting only when a process starts, hence the restart; call this before
    anything heavy is imported.

    Does nothing where it cannot help (no Linux, a glibc before 2.35, a kernel that gives huge pages to all or to none)
    or where the user has settings of their own (GLIBC_TUNABLES or any MALLOC_ variable is set).
    """
    if any(name == _VARIABLE or name.startswith("MALLOC_") for name in os.environ) or not _can_help():
        return
    os.environ[_VARIABLE] = _HUGE_PAGES
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _can_help() -> bool:
    library, version = platform.libc_ver()
    if library != "glibc" or tuple(map(int, version.split(".")[:2])) < (2, 35):
        return False
    return _KERNEL_SETTING.is_file() and "[madvise]" in _KERNEL_SETTING.read_text()
