"""The study of gains: what it is asked for, and that it stops before hours of measuring."""

import pytest
from support import make_sampler

from cdaae_jax import UserError
from cdaae_jax.exporting.gains import Gains
from studies import gains


def test_pairs_are_of_shift_and_flow():
    assert gains.pairs("1:1,1.5:1.1") == (Gains(1, 1), Gains(shift=1.5, flow=1.1))
    assert gains.pairs("2") == (Gains(2, 1),)
    assert gains.pairs(gains.PAIRS)[0] == Gains()


@pytest.mark.parametrize("text", ["", "much", "1:1:1", "1;2"])
def test_other_texts_are_refused_with_an_example(text):
    with pytest.raises(UserError, match=r"cannot be used; write SHIFT:FLOW"):
        gains.pairs(text)


def test_gains_of_labels_are_numbers():
    assert gains.label_gains("1,1.1") == (1.0, 1.1)
    assert gains.label_gains("") == ()
    with pytest.raises(UserError, match="write numbers, as 1,1.1,1.2"):
        gains.label_gains("1,much")


def test_all_labels_get_each_gain_and_a_wrong_one_is_said_before_anything_is_measured():
    labelled = gains.with_label_gains({"plain": make_sampler()}, (0.9, 1.2))
    assert list(labelled) == ["plain, label x 0.9", "plain, label x 1.2"]
    assert labelled["plain, label x 1.2"].meta["label_gains"] == {"happy": 1.2}
    assert gains.with_label_gains({"plain": make_sampler()}, ()) == {}
    with pytest.raises(UserError, match="the gain of the label happy is 2; allowed: above 0, at most 1.5"):
        gains.with_label_gains({"plain": make_sampler()}, (2.0,))
