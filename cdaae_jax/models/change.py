"""A change: what a generator does to a photo, small values that can be kept, scaled and applied to a photo of any size.

    moved  = photo[p + amount flow[p]]
    shaded = tanh(arctanh(moved) + amount shift)
    result = (1 - amount mask) shaded + amount mask paint

A flow that is predicted small and applied large keeps a photo's own skin and hair (Dorta et al. 2018, arXiv
1811.12784); what no pixel of the photo shows, such as teeth, is painted through a mask (GANimation, Pumarola et al.
2018). Fields live on grids of their own and are enlarged to the photo by cubic interpolation.

Everything here is a matrix product, an element-wise function or a gather, so that it differentiates, exports to
StableHLO and ONNX, and maps over devices.
"""

import functools
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cdaae_jax import images
from cdaae_jax.errors import UserError
from cdaae_jax.models import change_pictures

LARGEST_AMOUNT = 1.5
Photos = Float[Array, "n h w 3"]


@flax.struct.dataclass
class Change:
    """What happens to each of n photos. A field that is None leaves that part of the photo as it is.

    Attributes:
      flow: [n, g, g, 2], where each pixel is fetched from: (x, y) relative to the pixel itself, in widths and heights
        of the picture, x to the right and y downwards.
      shift: [n, s, s, 3], added to the moved photo's colours before their tanh, any real number.
      mask: [n, s, s, 1], 0..1, the share of each pixel that is painted.
      paint: [n, s, s, 3], -1..1, the colours that are painted; given exactly when `mask` is.
    """

    flow: Float[Array, "n g g 2"] | None = None
    shift: Float[Array, "n s s 3"] | None = None
    mask: Float[Array, "n s s 1"] | None = None
    paint: Float[Array, "n s s 3"] | None = None

    def apply(self, photo: np.ndarray, amount: float = 1.0) -> np.ndarray:
        """Returns photos of any size with this change made to them.

        Args:
          photo: uint8 [H, W, 3], one photo for the n changes alike, or [n, H, W, 3].
          amount: 0 to 1.5; 0 returns the photo exactly.

        Returns:
          uint8, shaped like the photo; [n, H, W, 3] where one photo meets several changes.

        Raises:
          UserError: an amount or a photo that cannot be used.
        """
        if not 0 <= amount <= LARGEST_AMOUNT:
            raise UserError(f"amount is {amount:g}; allowed: 0 to {LARGEST_AMOUNT:g}")
        if photo.dtype != np.uint8 or photo.ndim not in (3, 4) or photo.shape[-1] != 3:
            raise UserError(f"a photo must be uint8 [height, width, 3]; got {photo.dtype} {list(photo.shape)}")
        count = len(jax.tree.leaves(self)[0])
        batch = photo if photo.ndim == 4 else np.broadcast_to(photo, (count, *photo.shape))
        changed = np.asarray(_apply_to_uint8(self, batch, np.float32(amount)))
        return changed[0] if photo.ndim == 3 and count == 1 else changed

    def picture(self, size: int = 256) -> np.ndarray:
        """Returns a drawing of each change, see `change_pictures.draw`: uint8 [n, size, 4 size, 3]."""
        fields = (self.flow, self.shift, self.mask, self.paint)
        large = [None if one is None else np.asarray(enlarge(jnp.asarray(one), size, size)) for one in fields]
        return change_pictures.draw(*large)


def apply(change: Change, photo: Photos, amount: float | Float[Array, " n"] = 1.0, sharp: bool = False) -> Photos:
    """Returns the photos changed.

    Args:
      change: of n photos.
      photo: in [-1, 1], of any height and width.
      amount: 0 to 1.5, one number or one per photo; 0 returns the photo exactly, 1 is what the generator meant.
      sharp: interpolate as `move` says, and give what is painted an edge: what sampling does and training does not.

    Returns:
      In [-1, 1], as large as the photo.
    """
    height, width = photo.shape[1:3]
    amount = jnp.asarray(amount, photo.dtype).reshape(-1, 1, 1, 1)
    if change.flow is not None:
        photo = move(photo, amount * enlarge(change.flow, height, width), sharp)
    if change.shift is not None:
        photo = recolour(photo, amount * enlarge(change.shift, height, width))
    if change.mask is not None and change.paint is not None:
        mask = enlarge(change.mask, height, width)
        mask = jnp.clip(amount * (_with_edges(mask) if sharp else mask), 0.0, 1.0)
        paint = jnp.clip(enlarge(change.paint, height, width), -1.0, 1.0)
        photo = (1.0 - mask) * photo + mask * paint
    return photo


