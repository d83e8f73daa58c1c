"""What is painted at the lips: the slit that opens, to a fraction of a point, and the line where lips come together."""

import jax.numpy as jnp
import numpy as np
import pytest

from cdaae_jax.models import lips

SIDE = 128
ROWS = (np.arange(SIDE) + 0.5) / SIDE  # of the mean face, in sides
MIDDLE = SIDE // 2
AT_REST = jnp.zeros((1, 32, 32, 2))
CLOSED = jnp.zeros((1, 2, SIDE, 2))
WHOLE = jnp.zeros((1, 2 * lips.SHAPES))


def parting(up, down):
    """Ends of lips that have moved apart, by up to these sides in the middle of the mouth."""
    shape = lips.shapes(SIDE)[0]
    return CLOSED.at[0, 0, :, 1].set(up * shape).at[0, 1, :, 1].set(-down * shape)


def made(own=CLOSED, wanted=CLOSED, turned=WHOLE, place=AT_REST, undone=1.0):
    skin = jnp.asarray(np.repeat(np.repeat(place, 4, axis=1), 4, axis=2))
    return lips.mouth(jnp.asarray(place), skin, own, wanted, turned, jnp.array([[undone]]))


@pytest.mark.parametrize(("up", "down"), [(2.0, 5.0), (2.3, 5.4), (0.7, 1.8)])
def test_the_slit_reaches_from_lip_to_lip_to_a_fraction_of_a_point(up, down):
    slit = np.asarray(made(wanted=parting(up / SIDE, down / SIDE)).slit)[0, ..., 0]
    inside, shape = slice(MIDDLE - 12, MIDDLE + 12), lips.shapes(SIDE)[0]
    # The mask goes from 0 at a lip's end to 1 within a point, so that half a point is missing at either end.
    gap = (up + down) * shape
    np.testing.assert_allclose(slit.sum(axis=0)[inside], np.where(gap > 2, gap - 1, gap**2 / 4)[inside], atol=0.1)
    middle = (slit * (np.arange(SIDE) + 0.5)[:, None]).sum(axis=0) / np.maximum(slit.sum(axis=0), 1e-6)
    wide = np.flatnonzero(gap > 2)
    assert len(wide) > 10
    np.testing.assert_allclose(middle[wide], (93 + (down - up) / 2 * shape)[wide], atol=0.1)
    assert not slit[:, : MIDDLE - 17].any() and not slit[:, MIDDLE + 17 :].any()  # beyond the corners


def test_the_slit_lies_where_the_mouth_of_a_photo_does():
    wanted = parting(2 / SIDE, 5 / SIDE)
    lower = np.asarray(made(wanted=wanted, place=AT_REST.at[..., 1].set(-4.5 / SIDE)).slit)[0, ..., 0]
    there = np.asarray(made(wanted=wanted).slit)[0, ..., 0]
    centre = [(one.sum(axis=1) * np.arange(SIDE)).sum() / one.sum() for one in (lower, there)]
    assert centre[0] - centre[1] == pytest.approx(4.5, abs=0.1)


def test_lips_that_are_turned_inwards_leave_a_gap_of_their_own():
    assert not np.asarray(made().slit).any()
    slit = np.asarray(made(turned=WHOLE.at[0, 0].set(3 / SIDE).at[0, lips.SHAPES].set(1.5 / SIDE)).slit)[
        0, :, MIDDLE, 0
    ]
    assert slit.sum() == pytest.approx(3.5, abs=0.05)
    assert (slit[91:94] > 0.99).all() and not slit[:90].any() and not slit[95:].any()


@pytest.mark.parametrize(
    ("undone", "share", "painted"),
    [(1.0, 0.8, 1.0), (1.0, 0.95, 0.5), (1.0, 1.1, 0.0), (0.0, 0.3, 1.0), (0.0, 0.45, 0.5), (0.0, 0.6, 0.0)],
)
def test_a_photo_keeps_its_own_teeth_until_lips_part_farther(undone, share, painted):
    wanted = parting(3 / SIDE, 3 / SIDE)
    slit = np.asarray(made(own=parting(3 * share / SIDE, 3 * share / SIDE), wanted=wanted, undone=undone).slit).sum()
    assert slit == pytest.approx(painted * np.asarray(made(wanted=wanted).slit).sum(), rel=0.01, abs=0.01)


