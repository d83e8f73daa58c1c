"""Compiling in a hurry: on a CPU, unless the user has said otherwise."""

import os

import pytest

from cdaae_jax import compiling, memory


@pytest.mark.parametrize(
    ("before", "cpu", "after"),
    [
        ("", True, "--xla_backend_optimization_level=1"),
        ("--xla_a=2", True, "--xla_a=2 --xla_backend_optimization_level=1"),
        ("--xla_backend_optimization_level=3", True, "--xla_backend_optimization_level=3"),
        ("", False, ""),
    ],
)
def test_the_level_is_set_for_cpu_alone(monkeypatch, before, cpu, after):
    monkeypatch.setenv("XLA_FLAGS", before)
    monkeypatch.setattr(memory, "cpu_is_default", lambda: cpu)
    compiling.hurry()
    assert os.environ["XLA_FLAGS"] == after
