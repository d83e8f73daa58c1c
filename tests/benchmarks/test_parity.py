"""All peers compute the same: networks to 1e-4, and one training step's losses and parameters."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import inputs
from benchmarks.peers import flax_networks, flax_peer, ours
from benchmarks.settings import NUM_LABELS, Settings, reference
from cdaae_jax import images
from cdaae_jax.models import change, registry
from cdaae_jax.state import NETWORKS

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra `bench`")

from benchmarks.peers import carry_over, torch_networks, torch_peer, torch_training  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'", "ignore::DeprecationWarning")
TINY = Settings(batch_size=4, image_size=32, width=4, max_width=16, discriminator_width=4, discriminator_dense=8)
# The model that makes a change, of pictures twice as high and wide as what it sees.
CHANGE = dataclasses.replace(
    reference("cdaae"), batch_size=4, image_size=32, picture_size=64, width=4, max_width=16, discriminator_width=4,
    discriminator_dense=8,
)  # fmt: skip
PLAIN = [
    dataclasses.replace(TINY, kernel_size=kernel, join_levels=joins) for kernel in (4, 5) for joins in ((), (1,), (2,))
]


def name_of(case: Settings) -> str:
    return f"{case.name}-k{case.kernel_size}-joins{''.join(map(str, case.join_levels))}"


each_case = pytest.mark.parametrize("settings", [*PLAIN, CHANGE], ids=name_of)
each_plain_case = pytest.mark.parametrize("settings", PLAIN, ids=name_of)


@functools.cache
def weights_of(settings: Settings) -> inputs.Tree:
    weights = ours.make_weights(settings)
    random = np.random.default_rng(1)
    # Statistics that differ by channel, so that running with them shows a mistake.
    weights["batch_stats"] = jax.tree.map(
        lambda leaf: leaf + random.uniform(0.0, 0.5, leaf.shape).astype(np.float32), weights["batch_stats"]
    )
    return weights


def carried(settings: Settings) -> torch_networks.Networks:
    config, weights = settings.config(), weights_of(settings)
    networks = torch_networks.build(config, NUM_LABELS)
    carry_over.load(networks, config.model, weights["params"], weights["batch_stats"])
    return networks


def close(ours_says, theirs_says, tolerance=1e-4):
    np.testing.assert_allclose(np.asarray(ours_says), np.asarray(theirs_says), rtol=tolerance, atol=tolerance)


@each_case
def test_pytorch_generator_and_discriminators_give_our_outputs(settings):
    model, weights, batch = settings.config().model, weights_of(settings), inputs.make_batch(settings)
    networks, theirs = registry.build(model), carried(settings)
    photos, label = np.asarray(images.to_network(jnp.asarray(batch["source"]))), batch["label"]
    pictures = np.asarray(change.shrink(photos, settings.image_size))
    photos_there, pictures_there = carry_over.to_torch(photos, model), carry_over.to_torch(pictures, model)
    label_there = torch.from_numpy(label)

    mine = networks.generator.apply({"params": weights["params"]["generator"]}, pictures, label)
    for sharp in (False, True):
        with torch.no_grad():
            other = theirs.generator(photos_there, label_there, sharp)
        image = change.apply(mine.change, photos, sharp=sharp)
        close(image, carry_over.from_torch(other.image, model))
        assert float(np.std(image)) > 0.05  # all grey would be equal too
    close(mine.latent, other.latent)
    assert mine.differences.keys() == other.differences.keys() == {*model.join_levels}
    for level, difference in mine.differences.items():
        close(difference, carry_over.from_torch(other.differences[level], model))

    latents = np.array(mine.latent)
    for name, our_inputs, their_inputs in (
        ("image_discriminator", (pictures, label), (pictures_there, label_there)),
        ("latent_discriminator", (latents,), (torch.from_numpy(latents),)),
    ):
        variables = {"params": weights["params"][name], "batch_stats": weights["batch_stats"][name]}
        for train in (False, True):
            logits = getattr(networks, name).apply(variables, *our_inputs, train=train, mutable=["batch_stats"])[0]
            with torch.no_grad():
                close(logits, getattr(theirs, name).train(train)(*their_inputs))


@each_plain_case
def test_plain_flax_networks_have_our_parameters_and_give_our_outputs(settings):
    model, weights, batch = settings.config().model, weights_of(settings), inputs.make_batch(settings)
    pictures, label = images.to_network(jnp.asarray(batch["source"])), batch["label"]
    inputs_of = {
        "generator": (pictures, label),
        "image_discriminator": (pictures, label),
        "latent_discriminator": (weights["prior"],),
    }
    for name in NETWORKS:
        variables = {"params": weights["params"][name], "batch_stats": weights["batch_stats"].get(name, {})}
        options = {} if name == "generator" else {"train": False}
        mine = getattr(registry.build(model), name).apply(variables, *inputs_of[name], **options)
        theirs = getattr(flax_networks.build(model), name).apply(variables, *inputs_of[name], **options)
        if name == "generator":
            mine = flax_networks.Generated(change.apply(mine.change, pictures), mine.latent, mine.differences)
        jax.tree.map(close, mine, theirs)


@pytest.mark.parametrize(
    "settings",
    [pytest.param(TINY, marks=pytest.mark.slow), dataclasses.replace(TINY, kernel_size=5), CHANGE],
    ids=["plain-k4", "plain-k5", "cdaae-k4"],
)
def test_one_training_step_in_pytorch_has_our_losses_and_leads_to_our_parameters(settings):
    config, weights = settings.config(), weights_of(settings)
    our_step, torch_step = ours.TrainStep(settings, weights, num_devices=1), torch_peer.TrainStep(settings, weights)
    same_losses(our_step, torch_step, 4 if config.loss.image_weight else 3)
    # What PyTorch should hold now is what our trees become when they are carried over.
    state, moments, scales = after(our_step)
    training, start = torch_step.training, carried(settings)
    for i, (name, network) in enumerate(training.networks._asdict().items()):
        wanted = {}
        for what, tree in (("moments", moments), ("params", state.params)):
            expected = torch_networks.build(config, NUM_LABELS)
            carry_over.load(expected, config.model, tree, state.batch_stats)
            wanted[what] = [parameter.detach().numpy() for parameter in expected[i].parameters()]
        theirs = [parameter.detach().numpy() for parameter in network.parameters()]
        before = [parameter.detach().numpy() for parameter in start[i].parameters()]
        if name == "image_discriminator" and not config.loss.image_weight:
            for those in (wanted["params"], theirs):
                close_leaves(before, those, 0.0)
            continue
        close_leaves(wanted["moments"], training.first_moments(name), 1e-4 * scales[name])
        agreeing(wanted["params"], theirs, wanted["moments"], 1e-3 * scales[name], settings)
        if name == "generator":
            # The first average is nine tenths of the new parameters.
            average = [0.1 * old + 0.9 * new for old, new in zip(before, theirs, strict=True)]
            close_leaves(average, training.ema, 1e-6)


@pytest.mark.parametrize("kernel_size", [4, pytest.param(5, marks=pytest.mark.slow)])
def test_one_training_step_in_plain_flax_has_our_losses_and_leads_to_our_parameters(kernel_size):
    settings = dataclasses.replace(TINY, kernel_size=kernel_size)
    weights = weights_of(settings)
    our_step, flax_step = ours.TrainStep(settings, weights, num_devices=1), flax_peer.TrainStep(settings, weights)
    same_losses(our_step, flax_step, 4)
    state, moments, scales = after(our_step)
    for name in NETWORKS:
        close_leaves(moments[name], flax_step.state["opt_state"][name][1][0].mu, 1e-4 * scales[name])
        agreeing(state.params[name], flax_step.state["params"][name], moments[name], 1e-3 * scales[name], settings)
    close_leaves(state.batch_stats, flax_step.state["batch_stats"], 1e-5)
    average = jax.tree.map(
        lambda old, new: 0.1 * old + 0.9 * new, weights["params"]["generator"], state.params["generator"]
    )
    close_leaves(average, state.ema, 1e-6)
    close_leaves(state.ema, flax_step.state["ema"], 2.1 * settings.config().optim.learning_rate)


def same_losses(our_step, other, number):
    our_step()
    other()
    mine, theirs = our_step.check(), other.check()
    assert len(theirs) == number
    for name, value in theirs.items():
        assert value == pytest.approx(mine[name], abs=1e-5), name


def after(our_step):
    """Returns our state, the first moments of each network and the largest of them."""
    state = jax.device_get(our_step.state)
    moments = {name: state.opt_state[name][0].mu for name in NETWORKS}
    scales = {name: max(np.abs(leaf).max() for leaf in jax.tree.leaves(moments[name])) for name in NETWORKS}
    return state, moments, scales


def close_leaves(mine, theirs, tolerance):
    for own, other in zip(jax.tree.leaves(mine), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(np.asarray(own), np.asarray(other), rtol=1e-3, atol=tolerance)


def agreeing(mine, theirs, moments, least, settings):
    """Adam's first step is the rate times the gradient's sign: where the gradient is only rounding, no two agree."""
    rate = settings.config().optim.learning_rate
    for own, other, moment in zip(*map(jax.tree.leaves, (mine, theirs, moments)), strict=True):
        difference = np.abs(np.asarray(own) - np.asarray(other))
        assert difference.max() < 2.1 * rate
        assert not (difference[np.abs(moment) > least] > 0.01 * rate).any()


def test_pytorch_skips_nothing_that_the_step_needs():
    step = torch_peer.TrainStep(TINY, weights_of(TINY))
    before = [parameter.detach().clone() for network in step.training.networks for parameter in network.parameters()]
    step()
    after = [parameter for network in step.training.networks for parameter in network.parameters()]
    assert all((old != new).any() for old, new in zip(before, after, strict=True))
    assert isinstance(step.training, torch_training.Training)
