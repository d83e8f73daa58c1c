"""Drawings of changes: what moves where, what gets lighter or darker, what is painted and with what."""

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from cdaae_jax import images

_ARROWS = 16  # along a side
_INK, _PAPER = (30, 60, 160), (255, 255, 255)


def draw(
    flow: Float[np.ndarray, "n s s 2"] | None,
    shift: Float[np.ndarray, "n s s 3"] | None,
    mask: Float[np.ndarray, "n s s 1"] | None,
    paint: Float[np.ndarray, "n s s 3"] | None,
) -> UInt8[np.ndarray, "n s 4*s 3"]:
    """Draws each change as four squares side by side; a part that a change does not have is left white.

    From left to right: arrows along which pixels move, to scale; the shift, on grey; the mask, black where all is
    painted; and the paint, laid on white through the mask. The fields are those of a `change.Change`, of one size.
    """
    count, size = next(field.shape[:2] for field in (flow, shift, mask, paint) if field is not None)
    white = np.full((count, size, size, 3), 255, np.uint8)
    arrows = white if flow is None else np.stack([_arrows(one, size) for one in flow])
    tint = white if shift is None else np.asarray(images.to_uint8(np.tanh(shift)))
    black = colours = white
    if mask is not None and paint is not None:
        share = np.clip(mask, 0.0, 1.0)
        black = np.round(255 * (1 - share)).astype(np.uint8).repeat(3, axis=-1)
        colours = np.asarray(images.to_uint8(share * np.clip(paint, -1.0, 1.0) + (1 - share)))
    return np.concatenate([arrows, tint, black, colours], axis=2)


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
