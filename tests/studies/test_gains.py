"""The study of gains: what it is asked for, and that it stops before hours of measuring."""

import pytest

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
