"""The losses of `cdaae_jax.training.losses` on pictures and flows in PyTorch: NCHW."""

import torch
import torch.nn.functional as F

from cdaae_jax.config import Loss
from cdaae_jax.training.losses import SMALLEST_OCTAVE


def of_pictures(
    image: torch.Tensor, target: torch.Tensor, flow: torch.Tensor | None, weights: Loss
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the reconstruction, and the weighted sum of it and of the terms that the weights ask for."""
    error = image - target
    reconstruction = loss = error.abs().mean()
    if weights.pyramid_weight:
        loss = loss + weights.pyramid_weight * _pyramid(error)
    if weights.flow_weight and flow is not None:
        loss = loss + weights.flow_weight * _roughness(flow)
    return reconstruction, loss


def _pyramid(error: torch.Tensor) -> torch.Tensor:
    """A pyramid is linear: that of the difference is the difference of the pyramids, at half the work."""
    octaves = []
    while error.shape[-1] > SMALLEST_OCTAVE and error.shape[-1] % 2 == 0:
        half = F.avg_pool2d(error, 2)
        octaves.append((error - F.interpolate(half, scale_factor=2)).abs().mean())
        error = half
    return torch.stack(octaves).mean()


def _roughness(flow: torch.Tensor) -> torch.Tensor:
    flow = flow * flow.shape[-1]
    vertical = flow[:, :, 2:] - 2 * flow[:, :, 1:-1] + flow[:, :, :-2]
    horizontal = flow[..., 2:] - 2 * flow[..., 1:-1] + flow[..., :-2]
    return vertical.abs().mean() + horizontal.abs().mean()