def move(photo: Photos, flow: Float[Array, "n h w 2"], sharp: bool = False) -> Photos:
    """Returns, for each pixel, the photo at that pixel plus `flow`; beyond the edges the nearest pixel.

    The gather exports to StableHLO and ONNX as it is (`cdaae-export`). A TPU has no fast gather of single pixels, so
    there it is likely to take most of an edit's time (slow gathers: huggingface/transformers issue 18239); nothing here
    has run on one.

    Args:
      photo: [n, h, w, c], in [-1, 1] if `sharp`.
      flow: (x, y) in widths and heights of the picture.
      sharp: interpolate by a cubic over 4 x 4 pixels, which keeps detail that bilinear interpolation blurs. It takes
        four times as long, and its overshoots are cut off at -1 and 1.
    """
    n, height, width, channels = photo.shape
    left, x_share = _split(jnp.arange(width, dtype=flow.dtype)[None, None, :] + flow[..., 0] * width, width)
    top, y_share = _split(jnp.arange(height, dtype=flow.dtype)[None, :, None] + flow[..., 1] * height, height)
    pixels = photo.reshape(n, height * width, channels)

    def fetch(down: int, across: int) -> jax.Array:
        row, column = jnp.clip(top + down, 0, height - 1), jnp.clip(left + across, 0, width - 1)
        index = (row * width + column).reshape(n, height * width, 1)
        return jnp.take_along_axis(pixels, index, axis=1, mode="promise_in_bounds").reshape(photo.shape)

    taps = range(-1, 3) if sharp else range(2)
    weigh = functools.partial(cubic, slope=_SLOPE) if sharp else _linear
    across = [weigh(x_share - tap)[..., None] for tap in taps]
    rows = [
        weigh(y_share - down)[..., None] * sum(across[k] * fetch(down, tap) for k, tap in enumerate(taps))
        for down in taps
    ]
    moved = functools.reduce(jnp.add, rows)
    return jnp.clip(moved, -1.0, 1.0) if sharp else moved


