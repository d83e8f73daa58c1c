"""Lips that part along a line, and close along it: what an atlas knows of a mouth besides its maps.

The lips of the mean face meet in a straight line between two rows of the maps. A curve would cross from row to row,
and lips would part in steps. What lies between the lips follows from where either of them ends, to a fraction of a
point; no mask has to be learnt.
"""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from cdaae_jax.models import change

# On the mean face, in sides of the picture: how far down the lips meet, between two rows of maps of 128 points or 256,
# and how far from the middle the mouth ends. `data.places` has the landmarks.
MEET, MOUTH = 93 / 128, 0.126
MIDDLE = 0.034  # from there to the middle is the middle of the mouth


def parted(flows: Float[Array, "l f f 2"]) -> Float[Array, "l f f 2"]:
    """Returns flows of which lips part along the line, so that what opens has smooth edges.

    What lies between closed lips is painted over when they part, and nothing teaches its flow, which comes out ragged.
    Next to the line it is replaced by that of the lip that can be seen, the upper or the lower one.
    """
    side = flows.shape[1]
    meet, hidden = round(MEET * side), max(1, round(_HIDDEN * side))
    rows, across = jnp.arange(side)[:, None], (jnp.arange(side) + 0.5) / side - 0.5
    upper, lower = (flows[:, row][:, None] for row in (meet - hidden - 1, meet + hidden))
    between = (jnp.abs(across) < MOUTH) & (rows >= meet - hidden) & (rows < meet + hidden)
    return jnp.where(between[..., None], jnp.where(rows[..., None] < meet, upper, lower), flows)


