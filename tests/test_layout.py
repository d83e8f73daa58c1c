"""What holds for all source files beside the package: how they find each other, and their names."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[1]
PROGRAMS = sorted(path for folder in ("benchmarks", "launch", "studies") for path in (ROOT / folder).rglob("*.py"))


def test_no_program_changes_where_python_looks_for_modules():
    assert not [path for path in PROGRAMS if "sys.path" in path.read_text()]


def test_no_file_hides_a_module_of_the_standard_library():
    assert not [path for path in PROGRAMS if path.stem in sys.stdlib_module_names]