def test_lips_that_close_meet_in_a_line_and_others_do_not():
    apart = parting(3 / SIDE, 3 / SIDE)
    seam = np.asarray(made(own=apart).seam)[0, ..., 0]
    assert (seam[92:94, MIDDLE - 12 : MIDDLE + 12] == 1).all()
    assert not seam[:90].any() and not seam[96:].any() and not seam[:, : MIDDLE - 17].any()
    for own, wanted in ((CLOSED, CLOSED), (CLOSED, apart), (apart, apart), (apart, parting(2 / SIDE, 2 / SIDE))):
        assert not np.asarray(made(own, wanted).seam)[0, :, MIDDLE - 6 : MIDDLE + 6].any()


def test_the_line_has_the_colour_of_the_lips_beside_the_teeth_and_the_slit_the_paint():
    moved = np.full((1, SIDE, SIDE, 3), 0.2, np.float32)
    moved[:, 92:94] = 0.9  # teeth
    mask, paint = jnp.full((1, SIDE, SIDE, 1), 0.3), jnp.full((1, SIDE, SIDE, 3), -0.7)
    whole, colours = (
        np.asarray(one) for one in lips.painted(made(own=parting(0.03, 0.03)), mask, paint, jnp.asarray(moved))
    )
    assert whole[0, 92, MIDDLE, 0] == pytest.approx(1.0)
    np.testing.assert_allclose(colours[0, 92, MIDDLE], 0.2, atol=2e-3)
    assert whole[0, 96, MIDDLE, 0] == pytest.approx(0.0, abs=1e-6)  # the lips are nobody else's to paint
    assert whole[0, 40, MIDDLE, 0] == pytest.approx(0.3)
    np.testing.assert_allclose(colours[0, 40, MIDDLE], -0.7, atol=1e-5)
    opened = lips.painted(made(wanted=parting(0.03, 0.03)), mask, paint, jnp.asarray(moved))
    assert np.asarray(opened[0])[0, 93, MIDDLE, 0] == pytest.approx(1.0)
    np.testing.assert_allclose(np.asarray(opened[1])[0, 93, MIDDLE], -0.7, atol=1e-5)


def test_flows_that_part_lips_move_each_lip_alone_and_end_in_the_corners():
    flows = lips.parting(SIDE)
    upper, lower = flows[: lips.SHAPES], flows[lips.SHAPES :]
    assert not upper[:, 93:].any() and not lower[:, :93].any() and not flows[..., 0].any()
    assert upper[0, 92, MIDDLE, 1] == pytest.approx(0.96, abs=0.01)  # fetched from below: the lip goes up
    assert lower[0, 93, MIDDLE, 1] == pytest.approx(-0.96, abs=0.01)
    assert not flows[:, :, ROWS < 0.5 - lips.MOUTH].any() and not flows[:, ROWS < 0.6].any()


def test_what_moved_a_photos_lips_is_undone_as_far_as_a_label_takes_it_away():
    ends = jnp.concatenate([CLOSED, parting(3 / SIDE, 3 / SIDE), parting(1 / SIDE, 0.0)])  # neutral, a smile, a frown
    for shown, label, share in (
        ((0.5, 0.5, 0.0), (1.0, 0.0, 0.0), 1.0),
        ((0.5, 0.5, 0.0), (0.5, 0.5, 0.0), 0.0),
        ((0.5, 0.5, 0.0), (0.0, 0.25, 1.0), 0.5),
        ((0.5, 0.5, 0.0), (0.0, 1.0, 0.0), 0.0),
        ((0.9, 0.03, 0.0), (1.0, 0.0, 0.0), 0.1),  # as good as nothing is shown
        ((0.9, -0.1, 0.0), (1.0, 0.0, 0.0), 0.0),
    ):
        found = lips.undone(jnp.array([shown]), jnp.array([label]), ends)
        assert float(found[0, 0]) == pytest.approx(share, abs=1e-3)
    nothing_learnt = lips.undone(jnp.array([[0.5, 0.5]]), jnp.array([[1.0, 0.0]]), jnp.zeros((2, 2, SIDE, 2)))
    assert float(nothing_learnt[0, 0]) == 0


def test_open_lips_close_by_more_than_they_need():
    pressed = np.asarray(lips.pressed(jnp.array([[0.0], [2 / 256], [20 / 256]]))).reshape(3, 2, lips.SHAPES)
    np.testing.assert_allclose(256 * pressed[..., 0], [[0, 0], [0.75, 0.75], [1.5, 1.5]])
    assert not pressed[..., 1:].any()


def test_where_lips_are_is_read_off_their_ends():
    apart, lower = np.asarray(lips.in_the_middle(parting(2 / SIDE, 5 / SIDE)))[0]
    assert apart == pytest.approx(7 / SIDE, rel=0.01) and lower == pytest.approx(1.5 / SIDE, rel=0.01)
