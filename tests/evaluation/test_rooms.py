"""The rooms of cdaae_jax/evaluation: each knows only those before it."""

import ast
import pathlib
import subprocess
import sys

import cdaae_jax.evaluation

ROOT = pathlib.Path(cdaae_jax.evaluation.__file__).parent
ROOMS = ("measures", "tasks", "judges", "report")
NETWORKS = ("models", "sampling", "training", "data")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_each_room_imports_only_those_before_it():
    for number, room in enumerate(ROOMS):
        files = list((ROOT / room).glob("*.py"))
        assert len(files) > 2
        later = tuple(f"cdaae_jax.evaluation.{name}" for name in (*ROOMS[number + 1 :], "harness"))
        for path in files:
            assert not [name for name in imported(path) if name.startswith(later)], path


def test_measures_know_no_network_and_no_data():
    for path in (ROOT / "measures").glob("*.py"):
        forbidden = ("jax.", "flax", *(f"cdaae_jax.{name}" for name in NETWORKS))
        assert not [name for name in imported(path) if f"{name}.".startswith(forbidden)], path


def test_measures_do_not_bring_the_synthetic_faces_with_them():
    modules = [f"cdaae_jax.evaluation.measures.{path.stem}" for path in (ROOT / "measures").glob("[a-z]*.py")]
    script = f"""
import importlib, sys
for name in {modules}:
    importlib.import_module(name)
sys.exit(any(name.startswith("cdaae_jax.data.synthetic_faces") for name in sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
