"""The training step of `cdaae_jax.training.step` in PyTorch: one forward pass, three losses, three gradients.

What makes it fast: `torch.autograd.grad` with the parameters of one network only, so that the engine skips every
weight gradient that the loss's network does not own; the discriminators run once, over real and generated samples
together; their gradients are taken first, so that the generator's backward pass frees the graph as it goes; in-place
activations; Adam and the running average over lists of tensors.
"""

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers.torch_networks import Networks
from cdaae_jax.config import Config


class Training:
    """Networks, their three optimisers and the running average of the generator's parameters.

    Attributes:
      networks: the modules that own the parameters.
      ema: the averages, in the order of `networks.generator.parameters()`.
    """

    def __init__(self, networks: Networks, config: Config, compiled: Networks | None = None):
        """`compiled` are the same networks as they are to be called; the default is the networks themselves.

        Raises:
          ValueError: a configuration whose losses this step does not have.
        """
        loss = config.loss
        if (loss.reconstruction, loss.adversarial) != ("l1", "bce") or not loss.image_weight or not loss.latent_weight:
            raise ValueError("the PyTorch step has l1, bce and both discriminators only")
        if loss.total_variation_weight or config.optim.warmup_steps or config.optim.decay_steps or loss.warmup_steps:
            raise ValueError("the PyTorch step has neither total variation nor schedules")
        self.networks = networks
        self._called = compiled or networks
        self._config = config
        self._parameters = [list(network.parameters()) for network in networks]
        self._optimizers = [self._make_optimizer(parameters) for parameters in self._parameters]
        self.ema = [parameter.detach().clone() for parameter in self._parameters[0]]
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
        with torch.autocast(source.device.type, dtype=torch.bfloat16, enabled=low_precision):
            image, latent, _ = generator(source, label)
            if prior is None:
                prior = torch.empty_like(latent).uniform_(-1.0, 1.0)
            image_logits = image_discriminator(torch.cat([target, image]), torch.cat([label, label]))
            latent_logits = latent_discriminator(torch.cat([prior, latent]))
        reconstruction = F.l1_loss(image, target)
        image_loss, fooling_image = _play(image_logits)
        latent_loss, fooling_latent = _play(latent_logits)
        generator_loss = reconstruction + weights.image_weight * fooling_image + weights.latent_weight * fooling_latent
        ours, image_side, latent_side = self._parameters
        gradients = {
            2: torch.autograd.grad(latent_loss, latent_side, retain_graph=True),
            1: torch.autograd.grad(image_loss, image_side, retain_graph=True),
            0: torch.autograd.grad(generator_loss, ours),
        }
        for i, optimizer in enumerate(self._optimizers):
            for parameter, gradient in zip(self._parameters[i], gradients[i], strict=True):
                parameter.grad = gradient
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        decay = min(self._config.optim.ema_decay, (1.0 + self._step) / (10.0 + self._step))
        torch._foreach_lerp_(self.ema, [parameter.detach() for parameter in ours], 1.0 - decay)
        self._step += 1
        return {
            "reconstruction": reconstruction.detach(),
            "generator": generator_loss.detach(),
            "image_discriminator/loss": image_loss.detach(),
            "latent_discriminator/loss": latent_loss.detach(),
        }

    def first_moments(self, name: str) -> list[torch.Tensor]:
        """Returns Adam's running means of a network's gradients, in the order of its parameters."""
        i = self.networks._fields.index(name)
        return [self._optimizers[i].state[parameter]["exp_avg"] for parameter in self._parameters[i]]

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
