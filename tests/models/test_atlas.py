"""The atlas: it starts as nothing, is laid where the face is, follows the label, and the decoder adds to it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cdaae_jax.config import Model
from cdaae_jax.models import change, lips, registry

SIZE = 32
SMALL = Model(image_size=SIZE, width=8, max_width=64, atlas=4)
RANDOM = np.random.default_rng(0)
SOURCE = jnp.asarray(RANDOM.uniform(-0.9, 0.9, (2, SIZE, SIZE, 3)), jnp.float32)


def smooth(side, channels, scale):
    grid = jnp.asarray(RANDOM.normal(size=(2, 6, 6, channels)), jnp.float32)
    return scale * change.enlarge(grid, side, side)


@pytest.fixture(scope="module")
def generator():
    return registry.build(SMALL).generator


@pytest.fixture(scope="module")
def params(generator):
    """A model whose atlas holds something and whose decoder adds nothing yet; it reads all faces as the mean face."""
    made = jax.jit(generator.init)(jax.random.key(0), SOURCE, jnp.eye(2))["params"]
    return made | {"atlas": made["atlas"] | {"flow": smooth(SIZE, 2, 0.01), "light": smooth(2 * SIZE, 1, 0.2)}}


@pytest.fixture(scope="module")
def generate(generator):
    return jax.jit(lambda params, label, source=SOURCE: generator.apply({"params": params}, source, label))


def placed(params, offset):
    """The model, but all faces lie `offset` sides to the left of the mean face."""
    atlas = params["atlas"]
    return params | {"atlas": atlas | {"place": atlas["place"] | {"bias": jnp.array([32.0 * offset, 0.0])}}}


def test_before_training_it_does_nothing(generator):
    made = jax.jit(lambda key: generator.init_with_output(key, SOURCE, jnp.eye(2))[0])(jax.random.key(0))
    assert made.place.shape == (2, SIZE // 4, SIZE // 4, 2)
    assert made.change.flow.shape == (2, SIZE, SIZE, 2) and made.change.shift.shape == (2, 2 * SIZE, 2 * SIZE, 3)
    for field in (made.place, made.change.flow, made.change.shift):
        np.testing.assert_allclose(field, np.zeros(field.shape), atol=1e-6)


def test_each_label_brings_its_own_maps_as_strong_as_it_is(params, generate):
    made = generate(params, jnp.array([[1.0, 0.0], [0.5, 2.0]])).change.flow
    maps = params["atlas"]["flow"]
    np.testing.assert_allclose(made[0], maps[0], atol=1e-6)
    np.testing.assert_allclose(made[1], 0.5 * maps[0] + 2.0 * maps[1], atol=1e-6)


def test_it_is_laid_where_the_face_is(params, generate):
    one_pixel = 1 / SIZE
    here, there = (generate(placed(params, offset), jnp.eye(2)).change.flow for offset in (0.0, one_pixel))
    np.testing.assert_allclose(there[:, :, :-1], here[:, :, 1:], atol=1e-6)


def test_what_a_photo_shows_already_is_taken_off_the_label(params, generate):
    atlas = params["atlas"]
    smiling = params | {"atlas": atlas | {"shown": atlas["shown"] | {"bias": jnp.array([1.0, 0.0])}}}
    np.testing.assert_allclose(generate(smiling, jnp.eye(2)).change.flow[0], np.zeros((SIZE, SIZE, 2)), atol=1e-6)


def test_light_multiplies_what_is_seen_on_any_skin(params, generate):
    still = params | {"atlas": params["atlas"] | {"flow": jnp.zeros((2, SIZE, SIZE, 2))}}
    # So flat that a grid of another size shows the same.
    source = jnp.broadcast_to(jnp.array([-0.6, 0.2]).reshape(2, 1, 1, 1), SOURCE.shape)
    label = jnp.array([[1.0, 0.0], [1.0, 0.0]])
    lit = change.apply(generate(still, label, source).change.replace(mask=None, paint=None), source)
    factor = np.exp(change.enlarge(params["atlas"]["light"][:1], SIZE, SIZE))
    np.testing.assert_allclose((lit + 1) / (source + 1), np.broadcast_to(factor, lit.shape), rtol=0.05)


def test_the_decoder_adds_to_it(params, generate):
    flow, shift = (params["decoder"][name] for name in ("flow", "shift"))
    adding = params["decoder"] | {
        "flow": flow | {"bias": jnp.array([0.1, 0.0])},
        "shift": shift | {"bias": jnp.full(shift["bias"].shape, 0.5)},
    }
    alone, both = (generate(one, jnp.eye(2)).change for one in (params, params | {"decoder": adding}))
    right = SMALL.flow_reach * np.tanh(0.1)
    np.testing.assert_allclose(both.flow - alone.flow, np.broadcast_to([right, 0.0], alone.flow.shape), atol=1e-5)
    level = generate(params | {"decoder": adding | {"flow": flow}}, jnp.eye(2)).change
    np.testing.assert_allclose(level.shift - alone.shift, np.full(alone.shift.shape, 0.5), atol=1e-4)


def test_colours_do_not_bend_the_flow(params, generator):
    def shift(flow):
        one = params | {"atlas": params["atlas"] | {"flow": flow}}
        return jnp.square(generator.apply({"params": one}, SOURCE, jnp.eye(2)).change.shift).sum()

    assert not jax.jit(jax.grad(shift))(params["atlas"]["flow"]).any()


def test_relit_photos_are_as_bright_as_asked():
    photo, light = SOURCE[:, :8, :8] * 0.6, jnp.full((2, 8, 8, 1), -0.3)
    lit = change.recolour(photo, change.relit(photo, light))
    np.testing.assert_allclose(lit + 1, (photo + 1) * np.exp(-0.3), rtol=1e-4)
    for edge in (-1.0, 1.0):
        assert np.isfinite(change.relit(jnp.full((1, 2, 2, 3), edge), light[:1, :2, :2])).all()


def test_what_is_painted_is_summed_up_before_its_bounds(params, generate):
    held = {name: smooth(2 * SIZE, channels, 0.05) for name, channels in (("mask", 1), ("paint", 3))}
    plain = generate(params, jnp.eye(2)).change
    made = generate(params | {"atlas": params["atlas"] | held}, jnp.eye(2)).change
    mask, paint = (change.enlarge(field, 2 * SIZE, 2 * SIZE) for field in (plain.mask, plain.paint))

    def logits(share):
        return np.log(share / (1 - share))

    np.testing.assert_allclose(logits(made.mask) - logits(mask), 16 * held["mask"], atol=0.02)
    np.testing.assert_allclose(np.arctanh(made.paint) - np.arctanh(paint), 4 * held["paint"], atol=0.01)
    assert 0 <= made.mask.min() and made.mask.max() <= 1


def test_a_model_that_paints_nothing_has_no_paint_in_its_atlas():
    model = registry.build(Model(image_size=SIZE, width=8, max_width=64, atlas=4, heads=("shift",))).generator
    made = jax.eval_shape(model.init, jax.random.key(0), SOURCE, jnp.eye(2))["params"]["atlas"]
    assert "light" in made and "mask" not in made and "paint" not in made


@pytest.fixture(scope="module")
def carrying():
    """A model that carries its maps along; its parameters are those of one that does not."""
    return registry.build(dataclasses.replace(SMALL, atlas_carried=True)).generator


@pytest.fixture(scope="module")
def carried(params, carrying):
    """Returns a function like `generate`, of the model that carries its maps along."""
    return jax.jit(lambda label, shown=(0.0, 0.0): carrying.apply({"params": showing(params, shown)}, SOURCE, label))


def showing(params, shown):
    """The model, but it reads every photo as showing these labels already."""
    atlas = params["atlas"]
    return params | {"atlas": atlas | {"shown": atlas["shown"] | {"bias": jnp.asarray(shown)}}}


def inside(field):
    """Away from the edges, where nothing is fetched from beyond the picture."""
    return np.asarray(field)[:, 3:-3, 3:-3]


def test_carried_maps_lie_where_the_skin_comes_from(params, carried):
    label = jnp.array([[1.0, 0.0], [0.5, 0.5]])
    flow = carried(label).change.flow
    at_home = jnp.einsum("nl,lhwc->nhwc", label, params["atlas"]["flow"])
    np.testing.assert_allclose(inside(change.move(at_home, flow)), inside(flow), atol=0.03 / SIZE)
    assert np.abs(inside(at_home - flow)).max() > 0.1 / SIZE  # it matters


@pytest.mark.parametrize("below", ["is pressed together", "stays and is covered"])
def test_a_lid_is_found_that_is_stretched_over_an_eye(params, below):
    """Rows 8 to 12 come to lie on rows 8 to 18."""
    side = 2 * SIZE
    fine = registry.build(dataclasses.replace(SMALL, atlas_carried=True, atlas_detail=2)).generator
    row = jnp.arange(side) + 0.5
    goes_to = jnp.interp(row, jnp.array([0.0, 8.0, 12.0, 36.0, 64.0]), jnp.array([0.0, 8.0, 18.0, 36.0, 64.0]))
    if below == "stays and is covered":
        goes_to = jnp.where(row > 12.0, row, goes_to)
    upwards = jnp.broadcast_to((row - goes_to)[None, :, None] / side, (2, side, side))
    held = params["atlas"] | {"flow": jnp.stack([jnp.zeros_like(upwards), upwards], axis=-1)}
    label = jnp.array([[1.0, 0.0]] * 2)
    made = jax.jit(lambda: fine.apply({"params": params | {"atlas": held}}, SOURCE, label).change.flow)()
    assert made.shape == (2, side, side, 2)
    comes_from = row + made[0, :, SIZE, 1] * side
    np.testing.assert_allclose(comes_from[10:16], 8.0 + (row[10:16] - 8.0) / 2.5, atol=0.1)
    np.testing.assert_allclose(comes_from[40:], jnp.interp(row[40:], goes_to, row), atol=0.1)


def test_carried_light_stays_on_its_skin(params, carried):
    made = carried(jnp.eye(2)).change
    large = change.enlarge(made.flow, 2 * SIZE, 2 * SIZE)
    photo = change.move(change.enlarge(SOURCE, 2 * SIZE, 2 * SIZE), large)
    expected = change.relit(photo, change.move(params["atlas"]["light"], large))
    np.testing.assert_allclose(inside(made.shift), inside(expected), atol=0.01)


def test_a_shown_expression_is_undone_the_way_it_came(carried):
    there = carried(jnp.array([[1.0, 0.0], [0.0, 1.0]])).change.flow[:1]
    back = carried(jnp.zeros((2, 2)), (1.0, 0.0)).change.flow[:1]
    both = back + change.move(there, back)  # from the neutral face to the picture, and from there to the neutral face
    np.testing.assert_allclose(inside(both), np.zeros_like(inside(both)), atol=0.1 / SIZE)
    assert np.abs(back).max() > 0.5 / SIZE


def test_what_is_shown_already_changes_nothing_and_is_not_painted_over(params, generator, carrying):
    held = params["atlas"] | {"mask": smooth(2 * SIZE, 1, 0.05), "paint": smooth(2 * SIZE, 3, 0.05)}
    made = {
        shown: carrying.apply({"params": showing(params | {"atlas": held}, shown)}, SOURCE, jnp.eye(2)).change
        for shown in ((1.0, 0.0), (2.0, 0.0))
    }
    nothing = generator.apply({"params": showing(params, (1.0, 0.0))}, SOURCE, jnp.eye(2)).change
    for field in ("flow", "shift", "mask", "paint"):
        first, plain = (getattr(one, field)[0] for one in (made[1.0, 0.0], nothing))
        side = first.shape[0]
        np.testing.assert_allclose(first, change.enlarge(plain[None], side, side)[0], atol=1e-5)
    # Less of it than is shown: the skin goes back, and there is nothing to paint.
    assert np.abs(made[2.0, 0.0].flow[0]).max() > 0.5 / SIZE
    np.testing.assert_allclose(made[2.0, 0.0].mask[0], made[1.0, 0.0].mask[0], atol=1e-6)


@pytest.fixture(scope="module")
def painting(params):
    """The model with something to paint."""
    held = {"mask": smooth(2 * SIZE, 1, 0.05), "paint": smooth(2 * SIZE, 3, 0.1)}
    return params | {"atlas": params["atlas"] | held}


@pytest.fixture(scope="module")
def stilled():
    """A model that carries its maps along but for the colours it paints."""
    return registry.build(dataclasses.replace(SMALL, atlas_carried=True, atlas_still=True)).generator


@pytest.fixture(scope="module")
def still(painting, stilled):
    """Returns a function like `generate`, of that model."""
    return jax.jit(lambda label: stilled.apply({"params": painting}, SOURCE, label).change)


def test_still_colours_stay_where_they_are_and_are_the_same_at_any_amount(still, painting, generate, params):
    both, third = (still(jnp.full((2, 2), amount)) for amount in (1.0, 1 / 3))
    bare = change.enlarge(generate(params, jnp.full((2, 2), 1.0)).change.paint, 2 * SIZE, 2 * SIZE)
    mean = np.broadcast_to(painting["atlas"]["paint"].mean(axis=0), bare.shape)
    for made in (both, third):
        np.testing.assert_allclose(np.arctanh(made.paint) - np.arctanh(bare), 4 * mean, atol=0.01)
    # The mask opens and moves with the skin.
    assert np.abs(both.mask - third.mask).max() > 0.05 and np.abs(both.flow - third.flow).max() > 0.5 / SIZE


def test_nothing_asked_for_has_no_still_colour(still):
    assert np.isfinite(still(jnp.zeros((2, 2))).paint).all()


def test_an_open_mouth_keeps_its_own_teeth(stilled, painting):
    motionless = painting | {"atlas": painting["atlas"] | {"flow": jnp.zeros((2, SIZE, SIZE, 2))}}
    first = jnp.array([[1.0, 0.0]] * 2)

    @jax.jit
    def mask(shown):
        share = stilled.apply({"params": showing(motionless, shown)}, SOURCE, first).change.mask
        return jnp.log(share / (1 - share))

    less = mask(jnp.array([0.0, 0.3])) - mask(jnp.zeros(2))
    opens = np.maximum(painting["atlas"]["mask"][1], 0.0)
    np.testing.assert_allclose(less, np.broadcast_to(-16 * 0.3 * opens, less.shape), atol=1e-3)
    assert 0.2 < (opens > 0).mean() < 0.8


def test_a_slit_opens_as_far_as_the_lips_part(painting, still):
    """The mask of the slit's model moves with the skin point by point; colours and flow are the still model's."""
    label = jnp.array([[1.0, 0.0], [0.0, 0.6]])
    slit = registry.build(dataclasses.replace(SMALL, atlas_carried=True, atlas_still=True, atlas_slit=True)).generator
    made = jax.jit(lambda: slit.apply({"params": painting}, SOURCE, label).change)()
    closed = painting | {"atlas": painting["atlas"] | {"mask": jnp.zeros((2, 2 * SIZE, 2 * SIZE, 1))}}
    bare = jax.jit(lambda: slit.apply({"params": closed}, SOURCE, label).change.mask)()

    def logits(share):
        return np.log(share / (1 - share))

    held = jnp.einsum("nl,lhwc->nhwc", label, painting["atlas"]["mask"])
    carried = change.move(held, change.enlarge(made.flow, 2 * SIZE, 2 * SIZE))
    np.testing.assert_allclose(inside(logits(made.mask) - logits(bare)), inside(16 * carried), atol=0.02)
    shown = showing(painting, (0.0, 0.3))
    opened = jax.jit(lambda: slit.apply({"params": shown}, SOURCE, label[:1].repeat(2, axis=0)).change.mask)()
    np.testing.assert_allclose(opened[0], made.mask[0], atol=1e-5)  # another label's slit is not taken off
    others = still(label)
    assert np.abs(inside(logits(made.mask) - logits(others.mask))).max() > 0.03
    for field in ("flow", "paint"):
        np.testing.assert_allclose(getattr(made, field), getattr(others, field), atol=1e-5)


@pytest.fixture(scope="module")
def parted():
    """A model whose lips part along a line."""
    model = dataclasses.replace(SMALL, atlas_carried=True, atlas_still=True, atlas_slit=True, atlas_parted=True)
    return registry.build(model).generator


@pytest.fixture(scope="module")
def parting(painting, parted):
    """`painting` with what parted lips need besides."""
    made = jax.jit(parted.init)(jax.random.key(0), SOURCE, jnp.eye(2))["params"]["atlas"]
    return painting | {"atlas": made | painting["atlas"]}


def test_parted_lips_have_no_flow_of_their_own_where_they_are_hidden(parting, parted):
    rows, columns = slice(22, 24), slice(12, 20)  # what lies between the lips of the mean face, inside the mouth
    even = parting["atlas"]["flow"]
    ragged = even.at[:, rows, columns].add(RANDOM.normal(0.0, 0.05, (2, 2, 8, 2)))
    plain = registry.build(dataclasses.replace(SMALL, atlas_carried=True, atlas_still=True, atlas_slit=True)).generator

    def flow(model, held):
        given = parting | {"atlas": parting["atlas"] | {"flow": held}}
        return jax.jit(model.apply)({"params": given}, SOURCE, jnp.eye(2)).change.flow

    np.testing.assert_allclose(flow(parted, ragged), flow(parted, even), atol=1e-6)
    assert np.abs(flow(plain, ragged) - flow(plain, even)).max() > 0.03
    cheek = even.at[:, rows, 6].add(0.03)  # where there is nothing to part
    assert np.abs(flow(parted, cheek) - flow(parted, even)).max() > 0.003


def test_flows_at_the_lips_have_no_detail_across_the_face(parting, parted):
    stripes = jnp.array([0.03, -0.03] * (SIZE // 2))[None, None, :, None]
    held = jnp.broadcast_to(stripes * jnp.array([0.0, 1.0]), (2, SIZE, SIZE, 2))
    apply = jax.jit(lambda atlas: parted.apply({"params": parting | {"atlas": atlas}}, SOURCE, jnp.eye(2)).change.flow)
    made, plain = (apply(parting["atlas"] | {"flow": flow}) for flow in (held, jnp.zeros_like(held)))
    at_lips, brows = 23, 10
    assert np.abs(made[:, at_lips, 8:24] - plain[:, at_lips, 8:24]).max() < 1e-6
    assert np.abs(made[:, brows, 8:24, 1]).min() > 0.01


def test_lips_that_a_photo_shows_apart_are_closed_where_another_label_is_asked_for(parting, parted):
    lower_lip, middle = lips.SHAPES, SIZE // 2
    farther = parting["atlas"]["farther"]
    smile = 0.001 * lips.parting(SIZE)[[0, lower_lip]].sum(axis=0)  # a label that moves lips, a little
    still = {"flow": jnp.stack([smile, jnp.zeros_like(smile)]), "turned": jnp.zeros((2, 2 * lips.SHAPES))}
    smiling = showing(parting, (1.0, 0.0))["atlas"] | still
    open_mouth = smiling | {"farther": farther | {"bias": farther["bias"].at[lower_lip].set(0.4)}}  # a tenth of a side

    def made(atlas, label):
        photos = jnp.broadcast_to(jnp.array(label), (2, 2))
        return jax.jit(parted.apply)({"params": parting | {"atlas": atlas}}, SOURCE, photos).change

    upper, lower = 22, 23  # rows of the flow
    for share, label in ((0.0, (1.0, 0.0)), (0.5, (0.5, 0.5)), (1.0, (0.0, 1.0))):
        moved = (made(open_mouth, label).flow - made(smiling, label).flow)[0, :, middle, 1]
        near, pressed = 0.917, 1.3 / 256  # the row is a quarter of a point off the line; the smile was pressed already
        assert moved[lower] == pytest.approx(near * share * (0.1 + pressed), abs=0.002)
        assert moved[upper] == pytest.approx(-near * share * pressed, abs=0.002)
    seam = 2 * np.arange(upper, lower + 1) + 1  # rows of the mask
    assert np.asarray(made(open_mouth, (0.0, 1.0)).mask)[0, seam, 2 * middle].min() > 0.8
    assert np.asarray(made(smiling, (0.0, 1.0)).mask)[0, seam, 2 * middle].max() < 0.05
    neutral = showing(parting, (0.0, 0.0))["atlas"] | still | {"farther": open_mouth["farther"]}
    np.testing.assert_allclose(made(neutral, (0.0, 1.0)).flow, 0.0, atol=1e-6)  # nothing is known to be undone
