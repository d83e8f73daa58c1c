"""The training step as a Flax user writes it: jax.jit, and jax.value_and_grad once per network."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks import inputs
from benchmarks.peers import flax_networks
from benchmarks.peers.ours import describe  # noqa: F401  (the same library, so the same words)
from benchmarks.settings import Settings
from cdaae_jax import images
from cdaae_jax.config import Config


def make_step(config: Config):
    """Returns the jitted (state, batch, prior) -> (state, losses), which consumes the state, and what makes a state."""
    generator, image_discriminator, latent_discriminator = flax_networks.build(config.model)
    optim, weights = config.optim, config.loss
    adam = optax.chain(
        optax.clip_by_global_norm(optim.clip_norm), optax.adam(optim.learning_rate, b1=optim.beta1, b2=optim.beta2)
    )

    def judge(network, params, stats, *samples):
        variables = {"params": params, "batch_stats": stats}
        logits, updated = network.apply(variables, *samples, train=True, mutable=["batch_stats"])
        return *jnp.split(logits, 2), updated["batch_stats"]

    def step(state, batch, prior):
        params, stats, label = state["params"], state["batch_stats"], batch["label"]
        source, target = images.to_network(batch["source"]), images.to_network(batch["target"])
        labels = jnp.concatenate([label, label])

        def generator_loss(own):
            generated = generator.apply({"params": own}, source, label)
            error = generated.image - target
            reconstruction = (error * jnp.sign(error)).mean()  # slope 0 at 0, as in PyTorch
            pictures = jnp.concatenate([target, generated.image])
            name = "image_discriminator"
            _, fake_image, _ = judge(image_discriminator, params[name], stats[name], pictures, labels)
            name, latents = "latent_discriminator", jnp.concatenate([prior, generated.latent])
            _, fake_latent, _ = judge(latent_discriminator, params[name], stats[name], latents)
            loss = reconstruction + weights.image_weight * jax.nn.softplus(-fake_image).mean()
            return loss + weights.latent_weight * jax.nn.softplus(-fake_latent).mean(), (generated, reconstruction)

        def discriminator_loss(own, network, name, *samples):
            real, fake, updated = judge(network, own, stats[name], *samples)
            return (jax.nn.softplus(-real).mean() + jax.nn.softplus(fake).mean()) / 2, updated

        losses, gradients, new_stats = {}, {}, {}
        (losses["generator"], (generated, losses["reconstruction"])), gradients["generator"] = jax.value_and_grad(
            generator_loss, has_aux=True
        )(params["generator"])
        played = {
            "image_discriminator": (image_discriminator, jnp.concatenate([target, generated.image]), labels),
            "latent_discriminator": (latent_discriminator, jnp.concatenate([prior, generated.latent])),
        }
        for name, (network, *samples) in played.items():
            (losses[f"{name}/loss"], new_stats[name]), gradients[name] = jax.value_and_grad(
                discriminator_loss, has_aux=True
            )(params[name], network, name, *samples)
        new_params, opt_state = {}, {}
        for name in params:
            updates, opt_state[name] = adam.update(gradients[name], state["opt_state"][name])
            new_params[name] = optax.apply_updates(params[name], updates)
        decay = jnp.minimum(optim.ema_decay, (1.0 + state["step"]) / (10.0 + state["step"]))
        ema = optax.incremental_update(new_params["generator"], state["ema"], 1.0 - decay)
        return {
            "step": state["step"] + 1,
            "params": new_params,
            "batch_stats": new_stats,
            "opt_state": opt_state,
            "ema": ema,
        }, losses

    def create(params, batch_stats):
        return {
            "step": jnp.zeros((), jnp.int32),
            "params": jax.tree.map(jnp.asarray, params),
            "batch_stats": jax.tree.map(jnp.asarray, batch_stats),
            "opt_state": {name: adam.init(own) for name, own in params.items()},
            "ema": jax.tree.map(jnp.array, params["generator"]),
        }

    return jax.jit(step, donate_argnums=0), create


class TrainStep:
    """The step on the first device, from host arrays to updated parameters."""

    def __init__(self, settings: Settings, weights: inputs.Tree):
        config = settings.config()
        self._step, create = make_step(config)
        self.state = create(weights["params"], weights["batch_stats"])
        self._batch, self._prior = inputs.make_batch(settings), weights["prior"]
        self._random = np.random.default_rng(0)

    def __call__(self) -> None:
        """Takes one step and waits for it."""
        self.state, self._losses = jax.block_until_ready(self._step(self.state, self._batch, self._prior))
        self._prior = self._random.uniform(-1.0, 1.0, self._prior.shape).astype(np.float32)

    def check(self) -> dict[str, float]:
        """Returns the losses that the last step began with."""
        return {name: float(value) for name, value in self._losses.items()}


class Sampling:
    """The generator from uint8 to uint8 pictures."""

    def __init__(self, settings: Settings, weights: inputs.Tree):
        generator = flax_networks.build(settings.config().model).generator

        @jax.jit
        def edit(params, pictures, labels):
            return images.to_uint8(generator.apply({"params": params}, images.to_network(pictures), labels).image)

        self._edit, self._params = edit, jax.device_put(weights["params"]["generator"])
        self._batch = inputs.make_batch(settings)

    def __call__(self) -> None:
        """Edits the batch and brings the pictures to the host."""
        self.pictures = np.asarray(self._edit(self._params, self._batch["source"], self._batch["label"]))

    def check(self) -> dict[str, float]:
        """Returns what tells the pictures from others."""
        return inputs.fingerprint(self.pictures)
