"""PyTorch's step and sampling, eager or through torch.compile, channels last or first."""

import numpy as np
import torch
import torch._functorch.config

from benchmarks import inputs
from benchmarks.peers import carry_over, torch_losses, torch_networks
from benchmarks.peers.torch_training import Training, to_network, to_uint8
from benchmarks.settings import NUM_LABELS, Settings
from cdaae_jax.config import Model

LAYOUTS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}


def make_networks(settings: Settings, weights: inputs.Tree, device: str, layout: str) -> torch_networks.Networks:
    """Returns the networks with the carried-over weights, in a memory layout of `LAYOUTS`."""
    config = settings.config()
    networks = torch_networks.build(config, NUM_LABELS)
    carry_over.load(networks, config.model, weights["params"], weights["batch_stats"])
    for network in networks:
        network.to(device, memory_format=LAYOUTS[layout])
    return networks


class TrainStep:
    """The step on one device, from uint8 pictures as a loader for PyTorch has them to updated parameters."""

    def __init__(
        self, settings: Settings, weights: inputs.Tree, compiled: str = "nothing", layout: str = "channels_last"
    ):
        """Makes the step; `compiled` is "nothing", "generator" or "all", which adds discriminators and losses."""
        self._device = _device()
        config = settings.config()
        networks = make_networks(settings, weights, self._device, layout)
        called, of_pictures = networks, torch_losses.of_pictures
        if compiled != "nothing":
            # A compiled backward pass is taken whole, and each of two losses needs another part of a discriminator's.
            torch._functorch.config.donated_buffer = False  # else no second gradient through the same graph
            called = called._replace(generator=torch.compile(networks.generator))
        if compiled == "all":
            called = torch_networks.Networks(*map(torch.compile, networks))
            of_pictures = torch.compile(of_pictures)
        self.training = Training(networks, config, called, of_pictures)
        self._batch = _to_torch(inputs.make_batch(settings), config.model, layout)
        self._prior = torch.from_numpy(weights["prior"]).to(self._device)

    def __call__(self) -> None:
        """Takes one step and waits for it."""
        batch = (array.to(self._device) for array in self._batch)
        self._losses = self.training(*batch, self._prior)
        self._prior = None  # was there for the first step to be compared with the other peers'
        _wait(self._device)

    def check(self) -> dict[str, float]:
        """Returns the losses that the last step began with."""
        return {name: float(value) for name, value in self._losses.items()}


class Sampling:
    """The generator from uint8 to uint8 pictures."""

    def __init__(
        self, settings: Settings, weights: inputs.Tree, compiled: str = "nothing", layout: str = "channels_last"
    ):
        self._device = _device()
        self._model = settings.config().model
        generator = make_networks(settings, weights, self._device, layout).generator.eval()
        self._low_precision = settings.dtype == "bfloat16"
        self._generator = generator if compiled == "nothing" else torch.compile(generator)
        source, _, self._label = _to_torch(inputs.make_batch(settings), self._model, layout)
        self._source = source

    @torch.inference_mode()
    def __call__(self) -> None:
        """Edits the batch and brings the pictures to the host."""
        source, label = self._source.to(self._device), self._label.to(self._device)
        with torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._low_precision):
            image = self._generator(to_network(source), label, sharp=True).image
        self._pictures = to_uint8(image).cpu()

    def check(self) -> dict[str, float]:
        """Returns what tells the pictures from others."""
        return inputs.fingerprint(carry_over.from_torch(self._pictures, self._model))


def describe() -> dict[str, str]:
    """Returns versions and device."""
    platform = "gpu" if _device() == "cuda" else "cpu"
    name = torch.cuda.get_device_name() if platform == "gpu" else "cpu"
    return {"torch": torch.__version__, "platform": platform, "device": name, "threads": str(torch.get_num_threads())}


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _to_torch(batch: dict[str, np.ndarray], model: Model, layout: str) -> tuple[torch.Tensor, ...]:
    source, target = (
        carry_over.to_torch(batch[name], model).contiguous(memory_format=LAYOUTS[layout])
        for name in ("source", "target")
    )
    return source, target, torch.from_numpy(batch["label"])


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
