"""The training state, and the state that a run starts from."""

from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax

from cdaae_jax.config import Model, Optim
from cdaae_jax.models.registry import Networks

Tree = Any
NETWORKS = ("generator", "image_discriminator", "latent_discriminator")


class TrainState(flax.struct.PyTreeNode):
    """Everything that changes from step to step.

    Attributes:
      step: int32, the number of steps taken.
      params: of each network, by its name in `NETWORKS`.
      batch_stats: running statistics of the two discriminators; empty without batch normalisation.
      opt_state: one optax state per network.
      ema: running average of the generator's parameters, what sampling uses.
    """

    step: jax.Array
    params: dict[str, Tree]
    batch_stats: dict[str, Tree]
    opt_state: dict[str, optax.OptState]
    ema: Tree


def make_schedule(optim: Optim, steps: int) -> optax.Schedule:
    """Returns the function from the number of steps already taken to the learning rate, for a run of `steps` steps."""
    rate, rise = optim.learning_rate, optim.warmup_steps
    pieces, ends = [optax.constant_schedule(rate)], []
    if rise:
        pieces, ends = [optax.linear_schedule(0.0, rate, rise), *pieces], [rise]
    if optim.decay_steps:
        pieces, ends = (
            [*pieces, optax.cosine_decay_schedule(rate, optim.decay_steps)],
            [*ends, steps - optim.decay_steps],
        )
    return optax.join_schedules(pieces, ends)


def make_optimizer(optim: Optim, steps: int) -> optax.GradientTransformation:
    """Returns Adam with the schedule of `make_schedule`; each network has its own state of it."""
    return optax.adam(make_schedule(optim, steps), b1=optim.beta1, b2=optim.beta2)


def create_state(
    networks: Networks, optimizer: optax.GradientTransformation, model: Model, label_size: int, seed: int
) -> TrainState:
    """Returns the state before the first step; `jax.eval_shape` of this function gives its shapes at no cost."""
    image = jnp.zeros((1, model.image_size, model.image_size, 3))
    label = jnp.zeros((1, label_size))
    latent = jnp.zeros((1, model.latent_size))
    # The random generator "rbg" compiles three times faster than the default, which saves seconds before the first
    # step.
    keys = jax.random.split(jax.random.key(seed, impl="rbg"), len(NETWORKS))
    variables = {
        "generator": networks.generator.init(keys[0], image, label),
        "image_discriminator": networks.image_discriminator.init(keys[1], image, label, train=True),
        "latent_discriminator": networks.latent_discriminator.init(keys[2], latent, train=True),
    }
    params = {name: variables[name]["params"] for name in NETWORKS}
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=params,
        batch_stats={name: variables[name].get("batch_stats", {}) for name in NETWORKS[1:]},
        opt_state={name: optimizer.init(params[name]) for name in NETWORKS},
        ema=jax.tree.map(jnp.copy, params["generator"]),
    )
