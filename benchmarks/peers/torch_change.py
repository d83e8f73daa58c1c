"""A change and its application to photos, as `cdaae_jax.models.change`, in PyTorch: NCHW, its own sampler."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from cdaae_jax.config import Model
from cdaae_jax.models import change as ours

_NEAREST = ours.constants()["nearest"]
_STEEPNESS = ours.constants()["steepness"]


class Change(NamedTuple):
    """See `cdaae_jax.models.change.Change`; fields are [n, c, g, g]."""

    flow: torch.Tensor
    shift: torch.Tensor
    mask: torch.Tensor
    paint: torch.Tensor


class Application(nn.Module):
    """Makes changes to photos of `side` pixels."""

    def __init__(self, model: Model, side: int):
        super().__init__()
        half = model.image_size // 2
        for name, grid in {
            "flow": model.flow_detail * half,
            "shift": model.image_size,
            "painted": model.paint_detail * model.image_size,
        }.items():
            # Two matrix products take a third of the time of F.interpolate with its gradient. It makes the matrices:
            # with anti-aliasing, its cubic and its edges are ours (a = -1/2).
            rows = F.interpolate(torch.eye(grid)[None, None], (side, grid), mode="bicubic", antialias=True)[0, 0]
            self.register_buffer(name, rows, persistent=False)
        # `grid_sample` counts from -1 to 1, from edge to edge.
        self.register_buffer("centres", (2.0 * torch.arange(side) + 1.0) / side - 1.0, persistent=False)

    def forward(self, change: Change, photo: torch.Tensor, sharp: bool = False) -> torch.Tensor:
        """Returns photos [n, 3, h, w] in [-1, 1] changed; `sharp` as in sampling, not as in training."""
        moved = self._move(photo, _enlarge(change.flow, self.flow), sharp)
        shaded = _recolour(moved, _enlarge(change.shift, self.shift))
        mask = _enlarge(change.mask, self.painted)
        if sharp:
            mask = _STEEPNESS * (mask - 0.5) + 0.5
        return torch.lerp(shaded, _enlarge(change.paint, self.painted).clamp(-1.0, 1.0), mask.clamp(0.0, 1.0))

    def _move(self, photo: torch.Tensor, flow: torch.Tensor, sharp: bool) -> torch.Tensor:
        # Its bicubic kernel is ours for pixels, but it follows coordinates beyond the outermost pixels' centres.
        first, last = -1.0 + 1.0 / len(self.centres), 1.0 - 1.0 / len(self.centres)
        x = (self.centres + 2.0 * flow[:, 0]).clamp(first, last)
        y = (self.centres[:, None] + 2.0 * flow[:, 1]).clamp(first, last)
        mode = "bicubic" if sharp else "bilinear"
        moved = F.grid_sample(photo, torch.stack([x, y], -1), mode=mode, padding_mode="border", align_corners=False)
        return moved.clamp(-1.0, 1.0) if sharp else moved


def shrink(photo: torch.Tensor, size: int) -> torch.Tensor:
    """Returns square photos at `size` pixels, which divides theirs."""
    block = photo.shape[-1] // size
    return F.avg_pool2d(photo, block) if block > 1 else photo


def _enlarge(field: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    return field if matrix.shape[0] == matrix.shape[1] else matrix @ field @ matrix.T


def _recolour(photo: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    near = photo.clamp(-_NEAREST, _NEAREST)
    t = torch.tanh(shift)
    return ((near + t) / (1.0 + near * t) + (photo - near)).clamp(-1.0, 1.0)
