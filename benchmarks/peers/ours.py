"""This project's step and sampling, called as `cdaae_jax.train` and `cdaae_jax.sampling` call them."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import inputs
from benchmarks.settings import NUM_LABELS, Settings
from cdaae_jax import images, parallel
from cdaae_jax.config import Config
from cdaae_jax.models import change, registry
from cdaae_jax.state import TrainState, create_state, make_optimizer
from cdaae_jax.training.step import make_train_step, stream


def make_weights(settings: Settings) -> inputs.Tree:
    """Returns what all peers start from: "params", "batch_stats", and the "prior" samples of our first step."""
    config = settings.config()
    networks = registry.build(config.model)
    optimizer = make_optimizer(config.optim, 1)
    shapes = jax.eval_shape(lambda: create_state(networks, optimizer, config.model, NUM_LABELS, 0))
    prior = draw_prior(config.run.seed, 0, (settings.batch_size, config.model.latent_size))
    return inputs.make_weights({"params": shapes.params, "batch_stats": shapes.batch_stats}) | {"prior": prior}


def draw_prior(seed: int, step: int, shape: tuple[int, int]) -> np.ndarray:
    """Returns the samples that our step on one device draws for the latent discriminator."""
    keys = jax.vmap(jax.random.fold_in, (None, 0))(stream(seed, "prior", jnp.int32(step)), jnp.arange(shape[0]))
    return np.array(jax.vmap(lambda key: jax.random.uniform(key, shape[1:], minval=-1.0, maxval=1.0))(keys))


def choose_devices(batch_size: int, num_devices: int = 0) -> list[jax.Device]:
    """Returns the first `num_devices` devices; for 0 all of them if the batch divides by them, else one."""
    everyone = jax.local_devices()
    return everyone[: num_devices or (1 if batch_size % len(everyone) else len(everyone))]


def make_step(config: Config, weights: inputs.Tree) -> tuple[Callable, TrainState]:
    """Returns the step of one device and the state before it, numpy arrays."""
    optimizer = make_optimizer(config.optim, config.run.steps)
    state = TrainState(
        step=np.zeros((), np.int32),
        params=weights["params"],
        batch_stats=weights["batch_stats"],
        opt_state={name: optimizer.init(params) for name, params in weights["params"].items()},
        ema=jax.tree.map(np.copy, weights["params"]["generator"]),
    )
    return make_train_step(registry.build(config.model, parallel.AXIS), optimizer, config, parallel.AXIS), state


class TrainStep:
    """The mapped step from host arrays to updated parameters.

    Attributes:
      mapped: the step as `parallel.map_step` returns it.
      devices: what it runs on.
      host_batch: what it is called with.
      state: the last state.
    """

    def __init__(self, settings: Settings, weights: inputs.Tree, num_devices: int = 0):
        """`num_devices` is as in `choose_devices`."""
        step, state = make_step(settings.config(), weights)
        self.devices = choose_devices(settings.batch_size, num_devices)
        self.mapped = parallel.map_step(step, self.devices)
        self.host_batch = inputs.make_batch(settings)
        self.state = parallel.replicate(state, self.devices)

    def __call__(self) -> None:
        """Takes one step and waits for it."""
        self.step(parallel.shard(self.host_batch, self.devices))

    def step(self, batch: dict[str, jax.Array]) -> None:
        """Takes one step on a batch that is already on the devices, and waits for it."""
        self.dispatch(batch)
        jax.block_until_ready((self.state, self._metrics))

    def dispatch(self, batch: dict[str, jax.Array]) -> None:
        """Starts one step on a batch that is already on the devices."""
        self.state, self._metrics = self.mapped(self.state, batch)

    def check(self) -> dict[str, float]:
        """Returns the losses that the last step began with."""
        return {name: float(value) for name, value in self._metrics.items()}


class Sampling:
    """The generator from uint8 to uint8 pictures, on the first device, as `cdaae_jax.Sampler` runs it."""

    def __init__(self, settings: Settings, weights: inputs.Tree):
        generator = registry.build(settings.config().model).generator

        @jax.jit
        def edit(params, pictures, labels):
            photos = images.to_network(pictures)
            generated = generator.apply({"params": params}, change.shrink(photos, settings.image_size), labels)
            return images.to_uint8(change.apply(generated.change, photos, sharp=True))

        self._edit = edit
        self._params = jax.device_put(weights["params"]["generator"])
        self._batch = inputs.make_batch(settings)

    def __call__(self) -> None:
        """Edits the batch and brings the pictures to the host."""
        self.pictures = np.asarray(self._edit(self._params, self._batch["source"], self._batch["label"]))

    def check(self) -> dict[str, float]:
        """Returns what tells the pictures from others."""
        return inputs.fingerprint(self.pictures)


def describe() -> dict[str, str]:
    """Returns versions and device."""
    device = jax.devices()[0]
    return {"jax": jax.__version__, "platform": device.platform, "device": device.device_kind}
