"""What sets each baseline apart, and that all of them train in the same step."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support import picture_of

from cdaae_jax.config import Config, Loss, Model, Optim, Run
from cdaae_jax.errors import UserError
from cdaae_jax.models import registry
from cdaae_jax.models.generators import LATENT_STREAM
from cdaae_jax.state import create_state, make_optimizer
from cdaae_jax.training.step import make_train_step
from cdaae_jax.validation import validate

TINY = Model(image_size=32, width=8, max_width=32, latent_size=10, discriminator_width=4, discriminator_dense=8)


@pytest.fixture(scope="module")
def source():
    return jnp.asarray(np.random.default_rng(0).uniform(-0.9, 0.9, (2, 32, 32, 3)), jnp.float32)


def tiny(name, source, **changes):
    generator = registry.build(dataclasses.replace(TINY, name=name, **changes)).generator
    variables = jax.jit(generator.init)(jax.random.key(0), source, jnp.eye(2))
    return generator, variables


def zeroed(variables, *path):
    """The same variables with the last layer of `path` at 0."""

    def replace(keys, leaf):
        names = [key.key for key in keys]
        return jnp.zeros_like(leaf) if names[1 : 1 + len(path)] == list(path) else leaf

    return jax.tree_util.tree_map_with_path(replace, variables)


def test_residual_adds_to_the_photo_itself(source):
    generator, variables = tiny("residual", source)
    np.testing.assert_allclose(picture_of(generator.apply(variables, source, jnp.eye(2)), source), source, atol=1e-5)
    variables["params"]["decoder"]["picture"]["bias"] += 0.5
    brighter = generator.apply(variables, source, jnp.eye(2))
    np.testing.assert_allclose(jnp.arctanh(picture_of(brighter, source)) - jnp.arctanh(source), 0.5, atol=1e-4)
    np.testing.assert_allclose(brighter.differences[0], 0.5, atol=1e-6)


def test_residual_copes_with_full_white_and_black(source):
    generator, variables = tiny("residual", source)
    loss = lambda photo: picture_of(generator.apply(variables, photo, jnp.eye(2)), photo).sum()  # noqa: E731
    assert jnp.isfinite(jax.grad(loss)(jnp.sign(source))).all()


def test_cvae_draws_in_training_and_takes_the_mean_in_sampling(source):
    generator, variables = tiny("cvae", source)
    drawn = [
        generator.apply(variables, source, jnp.eye(2), rngs={LATENT_STREAM: jax.random.key(seed)}) for seed in (1, 2)
    ]
    mean = [generator.apply(variables, source, jnp.eye(2)) for _ in range(2)]
    assert jnp.abs(drawn[0].latent - drawn[1].latent).max() > 0.1
    np.testing.assert_array_equal(mean[0].change.shift, mean[1].change.shift)
    assert mean[0].latent.shape == (2, 10)


def test_cvae_measures_the_divergence_from_a_standard_normal(source):
    generator, variables = tiny("cvae", source)
    variables = zeroed(variables, "encoder", "latent", "kernel")
    bias = jnp.concatenate([jnp.full(10, 0.5), jnp.full(10, jnp.log(4.0))])  # mean 0.5, variance 4
    variables["params"]["encoder"]["latent"]["bias"] = bias
    expected = 10 * (0.25 + 4.0 - 1.0 - np.log(4.0)) / 2
    np.testing.assert_allclose(generator.apply(variables, source, jnp.eye(2)).divergence, expected, rtol=1e-5)


@pytest.mark.parametrize(("name", "seen"), [("unet", True), ("caae", False), ("cvae", False)])
def test_only_unet_sees_more_of_the_photo_than_its_latent(source, name, seen):
    generator, variables = tiny(name, source)
    blind = zeroed(variables, "encoder", "latent")  # every photo has the same latent now
    one, other = picture_of(generator.apply(blind, source, jnp.eye(2)[:1].repeat(2, 0)), source)
    assert (jnp.abs(one - other).max() > 1e-3) == seen


def test_label_at_every_level_reaches_a_layer_past_the_join(source):
    generator, variables = tiny("plain", source, join_levels=(1, 2), label_at_every_level=True)
    variables["params"]["decoder"]["label_0"]["kernel"] += 0.1 * jnp.arange(2.0)[:, None]
    one, other = (generator.apply(variables, source, label) for label in (jnp.eye(2), 1 - jnp.eye(2)))
    assert jnp.abs(picture_of(one, source) - picture_of(other, source)).max() > 1e-4
    assert not any(difference.any() for difference in one.differences.values())  # these start at exactly 0


# The default takes four times as long as the others; the quickstart and the tour train it, too.
@pytest.mark.parametrize("name", [pytest.param("cdaae", marks=pytest.mark.slow), "plain", "cvae", "residual", "unet"])
def test_each_baseline_learns_a_pair_by_heart(name, source):
    config = Config(
        model=dataclasses.replace(TINY, name=name),
        loss=Loss(image_weight=0.0, latent_weight=0.0, warmup_steps=0),
        optim=Optim(learning_rate=3e-3, warmup_steps=0),
        run=Run(steps=60, batch_size=2),
    )
    validate(config)
    networks, optimizer = registry.build(config.model, "device"), make_optimizer(config.optim, config.run.steps)
    state = create_state(networks, optimizer, config.model, label_size=2, seed=0)
    pictures = np.asarray((source + 1) * 127.5, np.uint8)
    batch = {"source": pictures, "target": pictures[:, ::-1], "label": np.eye(2, dtype=np.float32)}
    mapped = jax.vmap(make_train_step(networks, optimizer, config, "device"), (None, 0), axis_name="device")
    step = jax.jit(lambda state, batch: jax.tree.map(lambda leaf: leaf[0], mapped(state, batch)))
    batch = jax.tree.map(lambda leaf: leaf[None], batch)
    history = []
    for _ in range(config.run.steps):
        state, metrics = step(state, batch)
        history.append(float(metrics["reconstruction"]))
    assert history[-1] < 0.8 * history[0]
    assert ("divergence" in metrics) == (name == "cvae")


def test_cvae_with_a_latent_critic_is_refused():
    with pytest.raises(UserError, match=r"config\.loss\.latent_weight is 0\.01; allowed: 0 with model\.name='cvae'"):
        validate(Config(model=Model(name="cvae")))