def even(maps: Float[Array, "l h w c"]) -> Float[Array, "l h w c"]:
    """Returns maps that are blurred across the face at the height of the lips, along the line in which these meet.

    There is no detail in that direction, and each column alone is taught by few pictures: edges came out ragged.
    """
    columns = [jnp.roll(maps, offset, axis=2) for offset in range(-(len(_BLUR) // 2), len(_BLUR) // 2 + 1)]
    blurred = sum(weight * column for weight, column in zip(_BLUR, columns, strict=True))
    rows = (jnp.arange(maps.shape[1]) + 0.5) / maps.shape[1]
    return jnp.where(jnp.abs(rows - MEET)[:, None, None] < _AROUND, blurred, maps)


def shapes(side: int) -> Float[np.ndarray, "SHAPES side"]:
    """Returns by how much a lip moves across the mouth, 0 in the corners: as one, and on both sides of its middle."""
    across = ((np.arange(side) + 0.5) / side - 0.5) / MOUTH
    both = np.stack([1.0 - across**4, 4.0 * across**2 * (1.0 - across**2)])
    return np.where(np.abs(across) < 1, both, 0.0).astype(np.float32)


def parting(side: int) -> Float[np.ndarray, "2*SHAPES side side 2"]:
    """Returns flows that part lips in `shapes` of a side: the upper lip moves up, then, in others, the lower one down.

    Away from the lips they fade.
    """
    down = (np.arange(side) + 0.5) / side - MEET
    near = np.maximum(0.0, 1.0 - np.abs(down) / _AROUND)
    upper, lower = near * (down < 0), -near * (down > 0)
    moves = np.concatenate([lip[:, None] * shapes(side)[:, None] for lip in (upper, lower)])
    return np.stack([np.zeros_like(moves), moves], axis=-1).astype(np.float32)


def ends(flows: Float[Array, "l f f 2"]) -> Float[Array, "l 2 f 2"]:
    """Returns how the end of the upper lip and that of the lower one move in each column; alike beside the mouth."""
    side = flows.shape[1]
    meet = round(MEET * side)
    both = flows[:, meet - 1 : meet + 1]
    inside = jnp.abs((jnp.arange(side) + 0.5) / side - 0.5) < MOUTH
    return jnp.where(inside[:, None], both, both.mean(axis=1, keepdims=True))


def in_the_middle(ends: Float[Array, "n 2 f 2"]) -> Float[Array, "n 2"]:
    """Returns where lips are in the middle of the mouth, in sides of the picture.

    Returns:
      How far apart they are; below 0 they would overlap. And how far below the line the middle between them is.
    """
    side = ends.shape[2]
    middle = jnp.abs((jnp.arange(side) + 0.5) / side - 0.5) < MIDDLE
    down = -(ends[..., 1] * middle).sum(axis=-1) / middle.sum()  # what is fetched from above has moved down
    return jnp.stack([down[:, 1] - down[:, 0], down.mean(axis=1)], axis=-1)


def undone(
    shown: Float[Array, "n l"], label: Float[Array, "n l"], ends: Float[Array, "l 2 f 2"]
) -> Float[Array, "n 1"]:
    """Returns which share of what moved a photo's lips a label takes away.

    Args:
      shown: how much of each label the photo shows.
      label: what is asked for.
      ends: by label. One that moves no lips, such as neutral, does not count.
    """
    moves = jax.lax.stop_gradient(jnp.abs(ends).mean(axis=(1, 2, 3)))
    taken, all_of_it = (nn.relu(one) @ moves for one in (shown - label, shown))
    return jnp.minimum(taken / jnp.maximum(all_of_it, _SOME * moves.max() + _TINY), 1.0)[:, None]


def pressed(apart: Float[Array, "n 1"]) -> Float[Array, "n k"]:
    """Returns by how much more lips that are so far apart close than they seem to need, as shares of `parting`.

    Where they are is read to a pixel or two. Lips that are a little thinner nobody sees, a row of teeth everybody does.
    """
    as_one = jnp.tile(jnp.arange(SHAPES) == 0, 2)
    return jnp.clip(apart / _AJAR, 0.0, 1.0) * _PRESSED * as_one


def _gap(ends: Float[Array, "n 2 f 2"]) -> Float[Array, "n f"]:
    """Returns how far apart lips are in each column, in sides; below 0 they would overlap."""
    return ends[:, 0, :, 1] - ends[:, 1, :, 1]


class Mouth(NamedTuple):
    """What is painted at the lips of a changed face.

    Attributes:
      around: the lips and what is between them: nothing else is painted there.
      slit: what lies between the lips.
      seam: the line in which lips meet that were apart.
    """

    around: Float[Array, "n f f 1"]
    slit: Float[Array, "n f f 1"]
    seam: Float[Array, "n f f 1"]


def mouth(
    place: Float[Array, "n p p 2"],
    skin: Float[Array, "n f f 2"],
    own: Float[Array, "n 2 f 2"],
    wanted: Float[Array, "n 2 f 2"],
    turned: Float[Array, "n k"],
    undone: Float[Array, "n 1"],
) -> Mouth:
    """Returns what is painted at the lips.

    Behind lips that are open already a photo has teeth of its own, better than any that could be painted. A smile that
    stays one keeps them until it opens to twice as far, and one that gives way to fear or surprise as far as it did.

    Args:
      place: how far from each point of the photo its place on the mean face is, in sides of the picture.
      skin: the same of the changed face.
      own: how the ends of the photo's lips have moved on the mean face, as `ends`.
      wanted: how those of the changed lips have.
      turned: how much of the changed lips is turned inwards and out of sight, as shares of `parting`.
      undone: as the function of that name.
    """
    columns = turned.reshape(-1, 2, SHAPES) @ shapes(wanted.shape[2])
    before, after = _gap(own), _gap(wanted)
    share = nn.relu(before).sum(axis=-1) / jnp.maximum(nn.relu(after + columns.sum(axis=1)).sum(axis=-1), _TINY)
    enough = _ENOUGH + (1.0 - _ENOUGH) * undone[:, 0]
    anew = jnp.clip((enough - share) / _FADES, 0.0, 1.0)[:, None, None, None]
    return Mouth(_around(skin), anew * _slit(place, wanted, columns), _seam(skin, before - after, after))


def painted(
    mouth: Mouth, mask: Float[Array, "n h w 1"], paint: Float[Array, "n h w 3"], moved: Float[Array, "n h w 3"]
) -> tuple[Float[Array, "n h w 1"], Float[Array, "n h w 3"]]:
    """Returns mask and paint of a change of which the mouth has its share.

    Args:
      mouth: of the face.
      mask: of the rest of the face.
      paint: its colours, and those of what lies between the lips.
      moved: the photo, moved, whose lips have the colour of the seam.
    """
    around, slit, seam = (jnp.clip(change.enlarge(one, *mask.shape[1:3]), 0.0, 1.0) for one in mouth)
    mask = jnp.maximum((1.0 - around) * mask, slit)
    # What is learnt are lips in the right place, not the line that hides what is left of the teeth.
    seam, lip = jax.lax.stop_gradient(seam), jax.lax.stop_gradient(_darkest(moved))
    rest = (1.0 - seam) * mask
    return seam + rest, paint + seam / (seam + rest + _LEAST) * (lip - paint)


def _slit(
    place: Float[Array, "n p p 2"], ends: Float[Array, "n 2 f 2"], turned: Float[Array, "n 2 f"]
) -> Float[Array, "n f f 1"]:
    """Returns what lies between the lips, as a mask.

    Where a lip ends is known on the mean face. A point lies between the lips if both end before it: it would be below
    the end of the upper one, did it move with that, and above the end of the lower one, did it move with this.

    Args:
      place: how far from each point its place on the mean face is, before the lips part.
      ends: how they move.
      turned: how much of the upper and of the lower lip is out of sight, in each column, in sides.
    """
    side = ends.shape[2]
    # How far it is to the ends is smooth, where the mask has an edge: a coarser grid is enough.
    place = change.enlarge(place, side // 2, side // 2)
    below, above = (
        side * change.enlarge(_below(place, ends[:, lip], sign * turned[:, lip]), side, side)
        for lip, sign in ((0, -1.0), (1, 1.0))
    )
    return jnp.clip(jnp.minimum(below, -above), 0.0, 1.0)


def _below(
    place: Float[Array, "n g g 2"], move: Float[Array, "n f 2"], end: Float[Array, "n f"]
) -> Float[Array, "n g g 1"]:
    """Returns how far below a lip's end each point would be on the mean face if it moved with it, in sides.

    Args:
      place: as in `_slit`.
      move: the lip's, in each column.
      end: how far below the line the lip ends, in each column.
    """
    side = place.shape[1]
    lip = jnp.concatenate([move, end[..., None]], axis=-1)[:, None]
    lip = jnp.broadcast_to(change.enlarge(lip, 1, side), (*place.shape[:3], 3))
    at = place
    for _ in range(_ITERATIONS):
        there = change.move(lip, jax.lax.stop_gradient(at))
        at = there[..., :2] + change.move(place, jax.lax.stop_gradient(there[..., :2]))
    return _coordinates(at)[1] - there[..., 2:]


def _seam(
    skin: Float[Array, "n f f 2"], closed: Float[Array, "n f"], opened: Float[Array, "n f"]
) -> Float[Array, "n f f 1"]:
    """Returns the line in which lips that were apart meet, as a mask.

    Between the place in the photo that the last point of one lip comes from and that of the first of the other lie the
    teeth, and whatever is drawn between the two points shows them all.

    Args:
      skin: how far from each point its place on the mean face is, in sides of the picture.
      closed: by how much lips come closer to each other, in each column of the mean face, in sides.
      opened: how far apart they then are. Where they are, there is no line.
    """
    side = skin.shape[1]
    line = jnp.clip(_SEAM - jnp.abs(_coordinates(skin)[1]) * side, 0.0, 1.0)
    closes = jnp.clip(closed * side / _SEAM, 0.0, 1.0) * jnp.clip(_CLOSED - opened * side, 0.0, 1.0)
    return line * change.move(jnp.broadcast_to(closes[:, None, :, None], line.shape), skin)


def _around(skin: Float[Array, "n f f 2"]) -> Float[Array, "n f f 1"]:
    """Returns the lips and what is between them, as a mask; `skin` as in `_seam`."""
    across, down = (jnp.abs(one) for one in _coordinates(skin))
    return jnp.clip((_AROUND - down) / _FADE, 0.0, 1.0) * jnp.clip((MOUTH + _BEYOND - across) / _FADE, 0.0, 1.0)


def _darkest(photo: Float[Array, "n h w c"]) -> Float[Array, "n h w c"]:
    """Returns a photo in which each pixel is as dark as the darkest a few rows above or below it: lips beside teeth."""
    height = photo.shape[1]
    reach = max(1, round(_BESIDE * height))
    beyond = jnp.pad(1.0 - photo, [(0, 0), (reach, reach), (0, 0), (0, 0)])  # white above and below
    return 1.0 - functools.reduce(jnp.maximum, [beyond[:, row : row + height] for row in range(2 * reach + 1)])


def _coordinates(at: Float[Array, "n f f 2"]) -> tuple[Float[Array, "n f f 1"], Float[Array, "n f f 1"]]:
    """Returns how far each point's place is from the middle of the mean face and how far below the line, in sides."""
    line = (jnp.arange(at.shape[1])[:, None] + 0.5) / at.shape[1]
    return line + at[..., :1] - 0.5, line[:, None] + at[..., 1:] - MEET


SHAPES = 2
_PRESSED, _AJAR = 1.5 / 256, 4 / 256  # sides of the picture: by how much, and how far apart lips are to be for it
_HIDDEN = 2 / 128  # sides of the picture, of each lip: what lies between the lips and moves as what can be seen
_AROUND = 12 / 128  # sides of the picture, above and below the line: from the nose to the chin's fold
_BLUR = [math.comb(8, k) / 256 for k in range(9)]  # a standard deviation of 1.4 points
_BEYOND = 9 / 128  # sides of the picture: what counts as around the lips beside their corners
_FADE = 3 / 128  # sides of the picture, in which that ends
_ITERATIONS = 2  # lips change little across the face, and faces' places less
# Shares of what is to lie between the lips that a photo has already: with so much of it, a smile keeps its own teeth,
# and what is painted fades in below.
_ENOUGH, _FADES = 0.5, 0.1
_SOME = 0.3  # of what moves lips most; of less, nothing is known to be undone
_TINY = 1e-6
_LEAST = 1e-3  # of a mask: in what nobody sees, a rounding may not decide the colour
# Points of the flow's grid: where the seam's mask ends, and how far apart lips are that have none.
_SEAM, _CLOSED = 1.5, 2.5
_BESIDE = 4 / 256  # sides of the picture: how far from the line there are lips, not teeth
