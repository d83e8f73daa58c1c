"""Placement of states and batches on devices, and refusals of what devices cannot share."""

import os
import subprocess
import sys

import jax
import numpy as np
import pytest

from cdaae_jax import parallel
from cdaae_jax.errors import UserError


def test_shard_and_replicate_put_the_right_part_on_each_device():
    devices = parallel.choose_devices(4, 8)
    batch = parallel.shard({"label": np.arange(16.0).reshape(8, 2)}, devices)["label"]
    assert batch.shape == (4, 2, 2)
    for i, piece in enumerate(sorted(batch.addressable_shards, key=lambda shard: shard.index[0].start)):
        assert piece.device == devices[i]
        np.testing.assert_array_equal(piece.data[0], np.arange(16.0).reshape(4, 2, 2)[i])
    state = parallel.replicate({"params": np.ones(3)}, devices)["params"]
    assert len(state.addressable_shards) == 4 and state.shape == (3,)
    np.testing.assert_array_equal(parallel.to_host(state), np.ones(3))


@pytest.mark.parametrize(("batch_size", "advice"), [(10, "8 or 12"), (3, "use 4")])
def test_a_batch_that_the_devices_cannot_share_is_refused(batch_size, advice):
    with pytest.raises(UserError, match=advice):
        parallel.choose_devices(4, batch_size)


def test_more_devices_than_there_are_is_refused():
    with pytest.raises(UserError, match="this machine has 4"):
        parallel.choose_devices(5, 10)
    assert parallel.choose_devices(0, 8) == jax.local_devices()
    assert len(parallel.choose_devices(3, 9)) == 3


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ("0, 8", {}, 2),
        ("0, 9", {}, 1),  # two cannot share the batch
        ("1, 8", {}, 1),
        ("0, 8", {"JAX_NUM_CPU_DEVICES": "3"}, 3),
        ("0, 8", {"XLA_FLAGS": "--xla_force_host_platform_device_count=3"}, 3),
    ],
)
def test_a_cpu_is_split_in_two_unless_someone_asks_for_something_else(arguments, environment, expected):
    program = (
        "import jax\nfrom cdaae_jax import cores, parallel\ncores.usable = lambda: 2\n"
        f"parallel.split_cpu({arguments})\nprint(len(jax.local_devices()))"
    )
    kept = {name: value for name, value in os.environ.items() if name not in ("JAX_NUM_CPU_DEVICES", "XLA_FLAGS")}
    kept["JAX_PLATFORMS"] = "cpu"
    printed = subprocess.run(
        [sys.executable, "-c", program], env=kept | environment, capture_output=True, text=True, check=True
    )
    assert printed.stdout.split() == [str(expected)]


def test_one_core_stays_one_device(monkeypatch):
    monkeypatch.setattr(parallel.cores, "usable", lambda: 1)
    monkeypatch.setattr(jax.config, "update", lambda *_: pytest.fail("one core was split"))
    monkeypatch.setattr(parallel, "_asked_for", lambda _: False)
    parallel.split_cpu(0, 8)
