"""Points become steady and stay in time; faces come and go slowly."""

import numpy as np
import pytest

from cdaae_jax.video import steady


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 20])
def test_every_item_is_seen_among_its_neighbours(count):
    seen = list(steady.among_neighbours(iter(range(count)), 2))
    assert [window[index] for window, index in seen] == list(range(count))
    for window, index in seen:
        assert window == list(range(max(0, window[index] - 2), min(count, window[index] + 3)))


def test_no_more_is_read_ahead_than_is_needed():
    read = []
    windows = steady.among_neighbours((read.append(i) or i for i in range(100)), 3)
    next(windows)
    assert len(read) == 4


def test_a_motion_that_bends_is_kept_and_jitter_is_not():
    def at(time):
        return np.array([3.0 * time**2 - 2.0 * time + 1.0, 5.0 * time])

    np.testing.assert_allclose(steady.steady({k: at(k) for k in range(-3, 4)}, 3), at(0), atol=1e-9)
    # Missing in between, the face is where the motion says; at an end, a straight motion is kept.
    np.testing.assert_allclose(steady.steady({k: at(k) for k in (-3, -2, -1, 2, 3)}, 3), at(0), atol=1e-9)
    np.testing.assert_allclose(steady.steady({k: np.array([5.0 * k]) for k in range(4)}, 3), 0, atol=1e-9)
    np.testing.assert_allclose(steady.steady({0: at(0)}, 3), at(0))

    noise = np.random.default_rng(0).normal(size=(500, 7))
    fitted = [steady.steady({k - 3: row[k, None] for k in range(7)}, 3) for row in noise]
    assert np.std(fitted) < 0.7


def test_a_head_that_shakes_is_followed_without_lag():
    time = np.arange(100) / 25
    place = 20 * np.sin(2 * np.pi * 2 * time)  # twice a second, 20 pixels to each side
    fitted = [steady.steady({k: place[i + k, None] for k in range(-3, 4)}, 3)[0] for i in range(3, 97)]
    assert np.abs(fitted - place[3:97]).max() < 0.5


@pytest.mark.parametrize(
    ("present", "index", "fading"),
    [
        ([True] * 7, 3, 1.0),
        ([True] * 3 + [False] + [True] * 3, 3, 1.0),  # missing for a moment
        ([False] * 3 + [True] * 4, 3, 0.0),  # it has just come
        ([False] * 2 + [True] * 5, 3, 7 / 27),
        ([True] * 4 + [False] * 3, 3, 0.0),  # it goes
        ([True] * 4, 0, 1.0),  # the video begins
        ([True] * 4, 3, 1.0),  # it ends
        ([True], 0, 1.0),
    ],
)
def test_a_face_comes_and_goes_slowly(present, index, fading):
    assert steady.fading(present, index) == pytest.approx(fading)
