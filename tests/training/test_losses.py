"""Losses at points where their values are known."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from cdaae_jax.models.change import Change, move
from cdaae_jax.training import losses


def test_reconstruction_is_element_wise():
    output, target = jnp.array([1.0, -2.0]), jnp.array([0.0, 1.0])
    np.testing.assert_allclose(losses.RECONSTRUCTION["l1"](output, target), [1.0, 3.0])
    np.testing.assert_allclose(losses.RECONSTRUCTION["l2"](output, target), [1.0, 9.0])


@pytest.mark.parametrize("name", ["l1", "l2", "smooth_l1"])
def test_reconstruction_refuses_to_broadcast(name):
    with pytest.raises(ValueError, match="same shape"):
        losses.RECONSTRUCTION[name](jnp.zeros((2, 1)), jnp.zeros((2,)))


def test_smooth_l1_is_quadratic_near_zero_and_straight_beyond():
    errors = jnp.array([0.0, 0.01, losses.SMOOTH, 1.0])
    expected = [0.0, 0.01**2 / (2 * losses.SMOOTH), losses.SMOOTH / 2, 1.0 - losses.SMOOTH / 2]
    np.testing.assert_allclose(losses.smooth_l1(errors, jnp.zeros(4)), expected, rtol=1e-6)
    slopes = jax.vmap(jax.grad(lambda error: losses.smooth_l1(error, jnp.zeros(()))))(errors)
    np.testing.assert_allclose(slopes, [0.0, 0.01 / losses.SMOOTH, 1.0, 1.0], rtol=1e-6)


def test_bce_is_the_cross_entropy_of_sigmoid_logits():
    logits = jnp.linspace(-30, 30, 7)
    game = losses.ADVERSARIAL["bce"]
    ones, zeros = jnp.ones_like(logits), jnp.zeros_like(logits)
    np.testing.assert_allclose(game.real(logits), optax.sigmoid_binary_cross_entropy(logits, ones), rtol=1e-5)
    np.testing.assert_allclose(game.fake(logits), optax.sigmoid_binary_cross_entropy(logits, zeros), rtol=1e-5)
    np.testing.assert_allclose(game.generator(logits), game.real(logits))


def test_lsgan_and_hinge_at_known_points():
    logits = jnp.array([-2.0, 0.0, 0.5, 2.0])
    least_squares, hinge = losses.ADVERSARIAL["lsgan"], losses.ADVERSARIAL["hinge"]
    np.testing.assert_allclose(least_squares.real(logits), [9.0, 1.0, 0.25, 1.0])
    np.testing.assert_allclose(least_squares.fake(logits), [4.0, 0.0, 0.25, 4.0])
    np.testing.assert_allclose(least_squares.generator(logits), [9.0, 1.0, 0.25, 1.0])
    np.testing.assert_allclose(hinge.real(logits), [3.0, 1.0, 0.5, 0.0])
    np.testing.assert_allclose(hinge.fake(logits), [0.0, 1.0, 1.5, 3.0])
    np.testing.assert_allclose(hinge.generator(logits), [2.0, 0.0, -0.5, -2.0])


def test_total_variation_counts_steps_in_both_directions():
    ramp = jnp.broadcast_to(jnp.arange(4.0)[None, None, :, None], (1, 4, 4, 1))
    np.testing.assert_allclose(losses.total_variation(ramp), 1.0)
    np.testing.assert_allclose(losses.total_variation(jnp.ones((1, 4, 4, 1))), 0.0)


@pytest.mark.parametrize("name", losses.RECONSTRUCTION)
def test_a_pixel_that_is_right_is_not_pushed(name):
    gradient = jax.grad(lambda output: losses.RECONSTRUCTION[name](output, jnp.array([0.5, 0.5, 0.5])).sum())
    pushed = np.asarray(gradient(jnp.array([0.5, 0.7, 0.3])))
    assert pushed[0] == 0.0 and pushed[1] > 0.0 > pushed[2]


def test_a_flat_picture_has_no_gradient_of_its_total_variation():
    assert not np.asarray(jax.grad(losses.total_variation)(jnp.full((1, 4, 4, 3), 0.25))).any()


GRID = 16


def true_maps(seed=0):
    """A photo and maps of two pairs whose mouth (rows 10 to 12) is painted."""
    random = np.random.default_rng(seed)
    photo = jnp.asarray(random.uniform(-0.4, 0.4, (2, GRID, GRID, 3)), jnp.float32)
    flow = jnp.asarray(random.uniform(-0.1, 0.1, (2, GRID, GRID, 2)), jnp.float32)
    painted = jnp.zeros((2, GRID, GRID, 1)).at[:, 10:12, 4:12].set(1.0)
    shade = jnp.asarray(random.uniform(-0.2, 0.2, (2, GRID, GRID, 1)), jnp.float32)
    return photo, flow, painted, shade


def test_the_true_change_has_no_distance_from_the_true_maps():
    _, flow, painted, _ = true_maps()
    both = jnp.ones(2)
    right = Change(flow=flow, mask=painted, paint=jnp.zeros((2, GRID, GRID, 3)))
    assert float(losses.maps(right, flow, painted, both)) == 0
    wrong = right.replace(flow=flow.at[..., 0].add(1 / GRID))
    off = 64 / GRID * float((1 - painted).mean())  # one point of this grid is so many 64ths of the side
    assert float(losses.maps(wrong, flow, painted, both)) == pytest.approx(off, rel=1e-4)
    assert float(losses.maps(wrong, flow, painted, jnp.array([1.0, 0.0]))) == pytest.approx(off / 2, rel=1e-4)


def test_a_mouth_counts_by_its_overlap_with_the_true_one():
    _, flow, painted, _ = true_maps()
    half = painted.at[:, 10].set(0.0)
    twice = jnp.maximum(painted, jnp.roll(painted, 4, axis=1))
    for mask, missing in ((half, 1 / 3), (twice, 1 / 3), (0 * painted, 1.0)):
        change = Change(flow=flow, mask=mask, paint=jnp.zeros((2, GRID, GRID, 3)))
        assert float(losses.maps(change, flow, painted, jnp.ones(2))) == pytest.approx(missing, rel=1e-4)


def test_masks_overlap_where_they_are_known_and_there_are_any():
    _, _, painted, _ = true_maps()
    assert float(losses.overlap(0 * painted, 0 * painted, jnp.ones(2))) == 0
    wrong_in_one = painted.at[1].set(0.0)
    assert float(losses.overlap(wrong_in_one, painted, jnp.array([1.0, 0.0]))) == 0


def test_what_is_painted_is_compared_with_nothing_else():
    _, flow, painted, shade = true_maps()
    elsewhere = Change(flow=flow + (painted * 0.1), mask=painted, paint=jnp.zeros((2, GRID, GRID, 3)))
    assert float(losses.maps(elsewhere, flow, painted, jnp.ones(2))) == pytest.approx(0.0, abs=1e-6)


def test_the_true_shading_as_a_shift_has_no_distance():
    photo, flow, painted, shade = true_maps()
    shift, known = true_shift(photo, flow, shade), jnp.ones(2)
    none = losses.shading(Change(shift=shift), photo, flow, painted, shade, known)
    assert float(none.level) < 1e-5 and float(none.edges) < 1e-5
    off = losses.shading(Change(shift=shift + 0.1), photo, flow, painted, shade, known)
    assert float(off.level) == pytest.approx(0.1 * float((1 - painted).mean()), rel=1e-3)
    assert float(off.edges) < 1e-5
    one_side = losses.shading(Change(shift=shift.at[:, :, 8:].add(0.1)), photo, flow, painted, shade, known)
    assert float(one_side.edges) == pytest.approx(0.1 * float((1 - painted[:, :, 8]).mean()) / (GRID - 1), rel=1e-3)
    mouth = losses.shading(Change(shift=shift + 0.1 * painted), photo, flow, painted, shade, known)
    assert float(mouth.level) < 1e-5


def test_a_fold_that_is_missing_counts_more_than_a_false_one():
    photo, flow, painted, _ = true_maps()
    known = jnp.ones(2)
    shade = jnp.zeros_like(painted).at[:, 4].set(-0.2)
    true = true_shift(photo, flow, shade)

    def missed_and_false(depth: float) -> tuple[float, float]:
        shifts = true.at[:, 4].set(0.0), true.at[:, 7].set(true[:, 4])
        missed, false = (
            losses.shading(Change(shift=shift), photo, flow, painted, shade, known, depth) for shift in shifts
        )
        return float(missed.level), float(false.level)

    missed, false = missed_and_false(0.0)
    assert missed == pytest.approx(false, rel=1e-3)
    deep_missed, deep_false = missed_and_false(10.0)
    assert deep_false == pytest.approx(false, rel=1e-3)
    assert missed * 1.5 < deep_missed < missed * (1 + 10 * float(jnp.abs(true).max()))


def true_shift(photo, flow, shade):
    """The shift that shades the moved photo."""
    brightness = (move(photo, flow) + 1.0) / 2.0
    return jnp.arctanh(2.0 * brightness * jnp.exp(shade) - 1.0) - jnp.arctanh(2.0 * brightness - 1.0)


def test_a_change_without_the_part_that_is_compared_is_refused():
    photo, flow, painted, shade = true_maps()
    with pytest.raises(ValueError, match="no flow or no mask"):
        losses.maps(Change(), flow, painted, jnp.ones(2))
    with pytest.raises(ValueError, match="no shift"):
        losses.shading(Change(), photo, flow, painted, shade, jnp.ones(2))


def test_the_pyramid_sees_edges_and_no_even_brightness():
    picture = jnp.zeros((1, 64, 64, 3))
    assert float(losses.pyramid(picture + 0.5, picture, losses.l1)) == pytest.approx(0.0, abs=1e-6)
    edge = picture.at[:, :, 31:].set(0.5)
    assert float(losses.pyramid(edge, picture, losses.l1)) > 0


def test_a_ramp_of_flow_is_smooth_and_a_bend_is_not():
    ramp = jnp.linspace(0, 1, GRID)[None, :, None, None] * jnp.ones((1, GRID, GRID, 2)) / GRID
    assert float(losses.roughness(ramp)) == pytest.approx(0.0, abs=1e-5)
    assert float(losses.roughness(ramp.at[:, 8].add(1 / GRID))) > 0.01


def test_what_is_read_off_photos_is_compared_where_their_labels_are_known():
    read, true = jnp.array([[0.5, 0.0], [1.0, 1.0]]), jnp.array([[1.0, 0.0], [0.0, 1.0]])
    assert float(losses.shown(read, true)) == pytest.approx(1.5 / 4)
    assert float(losses.shown(read, true, jnp.array([[True, True], [False, True]]))) == pytest.approx(0.5 / 4)
    assert float(losses.shown(true, true)) == 0


def test_lips_are_compared_in_64ths_of_a_side_where_they_are_known():
    read, true = jnp.array([[2 / 64, 0.0], [5 / 64, 1 / 64]]), jnp.array([[1 / 64, 0.0], [8 / 64, -3 / 64]])
    assert float(losses.lips(read, true, jnp.ones((2, 2)))) == pytest.approx((1 + 3 + 4) / 4, rel=1e-5)
    assert float(losses.lips(read, true, jnp.array([[1.0, 0.0], [1.0, 0.0]]))) == pytest.approx(1.0, rel=1e-5)
    assert float(losses.lips(true, true, jnp.ones((2, 2)))) == 0


def test_places_are_compared_in_64ths_of_a_side_where_they_are_known():
    true = jnp.zeros((2, 16, 16, 2))
    place = jnp.full((2, 8, 8, 2), 1 / 64).at[1].set(3 / 64)
    assert float(losses.places(place, true, jnp.ones(2))) == pytest.approx((2 + 6) / 2, rel=1e-5)
    assert float(losses.places(place, true, jnp.array([1.0, 0.0]))) == pytest.approx(1.0, rel=1e-5)
    assert float(losses.places(true, true, jnp.ones(2))) == 0
