"""The step: its gradients against plain jax.grad, one device against four, and what a weight of zero means."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support import make_batch, make_tiny_config

from cdaae_jax import parallel
from cdaae_jax.config import Loss, Optim
from cdaae_jax.models import registry
from cdaae_jax.state import NETWORKS, create_state, make_optimizer, make_schedule
from cdaae_jax.training.step import average, clip, critic_view, make_gradients_fn, make_losses_fn, make_train_step

AXIS = parallel.AXIS


def build(config):
    networks = registry.build(config.model, AXIS)
    return networks, make_optimizer(config.optim, config.run.steps)


@pytest.fixture(scope="module")
def initial():
    config = make_tiny_config()
    networks, optimizer = build(config)
    state = jax.device_get(jax.jit(lambda: create_state(networks, optimizer, config.model, 3, 0))())
    # The difference starts at zero; a small disturbance makes every gradient say something.
    random = np.random.default_rng(1)
    disturbed = jax.tree.map(lambda p: p + 0.05 * random.normal(size=p.shape).astype(np.float32), state.params)
    return state.replace(params=disturbed)


def gradients_on(num_devices, config, state, batch):
    networks, _ = build(config)
    devices = jax.local_devices()[:num_devices]
    mapped = jax.pmap(
        make_gradients_fn(networks, config, AXIS), AXIS, in_axes=(None, 0), out_axes=None, devices=devices
    )
    split = jax.tree.map(lambda array: array.reshape(num_devices, -1, *array.shape[1:]), batch)
    return jax.device_get(mapped(state, split))


@pytest.fixture(scope="module")
def on_one_device(initial):
    return gradients_on(1, make_tiny_config(), initial, make_batch(8))


def test_four_devices_give_the_gradients_of_one(initial, on_one_device):
    gradients, metrics, stats = on_one_device
    split_gradients, split_metrics, split_stats = gradients_on(4, make_tiny_config(), initial, make_batch(8))
    for network in NETWORKS:
        scale = max(np.abs(leaf).max() for leaf in jax.tree.leaves(gradients[network]))
        assert scale > 1e-6
        close = lambda a, b, scale=scale: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5 * scale)  # noqa: E731
        jax.tree.map(close, split_gradients[network], gradients[network])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), split_metrics, metrics)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), split_stats, stats)


def test_each_pull_back_is_the_gradient_of_its_own_loss_alone(initial, on_one_device):
    config = make_tiny_config()
    networks, _ = build(config)
    losses_fn = make_losses_fn(networks, config, AXIS)
    batch = jax.tree.map(lambda array: array[None], make_batch(8))

    def reference(params, part):
        def own_loss(i, name):
            return lambda mine: losses_fn(params | {name: mine}, initial.batch_stats, initial.step, part)[0][i]

        return {name: jax.grad(own_loss(i, name))(params[name]) for i, name in enumerate(NETWORKS)}

    expected = jax.jit(jax.vmap(reference, (None, 0), axis_name=AXIS))(initial.params, batch)
    expected = jax.tree.map(lambda leaf: leaf[0], expected)
    for name in NETWORKS:
        scale = max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(expected[name]))
        close = lambda a, b, scale=scale: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4 * scale)  # noqa: E731
        jax.tree.map(close, on_one_device[0][name], expected[name])


def test_a_weight_of_zero_is_exactly_no_gradient(initial):
    bare = Loss(image_weight=0.0, latent_weight=0.0, total_variation_weight=0.0, warmup_steps=0)
    gradients, metrics, _ = gradients_on(1, make_tiny_config(loss=bare), initial, make_batch(8))
    assert set(metrics) == {"reconstruction", "generator", "latent_saturated", *(f"difference_{i}" for i in (1, 2))}
    assert metrics["generator"] == metrics["reconstruction"]
    for name in NETWORKS[1:]:
        assert not any(leaf.any() for leaf in jax.tree.leaves(gradients[name]))

    # During the warm-up the generator must not feel the discriminators either, though they already learn.
    warming = Loss(image_weight=0.1, latent_weight=0.1, total_variation_weight=0.0, warmup_steps=5)
    warm_gradients, _, _ = gradients_on(1, make_tiny_config(loss=warming), initial, make_batch(8))
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-7),
        warm_gradients["generator"],
        gradients["generator"],
    )
    for name in NETWORKS[1:]:
        assert any(leaf.any() for leaf in jax.tree.leaves(warm_gradients[name]))
    after = initial.replace(step=np.int32(5))
    felt, _, _ = gradients_on(1, make_tiny_config(loss=warming), after, make_batch(8))
    difference = jax.tree.map(lambda a, b: np.abs(a - b).max(), felt["generator"], gradients["generator"])
    assert max(jax.tree.leaves(difference)) > 1e-6


def test_the_step_measures_gradient_norms_and_its_own_learning_rate(initial):
    config = make_tiny_config(optim=Optim(learning_rate=1e-3, warmup_steps=20))
    networks, optimizer = build(config)
    device = jax.local_devices()[:1]
    after_ten = initial.replace(step=np.int32(10))
    gradients, _, _ = gradients_on(1, config, after_ten, make_batch(8))
    step = parallel.map_step(make_train_step(networks, optimizer, config, AXIS), device)
    _, metrics = step(parallel.replicate(after_ten, device), parallel.shard(make_batch(8), device))
    for network in NETWORKS:
        squares = [np.square(leaf, dtype=np.float64).sum() for leaf in jax.tree.leaves(gradients[network])]
        np.testing.assert_allclose(metrics[f"gradient_norm/{network}"], np.sqrt(sum(squares)), rtol=1e-3)
    np.testing.assert_allclose(metrics["learning_rate"], 5e-4, rtol=1e-6)


def test_the_schedule_rises_stays_and_falls():
    schedule = make_schedule(Optim(learning_rate=0.5, warmup_steps=10, decay_steps=20), 100)
    rates = [float(schedule(step)) for step in (0, 5, 10, 79, 90, 100)]
    np.testing.assert_allclose(rates, [0, 0.25, 0.5, 0.5, 0.25, 0], atol=1e-6)


def test_all_replicas_stay_bit_equal_and_the_step_compiles_once(initial):
    config = make_tiny_config()
    networks, optimizer = build(config)
    devices = jax.local_devices()
    step = parallel.map_step(make_train_step(networks, optimizer, config, AXIS), devices)
    state = parallel.replicate(initial, devices)
    first_params = jax.device_get(initial.params)
    compilations = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: compilations.append(event))
    for i in range(3):
        before = state
        state, metrics = step(state, parallel.shard(make_batch(8, seed=i), devices))
        if i == 0:
            assert any("compile" in event for event in compilations)
            compilations.clear()
    assert not any("compile" in event for event in compilations), "a later step compiled again"
    assert int(state.step) == 3
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(before.params)), "the old state must be donated"
    for leaf in jax.tree.leaves(state):
        copies = [np.asarray(shard.data) for shard in leaf.addressable_shards]
        assert len(copies) == 4
        assert all(np.array_equal(copies[0], copy) for copy in copies)
    for name in NETWORKS:
        moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), jax.device_get(state.params[name]), first_params[name])
        assert max(jax.tree.leaves(moved)) > 1e-4, f"{name} did not learn"
    assert all(np.isfinite(value) for value in metrics.values())


def test_nothing_unreduced_leaves_the_mapped_step(initial):
    """out_axes=None takes an un-averaged value from one device without a word (jax issue 21671); vmap refuses it."""
    config = make_tiny_config()
    networks, optimizer = build(config)
    step = make_train_step(networks, optimizer, config, AXIS)
    batch = jax.tree.map(lambda array: array.reshape(4, 2, *array.shape[1:]), make_batch(8))

    def shapes(function):
        return jax.eval_shape(jax.vmap(function, axis_name=AXIS, in_axes=(None, 0), out_axes=None), initial, batch)

    shapes(step)

    def leaky(state, part):
        state, metrics = step(state, part)
        return state, metrics | {"not_averaged": part["label"].sum()}

    with pytest.raises(ValueError, match="out_axes"):
        shapes(leaky)


def test_the_average_starts_fast_and_ends_slow():
    old, new = {"kernel": jnp.zeros(3)}, {"kernel": jnp.ones(3)}
    np.testing.assert_allclose(average(old, new, 0, 0.999)["kernel"], 0.9, rtol=1e-6)
    np.testing.assert_allclose(average(old, new, 1_000_000, 0.999)["kernel"], 0.001, rtol=1e-3)
    np.testing.assert_array_equal(average(old, new, 50, 0.0)["kernel"], new["kernel"])


def test_a_large_gradient_is_scaled_down_and_a_small_one_left_alone():
    gradient = {"a": jnp.array([3.0]), "b": jnp.array([4.0])}
    clipped = clip(gradient, jnp.asarray(5.0), 1.0)
    np.testing.assert_allclose([clipped["a"][0], clipped["b"][0]], [0.6, 0.8], rtol=1e-6)
    for largest in (10.0, 0.0):
        same = clip(gradient, jnp.asarray(5.0), largest)
        np.testing.assert_array_equal([same["a"][0], same["b"][0]], [3.0, 4.0])
    zero = clip({"a": jnp.zeros(1)}, jnp.asarray(0.0), 1.0)
    np.testing.assert_array_equal(zero["a"], [0.0])


def test_the_critic_sees_the_face_or_the_mouth_as_it_is():
    pictures = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, 128, 128, 3)), jnp.float32)
    np.testing.assert_allclose(critic_view(pictures, 64, "face")[0, 0, 0], pictures[0, :2, :2].mean((0, 1)), rtol=1e-5)
    np.testing.assert_array_equal(critic_view(pictures, 64, "mouth"), pictures[:, 61:125, 32:96])
    # Where pictures are as large as what the critic sees, that is all of them.
    np.testing.assert_array_equal(critic_view(pictures, 128, "mouth"), pictures)
