"""Drawings of changes: what moves where, what gets lighter or darker, what is painted and with what."""

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw

from cdaae_jax import images

if TYPE_CHECKING:
    from cdaae_jax.models.change import Change

_ARROWS = 16  # along a side
_INK, _PAPER = (30, 60, 160), (255, 255, 255)


def draw(change: "Change", size: int) -> UInt8[np.ndarray, "n size 4*size 3"]:
    """Draws each change as four squares side by side; a part that a change does not have is left white.

    From left to right: arrows along which pixels move, to scale; the shift, on grey; the mask, black where all is
    painted; and the paint, laid on white through the mask.
    """
    from cdaae_jax.models.change import enlarge

    large = {
        name: None if field is None else np.asarray(enlarge(jnp.asarray(field), size, size))
        for name, field in vars(change).items()
    }
    count = max(len(field) for field in large.values() if field is not None)
    white = np.full((count, size, size, 3), 255, np.uint8)
    arrows = white if large["flow"] is None else np.stack([_arrows(flow, size) for flow in large["flow"]])
    shift = white if large["shift"] is None else np.asarray(images.to_uint8(np.tanh(large["shift"])))
    mask = paint = white
    if large["mask"] is not None and large["paint"] is not None:
        share = np.clip(large["mask"], 0.0, 1.0)
        mask = np.round(255 * (1 - share)).astype(np.uint8).repeat(3, axis=-1)
        paint = np.asarray(images.to_uint8(share * np.clip(large["paint"], -1.0, 1.0) + (1 - share)))
    return np.concatenate([arrows, shift, mask, paint], axis=2)


def _arrows(flow: np.ndarray, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """Draws from where each point is fetched to where it goes."""
    sheet = Image.new("RGB", (size, size), _PAPER)
    pen = ImageDraw.Draw(sheet)
    places = ((np.arange(_ARROWS) + 0.5) * size / _ARROWS).astype(int)
    for y in places:
        for x in places:
            back = flow[y, x] * size
            if np.hypot(*back) < 0.5:
                pen.point((x, y), fill=_INK)
                continue
            pen.line((x + back[0], y + back[1], x, y), fill=_INK)
            pen.ellipse((x - 1, y - 1, x + 1, y + 1), fill=_INK)
    return np.asarray(sheet)
