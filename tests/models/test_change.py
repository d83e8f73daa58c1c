"""Changes against a plain numpy version; a change of nothing gives the photo back, exactly."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cdaae_jax import images
from cdaae_jax.models import change as changes
from cdaae_jax.models.change import Change, enlarge, recolour, shift_between, shrink

GREYS = np.arange(256, dtype=np.uint8)


def make_change(n: int = 2, grid: int = 8, scale: float = 1.0) -> Change:
    random = np.random.default_rng(0)
    return Change(
        flow=random.uniform(-0.2, 0.2, (n, grid, grid, 2)).astype(np.float32) * scale,
        shift=random.normal(size=(n, 2 * grid, 2 * grid, 3)).astype(np.float32) * scale,
        mask=random.uniform(0, 1, (n, 2 * grid, 2 * grid, 1)).astype(np.float32) * scale,
        paint=random.uniform(-1, 1, (n, 2 * grid, 2 * grid, 3)).astype(np.float32),
    )


def make_photo(n: int, height: int, width: int) -> np.ndarray:
    levels = np.random.default_rng(1).integers(0, 256, (n, height, width, 3), np.uint8)
    return np.asarray(images.to_network(levels))


# --- the plain version: one pixel at a time --------------------------------------------------------------------------


def plain_cubic(distance: float) -> float:
    distance = abs(distance)
    if distance < 1:
        return 1.5 * distance**3 - 2.5 * distance**2 + 1
    return -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2 if distance < 2 else 0.0


def plain_line(values: np.ndarray, pixels: int) -> np.ndarray:
    """Interpolates along the first axis."""
    grid, out = len(values), []
    for pixel in range(pixels):
        centre = (pixel + 0.5) * grid / pixels - 0.5
        weights = [plain_cubic((centre - k) / max(1, grid / pixels)) for k in range(grid)]
        out.append(sum(weight * value for weight, value in zip(weights, values, strict=True)) / sum(weights))
    return np.array(out)


def plain_enlarge(field: np.ndarray, height: int, width: int) -> np.ndarray:
    return plain_line(plain_line(field, height).swapaxes(0, 1), width).swapaxes(0, 1)


def plain_apply(change: Change, photo: np.ndarray, amount: float) -> np.ndarray:
    out = np.empty(photo.shape)
    for i, picture in enumerate(photo.astype(np.float64)):
        height, width = picture.shape[:2]
        flow, shift, mask, paint = (
            plain_enlarge(np.asarray(field[i], np.float64), height, width)
            for field in (change.flow, change.shift, change.mask, change.paint)
        )
        for y in range(height):
            for x in range(width):
                column = np.clip(x + amount * flow[y, x, 0] * width, 0, width - 1)
                row = np.clip(y + amount * flow[y, x, 1] * height, 0, height - 1)
                left, top = int(column), int(row)
                right, low = min(left + 1, width - 1), min(top + 1, height - 1)
                a, b = column - left, row - top
                moved = (1 - b) * ((1 - a) * picture[top, left] + a * picture[top, right])
                moved += b * ((1 - a) * picture[low, left] + a * picture[low, right])
                near = np.clip(moved, -1 + 1 / 127.5, 1 - 1 / 127.5)
                shaded = np.clip(np.tanh(np.arctanh(near) + amount * shift[y, x]) + moved - near, -1, 1)
                share = np.clip(amount * mask[y, x], 0, 1)
                out[i, y, x] = (1 - share) * shaded + share * np.clip(paint[y, x], -1, 1)
    return out


@pytest.mark.parametrize(("height", "width"), [(16, 16), (24, 24), (19, 31), (6, 5)])
@pytest.mark.parametrize("amount", [0.4, 1.0, 1.5])
def test_values_are_those_of_the_plain_version(height, width, amount):
    change, photo = make_change(), make_photo(2, height, width)
    got = jax.jit(changes.apply)(change, photo, amount)
    np.testing.assert_allclose(got, plain_apply(change, photo, amount), atol=2e-5)


@pytest.mark.parametrize("field", ["flow", "shift", "mask", "paint"])
def test_gradients_are_those_of_the_plain_version(field):
    change, photo = make_change(n=1, grid=4, scale=0.3), 0.9 * make_photo(1, 11, 11)
    weight = np.random.default_rng(2).normal(size=photo.shape)
    direction = np.random.default_rng(3).normal(size=getattr(change, field).shape)

    def loss(values, apply):
        return (weight * apply(change.replace(**{field: values}), photo, 1.0)).sum()

    gradient = jax.grad(lambda values: loss(values, changes.apply))(jnp.asarray(getattr(change, field)))
    step = 1e-5
    ahead, behind = (loss(getattr(change, field) + sign * step * direction, plain_apply) for sign in (1, -1))
    np.testing.assert_allclose((gradient * direction).sum(), (ahead - behind) / (2 * step), rtol=2e-3)


# --- what is promised ------------------------------------------------------------------------------------------------


def test_amount_0_returns_the_photo_bit_for_bit():
    photo = make_photo(2, 19, 31)
    np.testing.assert_array_equal(jax.jit(changes.apply)(make_change(), photo, 0.0), photo)


def test_amounts_can_differ_by_photo():
    change, photo = make_change(), make_photo(2, 16, 16)
    both = changes.apply(change, photo, jnp.array([0.0, 1.0]))
    np.testing.assert_array_equal(both[0], photo[0])
    np.testing.assert_allclose(both[1], changes.apply(change, photo, 1.0)[1], atol=1e-6)


@pytest.mark.parametrize("field", ["flow", "shift", "mask"])
def test_a_missing_field_is_a_field_of_zeros(field):
    change, photo = make_change(), make_photo(2, 24, 24)
    zeros = {field: jnp.zeros_like(getattr(change, field))}
    nothing = {field: None} | ({"paint": None} if field == "mask" else {})
    expected = changes.apply(change.replace(**zeros), photo)
    np.testing.assert_array_equal(changes.apply(change.replace(**nothing), photo), expected)


def test_a_flow_of_whole_pixels_fetches_them():
    photo = make_photo(1, 8, 10)
    flow = np.zeros((1, 8, 10, 2), np.float32)
    flow[..., 0], flow[..., 1] = 2 / 10, -1 / 8
    moved = changes.move(photo, flow)
    np.testing.assert_allclose(moved[0, 1:, :-2], photo[0, :-1, 2:], atol=1e-5)


def test_sharp_keeps_more_of_a_picture_that_moves_by_half_a_pixel():
    photo = make_photo(1, 24, 24)
    flow = np.full((1, 24, 24, 2), 0.5 / 24, np.float32)
    plain, sharp = (np.asarray(changes.move(photo, flow, sharp)) for sharp in (False, True))
    assert sharp.std() > 1.1 * plain.std() and np.abs(sharp).max() <= 1
    fetched = -3 / 32 * (photo[0, 8, 7] + photo[0, 8, 10]) + 19 / 32 * (photo[0, 8, 8] + photo[0, 8, 9])
    flow[..., 1] = 0
    np.testing.assert_allclose(changes.move(0.5 * photo, flow, sharp=True)[0, 8, 8], 0.5 * fetched, atol=1e-5)
    lined_up = np.asarray(changes.move(photo, np.full_like(flow, 2 / 24), sharp=True))
    np.testing.assert_allclose(lined_up[0, :-2, :-2], photo[0, 2:, 2:], atol=1e-4)
    np.testing.assert_array_equal(changes.move(photo, 0 * flow, sharp=True), photo)


def test_it_maps_over_devices():
    change, photo = make_change(n=4), make_photo(4, 16, 16)
    split = jax.tree.map(lambda leaf: leaf.reshape(4, 1, *leaf.shape[1:]), (change, photo))
    mapped = jax.pmap(changes.apply)(*split)
    np.testing.assert_allclose(mapped.reshape(photo.shape), changes.apply(change, photo), atol=1e-6)


def test_it_exports():
    change, photo = make_change(), make_photo(2, 16, 16)
    apply = jax.jit(changes.apply)
    exported = jax.export.export(apply, platforms=("cpu", "tpu", "cuda"))(change, photo, jnp.ones(2))

    np.testing.assert_allclose(exported.call(change, photo, jnp.ones(2)), apply(change, photo, jnp.ones(2)), atol=1e-6)


def test_enlarging_keeps_a_ramp_straight_inside():
    ramp = np.broadcast_to(np.linspace(0, 1, 8, dtype=np.float32)[None, :, None, None], (1, 8, 8, 1))
    inside = np.asarray(enlarge(ramp, 40, 40))[0, 10:-10, 0, 0]
    np.testing.assert_allclose(np.diff(inside, 2), 0, atol=1e-6)


def test_shrinking_is_a_mean_over_blocks():
    photo = make_photo(1, 16, 16)
    np.testing.assert_allclose(shrink(photo, 8)[0, 0, 0], photo[0, :2, :2].mean((0, 1)), atol=1e-6)
    assert shrink(photo, 16) is photo and shrink(photo, 12).shape == (1, 12, 12, 3)


# --- colours ---------------------------------------------------------------------------------------------------------


def test_a_shift_of_zero_returns_every_grey_level():
    photo = images.to_network(GREYS)
    np.testing.assert_array_equal(recolour(photo, jnp.zeros(256)), photo)
    np.testing.assert_array_equal(images.to_uint8(jax.jit(recolour)(photo, jnp.zeros(256))), GREYS)


def test_a_shift_is_added_before_the_tanh():
    photo, shift = jnp.linspace(-0.95, 0.95, 9), jnp.linspace(2.0, -2.0, 9)
    np.testing.assert_allclose(recolour(photo, shift), jnp.tanh(jnp.arctanh(photo) + shift), atol=1e-6)


def test_black_and_white_move_as_the_grey_level_beside_them():
    photo, shift = jnp.array([-1.0, -1.0, 1.0, 1.0]), jnp.array([-90.0, 90.0, -90.0, 90.0])
    np.testing.assert_allclose(recolour(photo, shift), jnp.sign(shift), atol=1.01 / 127.5)
    gradient = jax.grad(lambda s: recolour(photo, s).sum())(jnp.array([0.5, 0.5, -0.5, -0.5]))
    assert np.isfinite(gradient).all() and (gradient > 0).all()


def test_a_picture_becomes_a_shift_of_the_photo():
    photo, logits = jnp.linspace(-0.99, 0.99, 9), jnp.linspace(1.5, -1.5, 9)
    np.testing.assert_allclose(recolour(photo, shift_between(photo, logits)), jnp.tanh(logits), atol=1e-5)


def test_what_is_painted_has_an_edge_when_it_counts():
    photo = jnp.zeros((1, 8, 8, 3))
    ramp = jnp.broadcast_to(jnp.linspace(0, 1, 8)[None, None, :, None], (1, 8, 8, 1))
    painting = Change(mask=ramp, paint=jnp.ones((1, 8, 8, 3)))
    soft, hard = (np.asarray(changes.apply(painting, photo, sharp=sharp))[0, 0, :, 0] for sharp in (False, True))
    np.testing.assert_allclose(soft, np.linspace(0, 1, 8), atol=1e-6)
    np.testing.assert_allclose(hard, np.clip(3 * np.linspace(0, 1, 8) - 1.0, 0, 1), atol=1e-6)
    half = np.asarray(changes.apply(painting, photo, 0.5, sharp=True))[0, 0, :, 0]
    np.testing.assert_allclose(half, hard / 2, atol=1e-6)
