"""Equal pictures are looked at once."""

import numpy as np

from cdaae_jax.evaluation.judges.remembering import Remembering


def test_a_judge_sees_every_picture_once():
    one, other = np.random.default_rng(0).integers(0, 200, (2, 6, 32, 32, 3), np.uint8)
    seen = []

    def first_pixel(pictures):
        return pictures[:, 0, 0, :1].astype(np.float64)

    def judge(pictures):
        seen.append(len(pictures))
        return first_pixel(pictures)

    remembering = Remembering(judge)
    twice = np.concatenate([one, one[::-1]])
    np.testing.assert_array_equal(remembering(twice), first_pixel(twice))
    np.testing.assert_array_equal(remembering(other), first_pixel(other))
    np.testing.assert_array_equal(remembering(one[2:4]), first_pixel(one[2:4]))
    assert seen == [6, 6]
