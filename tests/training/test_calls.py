"""Which steps share a call."""

import pytest

from cdaae_jax.training.calls import calls


@pytest.mark.parametrize(
    ("start", "steps", "per_call", "intervals", "expected"),
    [
        (0, 4, 1, (0, 0), [[1], [2], [3], [4]]),
        (0, 8, 4, (4,), [[1, 2, 3, 4], [5, 6, 7, 8]]),
        # Nothing goes past a step at which something is due, and there is one other length of call only.
        (0, 9, 4, (6,), [[1, 2, 3, 4], [5], [6], [7], [8], [9]]),
        (0, 12, 3, (6, 4), [[1, 2, 3], [4], [5], [6], [7], [8], [9, 10, 11], [12]]),
        (5, 9, 2, (0,), [[6, 7], [8, 9]]),
        (3, 3, 2, (1,), []),
    ],
)
def test_a_call_ends_where_something_is_due(start, steps, per_call, intervals, expected):
    assert [list(call) for call in calls(start, steps, per_call, intervals)] == expected
