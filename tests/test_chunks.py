"""Chunks: every row comes back once, in few shapes."""

from typing import NamedTuple

import numpy as np
import pytest

from cdaae_jax.chunks import in_chunks


class Recorder:
    """Adds two arrays up, and notes how many rows it sees at a time."""

    def __init__(self):
        self.sizes = []

    def __call__(self, first, second):
        assert len(first) == len(second)
        self.sizes.append(len(first))
        return first + second.sum(axis=1)


@pytest.mark.parametrize(
    ("count", "least", "sizes"),
    [
        (1, 1, [1]),
        (3, 1, [4]),
        (8, 1, [8]),
        (9, 1, [8, 1]),
        (21, 1, [8, 8, 8]),
        (11, 8, [8, 8]),
        (0, 1, [1]),
        (0, 8, [8]),
    ],
)
def test_rows_come_back_in_order_and_the_rest_is_filled_up(count, least, sizes):
    function = Recorder()
    first, second = np.arange(count, dtype=np.float32), np.arange(2.0 * count).reshape(count, 2)
    result = in_chunks(function, first, second, most=8, least=least)
    assert function.sizes == sizes
    np.testing.assert_array_equal(result, first + second.sum(axis=1))
    assert result.shape == (count,)


def test_no_more_than_allowed_where_that_is_no_power_of_two():
    function = Recorder()
    in_chunks(function, np.zeros(11), np.zeros((11, 1)), most=6)
    assert function.sizes == [6, 6]


def test_what_is_filled_up_are_rows_that_the_function_can_take():
    def inverse(rows):
        assert (rows > 0).all()
        return 1 / rows

    np.testing.assert_array_equal(in_chunks(inverse, np.array([2.0, 4.0, 8.0]), most=8), [0.5, 0.25, 0.125])


def test_a_function_may_return_a_tree():
    class Parts(NamedTuple):
        double: np.ndarray
        pair: dict

    def function(rows):
        return Parts(2 * rows, {"square": rows**2})

    rows = np.arange(5)
    result = in_chunks(function, rows, most=2)
    assert isinstance(result, Parts)
    np.testing.assert_array_equal(result.double, 2 * rows)
    np.testing.assert_array_equal(result.pair["square"], rows**2)


def test_arrays_that_do_not_belong_together_are_refused():
    for arrays, sizes in (((np.zeros(2), np.zeros(3)), {}), ((), {}), ((np.zeros(2),), {"least": 9})):
        with pytest.raises(ValueError, match="give arrays of one length, and 1 <= least <= most"):
            in_chunks(lambda *rows: rows[0], *arrays, **({"most": 8} | sizes))