def recolour(photo: Float[Array, "*shape"], shift: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Adds to colours before their tanh: tanh(arctanh(photo) + shift), written so that shift 0 gives the photo exactly.

    With t = tanh(shift) that is (photo + t) / (1 + photo t), the sum of two hyperbolic tangents. Pure black and pure
    white (-1 and 1) are infinitely far away: they move as the grey level beside them does, one grey level further out.

    Args:
      photo: in [-1, 1].
      shift: any real number.

    Returns:
      In [-1, 1].
    """
    near = jnp.clip(photo, -_NEAREST, _NEAREST)
    t = jnp.tanh(shift)
    return jnp.clip((near + t) / (1.0 + near * t) + (photo - near), -1.0, 1.0)


def shift_between(photo: Photos, logits: Photos) -> Photos:
    """Returns the shift that recolours a photo into tanh(logits): how a picture becomes a change of the photo.

    Where the photo is pure black or white, the picture comes out up to one grey level off.
    """
    return logits - jnp.arctanh(jnp.clip(photo, -_NEAREST, _NEAREST))


def relit(photo: Photos, light: Float[Array, "n h w 1"]) -> Photos:
    """Returns the shift that multiplies the light on a photo by exp(`light`).

    Near black and white, where a factor is a shift of any size, it is that of the nearest colour which is neither.
    """
    before = jnp.clip(photo, *LIT)
    after = jnp.clip((before + 1.0) * jnp.exp(light) - 1.0, *LIT)
    return jnp.arctanh(after) - jnp.arctanh(before)


LIT = (-0.97, 0.93)  # colours whose light is known, in [-1, 1]


def enlarge(field: Float[Array, "n g k c"], height: int, width: int) -> Float[Array, "n h w c"]:
    """Returns a grid's values at the pixels of a picture: separable cubic interpolation, as two matrix products."""
    if field.shape[1:3] == (height, width):
        return field
    rows, columns = _weights(field.shape[1], height), _weights(field.shape[2], width)
    tall = jnp.einsum("hg,ngkc->nhkc", rows, field)
    return jnp.einsum("wk,nhkc->nhwc", columns, tall)


def shrink(photo: Photos, size: int) -> Photos:
    """Returns square photos at `size` pixels, anti-aliased; a mean over blocks where the size divides theirs."""
    n, side, _, channels = photo.shape
    if side % size:
        return enlarge(photo, size, size)
    block = side // size
    return photo.reshape(n, size, block, size, block, channels).mean((2, 4)) if block > 1 else photo


def constants() -> dict[str, float]:
    """Returns the numbers that another program needs which applies changes, such as a page in a browser."""
    return {"slope": _SLOPE, "gridSlope": _GRID_SLOPE, "steepness": _STEEPNESS, "nearest": _NEAREST}


@jax.jit
def _apply_to_uint8(change: Change, photo: jax.Array, amount: jax.Array) -> jax.Array:
    return images.to_uint8(apply(change, images.to_network(photo), amount, sharp=True))


def _with_edges(mask: Float[Array, "n h w 1"]) -> Float[Array, "n h w 1"]:
    """Returns a mask whose slopes are steeper. A network that is not sure where a lip ends draws a soft edge."""
    return jnp.clip(_STEEPNESS * (mask - 0.5) + 0.5, 0.0, 1.0)


# Chosen on validation people at 256 px: LPIPS of smiles 0.0275 with 2, 0.0269 with 3, 0.0266 with 4, which shows the
# grid where a mouth is wide open.
_STEEPNESS = 3.0
# Of the cubic that fetches pixels, as in OpenCV and PyTorch. Chosen on validation people at 256 px: sharpness inside
# the face 0.83, 0.86 and 0.91 of the true pictures' with -0.5, -0.75 and -1; LPIPS 0.0301, 0.0294 and 0.0294.
_SLOPE = -0.75
_GRID_SLOPE = -0.5  # of the cubic that enlarges grids: exact for parabolas
_NEAREST = 1.0 - 1.0 / 127.5  # the grey levels beside pure black and white


def _split(at: jax.Array, size: int) -> tuple[jax.Array, jax.Array]:
    """Returns coordinates as whole pixels and what is left, 0..1."""
    at = jnp.clip(at, 0.0, size - 1.0)
    whole = jax.lax.stop_gradient(jnp.floor(at))
    return whole.astype(jnp.int32), at - whole


def _linear(distance: jax.Array) -> jax.Array:
    return 1.0 - jnp.abs(distance)


def cubic(distance: Any, numpy: Any = jnp, slope: float = _GRID_SLOPE) -> Any:
    """Returns Keys' cubic at these distances, with the functions of `numpy`.

    Args:
      distance: from the pixel, in pixels.
      numpy: numpy or jax.numpy.
      slope: at distance 1; steeper sharpens.
    """
    distance = numpy.abs(distance)
    near = ((slope + 2.0) * distance - (slope + 3.0)) * distance**2 + 1.0
    far = slope * (((distance - 5.0) * distance + 8.0) * distance - 4.0)
    return numpy.where(distance < 1, near, numpy.where(distance < 2, far, 0.0))


@functools.lru_cache(maxsize=64)
def _weights(grid: int, pixels: int) -> Float[np.ndarray, "pixels grid"]:
    """Returns the matrix of Keys' cubic (a = -1/2) that takes `grid` values to `pixels`, centres aligned as pixels are.

    Where pixels are coarser than the grid, the cubic is widened to a pixel's reach.
    """
    scale = max(1.0, grid / pixels)
    centre = (np.arange(pixels) + 0.5) * grid / pixels - 0.5
    weights = np.asarray(cubic((centre[:, None] - np.arange(grid)[None]) / scale, np))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
