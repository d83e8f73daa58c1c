"""Shapes, sizes and the feedforward path of the networks; shapes come from eval_shape, which costs nothing."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support import picture_of

from cdaae_jax.config import Model, Optim, paper
from cdaae_jax.errors import UserError
from cdaae_jax.models import registry
from cdaae_jax.models.encoder import num_levels
from cdaae_jax.state import create_state, make_optimizer

TINY = Model(
    name="plain",
    image_size=32,
    width=4,
    latent_size=6,
    join_levels=(1,),
    label_at_every_level=False,
    discriminator_width=4,
    discriminator_dense=8,
)


def shapes_of(model: Model, label_size: int = 3):
    networks = registry.build(model)
    return jax.eval_shape(lambda: create_state(networks, make_optimizer(Optim(), 1), model, label_size, 0))


def millions(tree) -> float:
    return sum(leaf.size for leaf in jax.tree.leaves(tree)) / 1e6


def test_parameter_counts_of_the_caae_preset():
    # CAAE has 18.23 M, 19.95 M and 8.68 M with 10 age labels tiled to 50 and 2 gender labels tiled to 50, so 150 inputs
    # of the decoder and 12 label maps. Our one label of 10, tiled to 50, means 50 * 16,384 fewer in the dense layer.
    state = shapes_of(dataclasses.replace(paper(), name="caae"), label_size=10)
    generator = state.params["generator"]
    assert millions(generator["encoder"]) == pytest.approx(18.23, abs=0.01)
    assert millions(generator["decoder"]) == pytest.approx(19.95 - 50 * 16_384 / 1e6, abs=0.03)
    assert millions(state.params["image_discriminator"]) == pytest.approx(8.68, abs=0.02)


@pytest.mark.parametrize("image_size", [32, 64, 128, 256])
@pytest.mark.parametrize("join_levels", [(), (0,), (1,), (2,), (3,), (0, 1, 2, 3)])
@pytest.mark.parametrize("upsampling", ["deconv", "resize"])
def test_every_size_and_join_gives_a_picture_of_the_same_size(image_size, join_levels, upsampling):
    model = Model(
        name="plain", image_size=image_size, width=8, max_width=64, join_levels=join_levels, upsampling=upsampling
    )
    if max(join_levels, default=0) >= num_levels(image_size):
        with pytest.raises(UserError, match=r"config\.model\.join_levels is \((0, 1, 2, )?3,?\)"):
            registry.build(model)
        return
    generator = registry.build(model).generator
    source, label = jnp.zeros((2, image_size, image_size, 3)), jnp.zeros((2, 5))
    generated = jax.eval_shape(lambda: generator.init_with_output(jax.random.key(0), source, label)[0])
    shift = generated.change.shift
    assert shift.shape == source.shape and shift.dtype == jnp.float32
    assert generated.latent.shape == (2, 50)
    assert sorted(generated.differences) == list(join_levels)
    for level, difference in generated.differences.items():
        side = image_size // 2**level
        num_channels = min(8 * 2 ** (level - 1), 64) if level else 3
        assert difference.shape == (2, side, side, num_channels)


def test_the_difference_starts_at_zero_so_that_the_label_has_no_say_yet(tiny_generator):
    generator, variables, source = tiny_generator
    one, other = (generator.apply(variables, source, label) for label in (jnp.eye(2), 1 - jnp.eye(2)))
    assert not any(difference.any() for difference in one.differences.values())
    picture = picture_of(one, source)
    np.testing.assert_array_equal(picture, picture_of(other, source))
    assert np.abs(picture[0] - picture[1]).max() > 1e-3  # but the two people differ: that is the feedforward path


def test_a_difference_changes_the_picture(tiny_generator):
    generator, variables, source = tiny_generator
    random = np.random.default_rng(0)
    variables = jax.tree.map(lambda leaf: leaf + 0.05 * random.normal(size=leaf.shape), variables)
    one, other = (generator.apply(variables, source, label) for label in (jnp.eye(2), 1 - jnp.eye(2)))
    assert np.abs(one.differences[1] - other.differences[1]).max() > 1e-3
    assert np.abs(picture_of(one, source) - picture_of(other, source)).max() > 1e-4


def test_caae_is_the_same_network_without_the_path(tiny_model):
    with_path, without = shapes_of(tiny_model), shapes_of(dataclasses.replace(tiny_model, name="caae"))
    assert jax.tree.map(jnp.shape, with_path.params) == jax.tree.map(jnp.shape, without.params)
    generator = registry.build(dataclasses.replace(tiny_model, name="caae")).generator
    generated = jax.eval_shape(
        lambda: generator.init_with_output(jax.random.key(0), jnp.zeros((1, 32, 32, 3)), jnp.zeros((1, 2)))[0]
    )
    assert generated.differences == {}


def test_bfloat16_computes_low_and_keeps_float32_outside(tiny_model):
    model = dataclasses.replace(tiny_model, dtype="bfloat16")
    assert {leaf.dtype for leaf in jax.tree.leaves(shapes_of(model).params)} == {jnp.dtype("float32")}
    networks = registry.build(model)
    source, label = jnp.zeros((2, 32, 32, 3)), jnp.eye(2)
    generated = jax.eval_shape(lambda: networks.generator.init_with_output(jax.random.key(0), source, label)[0])
    assert (generated.change.shift.dtype, generated.latent.dtype) == (jnp.float32, jnp.float32)
    assert generated.differences[1].dtype == jnp.bfloat16
    logits = jax.eval_shape(
        lambda: networks.image_discriminator.init_with_output(jax.random.key(0), source, label, train=True)[0]
    )
    assert logits.dtype == jnp.float32 and logits.shape == (2,)


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_discriminator_normalisation_is_a_choice(tiny_model, norm):
    state = shapes_of(dataclasses.replace(tiny_model, discriminator_norm=norm))
    assert bool(jax.tree.leaves(state.batch_stats)) == (norm == "batch")
    assert any("norm" in name for name in state.params["image_discriminator"]) == (norm != "none")


def test_the_image_discriminator_sees_the_label(tiny_model):
    critic = registry.build(dataclasses.replace(tiny_model, discriminator_norm="none")).image_discriminator
    image = jnp.ones((1, 32, 32, 3))
    one = jnp.array([[1.0, 0.0]])
    variables = jax.jit(lambda key: critic.init(key, image, one, train=False))(jax.random.key(0, impl="rbg"))
    logits = critic.apply(variables, image, one, train=False)
    assert not np.allclose(logits, critic.apply(variables, image, jnp.array([[0.0, 1.0]]), train=False))


@pytest.mark.parametrize(("repeats", "inputs"), [(0, 6 + 6), (1, 6 + 3), (4, 6 + 12)])
def test_the_label_is_tiled(tiny_model, repeats, inputs):
    state = shapes_of(dataclasses.replace(tiny_model, label_repeats=repeats), label_size=3)
    assert state.params["generator"]["decoder"]["dense"]["kernel"].shape[0] == inputs


def test_standardised_latents_do_not_saturate(tiny_generator):
    _, variables, source = tiny_generator
    # Huge weights, as a run that goes too fast grows them.
    variables = jax.tree.map(lambda leaf: leaf, variables)
    variables["params"]["encoder"]["latent"]["kernel"] *= 1_000.0
    for latent_norm in (True, False):
        generator = registry.build(dataclasses.replace(TINY, latent_norm=latent_norm)).generator
        latent = generator.apply(variables, source, jnp.eye(2)).latent
        assert bool((jnp.abs(latent) > 0.99).mean() > 0.5) != latent_norm


def test_an_unknown_model_is_refused_with_the_nearest_name():
    with pytest.raises(UserError, match=r"unknown model 'cdae'; known: cdaae, caae"):
        registry.build(Model(name="cdae"))


@pytest.fixture
def tiny_model() -> Model:
    return TINY


@pytest.fixture(scope="module")
def tiny_generator():
    generator = registry.build(TINY).generator
    source = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)), jnp.float32)
    return generator, jax.jit(generator.init)(jax.random.key(0, impl="rbg"), source, jnp.eye(2)), source


@pytest.mark.parametrize("heads", [(), ("flow",), ("shift",), ("paint",), ("flow", "shift", "paint")])
@pytest.mark.parametrize("image_size", [32, 64])
def test_a_change_has_the_parts_that_are_asked_for(image_size, heads):
    generator = registry.build(Model(image_size=image_size, width=8, max_width=64, heads=heads)).generator
    source, label = jnp.zeros((2, image_size, image_size, 3)), jnp.zeros((2, 5))
    generated = jax.eval_shape(lambda: generator.init_with_output(jax.random.key(0), source, label)[0])
    sizes = {"flow": (image_size // 2, 2), "shift": (image_size, 3), "mask": (image_size, 1), "paint": (image_size, 3)}
    asked = {*heads} | ({"mask"} if "paint" in heads else set())
    for name, (side, channels) in sizes.items():
        field = getattr(generated.change, name)
        assert (field is not None) == (name in asked)
        assert field is None or (field.shape, field.dtype) == ((2, side, side, channels), jnp.float32)
    assert sorted(generated.differences) == [1, 2]


def test_paint_can_be_finer_than_what_the_network_sees():
    generator = registry.build(Model(image_size=32, width=8, max_width=64, paint_detail=2)).generator
    source, label = jnp.zeros((2, 32, 32, 3)), jnp.zeros((2, 5))
    change = jax.eval_shape(lambda: generator.init_with_output(jax.random.key(0), source, label)[0]).change
    assert (change.mask.shape, change.paint.shape) == ((2, 64, 64, 1), (2, 64, 64, 3))
    assert (change.flow.shape, change.shift.shape) == ((2, 16, 16, 2), (2, 32, 32, 3))


def test_the_shift_can_be_finer_than_what_the_network_sees():
    generator = registry.build(Model(image_size=32, width=8, max_width=64, shift_detail=2)).generator
    source, label = jnp.zeros((2, 32, 32, 3)), jnp.zeros((2, 5))
    change = jax.eval_shape(lambda: generator.init_with_output(jax.random.key(0), source, label)[0]).change
    assert (change.shift.shape, change.mask.shape) == ((2, 64, 64, 3), (2, 32, 32, 1))


def test_a_moving_shift_goes_where_the_flow_takes_the_skin_and_does_not_teach_it():
    model = Model(image_size=32, width=8, max_width=64, shift_detail=2, moving_shift=True)
    generator, random = registry.build(model).generator, np.random.default_rng(0)
    source, label = jnp.asarray(random.uniform(-1, 1, (1, 32, 32, 3)), jnp.float32), jnp.eye(2)[:1]
    params = jax.jit(generator.init)(jax.random.key(0), source, label)["params"]
    folds = params["decoder"]["shift"]["kernel"]
    params["decoder"]["shift"]["kernel"] = jnp.asarray(random.normal(size=folds.shape), jnp.float32)

    @jax.jit
    def shift(bias):
        flow = params["decoder"]["flow"] | {"bias": jnp.stack([bias, 0.0])}
        moved = params | {"decoder": params["decoder"] | {"flow": flow}}
        return generator.apply({"params": moved}, source, label).change.shift

    still = shift(jnp.float32(0))
    one_pixel = np.arctanh(1 / 64 / model.flow_reach)
    np.testing.assert_allclose(shift(jnp.float32(one_pixel))[:, :, :-1], still[:, :, 1:], atol=1e-3)
    assert np.abs(still[:, :, 1:] - still[:, :, :-1]).mean() > 0.1
    assert not jax.grad(lambda bias: jnp.square(shift(bias)).sum())(jnp.float32(0.1)).any()


def test_the_flow_can_have_a_grid_of_the_networks_size_and_starts_as_none():
    generator = registry.build(Model(image_size=32, width=8, max_width=64, flow_detail=2)).generator
    source = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)), jnp.float32)
    generated = jax.jit(lambda key: generator.init_with_output(key, source, jnp.eye(2))[0])(jax.random.key(0))
    np.testing.assert_array_equal(generated.change.flow, np.zeros((2, 32, 32, 2)))


def test_without_paint_the_first_change_is_none_at_all():
    generator = registry.build(Model(image_size=32, width=8, max_width=64, heads=("flow", "shift"))).generator
    source = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)), jnp.float32)
    generated = jax.jit(lambda key: generator.init_with_output(key, source, jnp.eye(2))[0])(jax.random.key(0))
    np.testing.assert_array_equal(picture_of(generated, source), source)


@pytest.mark.parametrize("join_levels", [(), (0, 1), (0,)])
def test_joins_that_cannot_carry_a_change_are_refused(join_levels):
    with pytest.raises(UserError, match="config.model.join_levels is .* allowed for model.name='cdaae': 1, 2, 3"):
        registry.build(Model(join_levels=join_levels))
