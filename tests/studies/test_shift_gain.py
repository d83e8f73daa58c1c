"""The study of gains: its edits are those of an export with the same gain."""

import dataclasses

import numpy as np
import pytest
from support import make_sampler

from cdaae_jax import UserError
from cdaae_jax.exporting.shift_gain import with_shift_gain
from cdaae_jax.models.change import Change
from studies import shift_gain


def test_edits_are_those_of_an_export_with_the_same_gain():
    sampler = make_sampler()
    photos = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    labels = np.eye(2, dtype=np.float32)
    plain, strong = shift_gain.edits(sampler, photos, labels, (1.0, 2.0))
    np.testing.assert_array_equal(plain, sampler.edit(photos, labels))
    apart = strong.astype(int) - with_shift_gain(sampler, 2.0).edit(photos, labels)
    assert np.abs(apart).max() <= 1 and np.abs(strong.astype(int) - plain).max() > 1


def test_a_model_that_shifts_nothing_is_refused():
    @dataclasses.dataclass
    class Still:
        def change(self, photos, _):
            return Change(flow=np.zeros((len(photos), 4, 4, 2), np.float32))

    with pytest.raises(UserError, match="shifts no colours"):
        shift_gain.edits(Still(), np.zeros((1, 32, 32, 3), np.uint8), np.eye(1, dtype=np.float32), (2.0,))
