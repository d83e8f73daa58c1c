"""The training step of `cdaae_jax.training.step` in PyTorch: one forward pass, three losses, three gradients.

What makes it fast: `torch.autograd.grad` with the parameters of one network only, so that the engine skips every
weight gradient that the loss's network does not own; the discriminators run once, over real and generated samples
together; their gradients are taken first, so that the generator's backward pass frees the graph as it goes; in-place
activations; Adam and the running average over lists of tensors.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers import torch_losses
from benchmarks.peers.torch_networks import Networks
from cdaae_jax.config import Config, picture_size


class Training:
    """Networks, an optimiser for each that is trained, and the running average of the generator's parameters.

    Attributes:
      networks: the modules that own the parameters.
      ema: the averages, in the order of `networks.generator.parameters()`.
    """

    def __init__(
        self,
        networks: Networks,
        config: Config,
        called: Networks | None = None,
        of_pictures: Callable = torch_losses.of_pictures,
    ):
        """`called` are the same networks as they are to be called (compiled ones), and `of_pictures` is that loss.

        Raises:
          ValueError: a configuration whose losses this step does not have.
        """
        loss = config.loss
        if (loss.reconstruction, loss.adversarial, loss.critic_sees) != ("l1", "bce", "face") or not loss.latent_weight:
            raise ValueError("the PyTorch step has l1, bce and a latent discriminator only")
        if loss.image_weight and picture_size(config.model, config.data) != config.model.image_size:
            raise ValueError("the PyTorch step's image discriminator sees pictures as large as the network's")
        if loss.total_variation_weight or loss.mask_weight or loss.maps_weight:
            raise ValueError("the PyTorch step has neither total variation nor losses on masks and true maps")
        if config.optim.warmup_steps or config.optim.decay_steps or loss.warmup_steps:
            raise ValueError("the PyTorch step has no schedules")
        self.networks = networks
        self._called = called or networks
        self._of_pictures = of_pictures
        self._config = config
        self._parameters = {name: list(network.parameters()) for name, network in networks._asdict().items()}
        if not loss.image_weight:
            del self._parameters["image_discriminator"]
        self._optimizers = {name: self._make_optimizer(own) for name, own in self._parameters.items()}
        self.ema = [parameter.detach().clone() for parameter in self._parameters["generator"]]
        self._step = 0

    def __call__(
        self, source: torch.Tensor, target: torch.Tensor, label: torch.Tensor, prior: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Takes one step.

        Args:
          source: uint8 [n, 3, s, s].
          target: uint8 [n, 3, s, s].
          label: float32 [n, l].
          prior: samples of U(-1, 1) [n, z]; drawn here if not given.

        Returns:
          The losses before the step, named as in `cdaae_jax.training.step`.
        """
        weights = self._config.loss
        generator, image_discriminator, latent_discriminator = self._called
        low_precision = self._config.model.dtype == "bfloat16"
        source, target = to_network(source), to_network(target)
        logits = {}
        with torch.autocast(source.device.type, dtype=torch.bfloat16, enabled=low_precision):
            image, latent, _, flow = generator(source, label)
            if prior is None:
                prior = torch.empty_like(latent).uniform_(-1.0, 1.0)
            logits["latent_discriminator"] = latent_discriminator(torch.cat([prior, latent]))
            if weights.image_weight:
                logits["image_discriminator"] = image_discriminator(
                    torch.cat([target, image]), torch.cat([label, label])
                )
        reconstruction, generator_loss = self._of_pictures(image, target, flow, weights)
        losses = {}
        for name, weight in (
            ("latent_discriminator", weights.latent_weight),
            ("image_discriminator", weights.image_weight),
        ):
            if weight:
                losses[name], fooling = _play(logits[name])
                generator_loss = generator_loss + weight * fooling
        losses["generator"] = generator_loss
        gradients = {
            name: torch.autograd.grad(loss, self._parameters[name], retain_graph=name != "generator")
            for name, loss in losses.items()
        }
        for name, optimizer in self._optimizers.items():
            for parameter, gradient in zip(self._parameters[name], gradients[name], strict=True):
                parameter.grad = gradient
            if self._config.optim.clip_norm:
                nn.utils.clip_grad_norm_(self._parameters[name], self._config.optim.clip_norm)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        decay = min(self._config.optim.ema_decay, (1.0 + self._step) / (10.0 + self._step))
        torch._foreach_lerp_(self.ema, [parameter.detach() for parameter in self._parameters["generator"]], 1.0 - decay)
        self._step += 1
        return {"reconstruction": reconstruction.detach(), "generator": generator_loss.detach()} | {
            f"{name}/loss": loss.detach() for name, loss in losses.items() if name != "generator"
        }

    def first_moments(self, name: str) -> list[torch.Tensor]:
        """Returns Adam's running means of a network's gradients, in the order of its parameters."""
        return [self._optimizers[name].state[parameter]["exp_avg"] for parameter in self._parameters[name]]

    def _make_optimizer(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        optim = self._config.optim
        return torch.optim.Adam(parameters, lr=optim.learning_rate, betas=(optim.beta1, optim.beta2), fused=True)


def to_network(pictures: torch.Tensor) -> torch.Tensor:
    """Returns uint8 0..255 as float32 -1..1."""
    return pictures.float().div_(127.5).sub_(1.0)


def to_uint8(pictures: torch.Tensor) -> torch.Tensor:
    """Returns float -1..1 as uint8 0..255, rounded; values beyond the range are clipped."""
    return pictures.add(1.0).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def _play(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the discriminator's and the generator's loss on logits of first the real, then the generated samples."""
    real, fake = logits.chunk(2)
    return (F.softplus(-real).mean() + F.softplus(fake).mean()) / 2, F.softplus(-fake).mean()
