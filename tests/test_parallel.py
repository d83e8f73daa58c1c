"""Placement of states and batches on devices, and refusals of what devices cannot share."""

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
