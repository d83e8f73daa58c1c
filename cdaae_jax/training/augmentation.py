"""Pairs as other cameras would have taken them: on the device, both pictures of a pair alike, off by default.

A model that saw studio photos alone fails on a phone's. What changes here is what differs between them: light and white
balance, noise, blur and compression, and an alignment that is never perfect. The person and the expression stay; but
`data.proportions` makes faces of other proportions, where people are few.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cdaae_jax.config import Data
from cdaae_jax.models.change import enlarge, move

Pictures = Float[Array, "n s s 3"]
BLOCK = 8  # pixels of JPEG's blocks
BENDS = 5  # points along a side that `data.proportions` moves, each by itself


class Draw(NamedTuple):
    """What happens to each of n pairs.

    Attributes:
      matrix: [n, 2, 3], where a pixel of the new picture is in the old one: (x, y, 1) -> (x, y), in sides of the
        picture from its centre.
      bend: [n, 5, 5, 2], how much farther away than by `matrix` that pixel is, in sides, on a grid over the picture;
        None is no farther.
      gamma: [n, 1, 1, 1]; 1 is no change.
      gain: [n, 1, 1, 3], of each colour channel; 1 is no change.
      contrast: [n, 1, 1, 1]; 1 is no change.
      slope: [n, 2], of a lighting gradient along x and y, in brightness per side; 0 is none.
      noise: [n, 1, 1, 1], standard deviation in [-1, 1] units; 0 is none.
      blur: [n, 1, 1, 1], how much of each pixel comes from its 3x3 neighbours, 0..1; 0 is none.
      loss: [n, 1, 1, 1, 1], step of the compression's quantisation in [-1, 1] units; 0 is none.
    """

    matrix: Float[Array, "n 2 3"]
    bend: Float[Array, "n 5 5 2"] | None
    gamma: Float[Array, "n 1 1 1"]
    gain: Float[Array, "n 1 1 3"]
    contrast: Float[Array, "n 1 1 1"]
    slope: Float[Array, "n 2"]
    noise: Float[Array, "n 1 1 1"]
    blur: Float[Array, "n 1 1 1"]
    loss: Float[Array, "n 1 1 1 1"]


def draw(keys: Float[Array, " n"], data: Data) -> Draw:
    """Draws for each key what happens to its pair, within the strengths of `data`.

    Half of the pairs keep a clean picture (no noise, blur or compression), so that sharp photos stay the common case.
    """
    uniform = jax.vmap(lambda key: jax.random.uniform(key, (16,), minval=-1.0, maxval=1.0))(keys)
    maps = uniform[:, :, None, None, None]
    turn, size = 0.35 * data.misalignment * uniform[:, 0], 1.0 + data.misalignment * uniform[:, 1]
    cos, sin = size * jnp.cos(turn), size * jnp.sin(turn)
    along = 0.5 * data.misalignment * uniform[:, 2:4]
    matrix = jnp.stack([jnp.stack([cos, -sin, along[:, 0]], -1), jnp.stack([sin, cos, along[:, 1]], -1)], axis=1)
    dirty = (uniform[:, 4] > 0) * data.camera
    tint = jnp.stack([uniform[:, 5], 0.3 * uniform[:, 6], -uniform[:, 5]], axis=-1)  # warm to cold, and a little green
    return Draw(
        matrix=matrix,
        bend=_bend(keys, data.proportions) if data.proportions else None,
        gamma=jnp.exp(0.5 * data.light * maps[:, 7]),
        gain=jnp.exp(0.2 * data.light * tint)[:, None, None, :],
        contrast=jnp.exp(0.25 * data.light * maps[:, 8]),
        slope=0.4 * data.light * uniform[:, 9:11],
        noise=(0.05 * dirty * jnp.abs(uniform[:, 11]))[:, None, None, None],
        blur=(dirty * jnp.maximum(uniform[:, 12], 0.0))[:, None, None, None],
        loss=(0.12 * dirty * jnp.maximum(uniform[:, 13], 0.0))[:, None, None, None, None],
    )


def _bend(keys: Float[Array, " n"], most: float) -> Float[Array, "n 5 5 2"]:
    """Draws bends of up to `most`; both halves of a face are bent alike."""
    bend = jax.vmap(lambda key: jax.random.uniform(jax.random.fold_in(key, 2), (BENDS, BENDS, 2), minval=-1.0))(keys)
    return most * (bend + bend[:, :, ::-1] * jnp.array([-1.0, 1.0])) / 2.0


def change(pictures: Pictures, what: Draw, keys: Float[Array, " n"], data: Data) -> Pictures:
    """Returns pictures in [-1, 1] as drawn; the same `what` and `keys` treat another picture alike, noise included."""
    if data.misalignment or data.proportions:
        pictures = move(pictures, _displacement(what, pictures.shape[1]))
    if data.light:
        pictures = _light(pictures, what)
    if data.camera:
        pictures = pictures + what.blur * (_blur(pictures) - pictures)
        noise = jax.vmap(lambda key: jax.random.normal(jax.random.fold_in(key, 1), pictures.shape[1:]))(keys)
        pictures = _compress(pictures + what.noise * noise, what.loss)
    return jnp.clip(pictures, -1.0, 1.0)


def change_maps(maps: Float[Array, "n g g 4"], what: Draw, data: Data) -> Float[Array, "n g g 4"]:
    """Returns the true maps (`data.maps`) of pairs whose pictures `change` has moved."""
    if not (data.misalignment or data.proportions):
        return maps
    side = maps.shape[1]
    moved = move(maps, _displacement(what, side))
    # new[p] = old[A p + b(p)] = photo[A p + b(p) + old flow there], and this is new photo[p + new flow], which lies at
    # A p + L new flow + b(p + new flow) in the photo, L the linear part of A and b the bend.
    back = _inverse(what.matrix[:, :, :2])

    def linear(flow: Float[Array, "n g g 2"]) -> Float[Array, "n g g 2"]:
        return jnp.einsum("nij,nhwj->nhwi", back, flow)

    flow = linear(moved[..., :2])
    if what.bend is not None:
        bend = enlarge(what.bend, side, side)
        for _ in range(_SOLVING):
            flow = linear(moved[..., :2] + bend - move(bend, flow))
    return jnp.concatenate([flow, moved[..., 2:]], axis=-1)


def change_places(place: Float[Array, "n p p 2"], what: Draw, data: Data) -> Float[Array, "n p p 2"]:
    """Returns the true places (`data.places`) of the points of pictures that `change` has moved.

    A point of the new picture shows what lay elsewhere in the old one, and has that one's place on the mean face.
    """
    if not (data.misalignment or data.proportions):
        return place
    moving = _displacement(what, place.shape[1])
    return moving + move(place, moving)


_SOLVING = 2  # rounds, each of which leaves of the error what a bend changes from one end of the flow to the other


def _displacement(what: Draw, side: int) -> Float[Array, "n side side 2"]:
    by_matrix = displacement(what.matrix, side)
    return by_matrix if what.bend is None else by_matrix + enlarge(what.bend, side, side)


def _inverse(matrix: Float[Array, "n 2 2"]) -> Float[Array, "n 2 2"]:
    """Returns the inverses, by Cramer's rule.

    `jnp.linalg.inv` calls LAPACK, which on a CPU shares large batches out among the threads that run the step and waits
    for them: with 32,768 matrices on each of two devices all threads waited, for ever. No batch of pairs is so large.
    """
    (a, b), (c, d) = jnp.moveaxis(matrix, 0, -1)
    adjugate = jnp.stack([jnp.stack([d, -b], -1), jnp.stack([-c, a], -1)], axis=1)
    return adjugate / (a * d - b * c)[:, None, None]


def displacement(matrix: Float[Array, "n 2 3"], side: int) -> Float[Array, "n side side 2"]:
    """Returns, in sides of the picture, how far from each pixel the one lies that takes its place."""
    line = (jnp.arange(side) + 0.5) / side - 0.5
    x, y = jnp.meshgrid(line, line)
    points = jnp.stack([x, y, jnp.ones_like(x)], axis=-1)
    return jnp.einsum("nij,hwj->nhwi", matrix, points) - points[..., :2]


def _light(pictures: Pictures, what: Draw) -> Pictures:
    side = pictures.shape[1]
    line = jnp.linspace(-0.5, 0.5, side)
    slope = what.slope[:, 0, None, None] * line + what.slope[:, 1, None, None] * line[:, None]
    brightness = jnp.clip((pictures + 1.0) / 2.0, 1e-3, 1.0) ** what.gamma * what.gain * (1.0 + slope[..., None])
    return 2.0 * ((brightness - 0.5) * what.contrast + 0.5) - 1.0


def _blur(pictures: Pictures) -> Pictures:
    padded = jnp.pad(pictures, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    rows = (padded[:, :-2] + 2.0 * padded[:, 1:-1] + padded[:, 2:]) / 4.0
    return (rows[:, :, :-2] + 2.0 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4.0


def _compress(pictures: Pictures, step: Float[Array, "n 1 1 1 1"]) -> Pictures:
    """Rounds the cosine transform of 8x8 blocks to multiples of `step`, coarser for fine detail, as JPEG does."""
    n, side, _, channels = pictures.shape
    if side % BLOCK:
        return pictures
    basis, coarseness = _cosines()
    blocks = pictures.reshape(n, side // BLOCK, BLOCK, side // BLOCK, BLOCK, channels)
    spectrum = jnp.einsum("ui,vj,nricjk->nrcuvk", basis, basis, blocks)
    unit = jnp.maximum(step, 1e-6)[..., None] * coarseness[..., None]
    rounded = jnp.where(step[..., None] > 0, jnp.round(spectrum / unit) * unit, spectrum)
    back = jnp.einsum("ui,vj,nrcuvk->nricjk", basis, basis, rounded)
    return back.reshape(n, side, side, channels)


@functools.cache
def _cosines() -> tuple[np.ndarray, np.ndarray]:
    """Returns the orthonormal cosine transform of 8 numbers, and how much coarser each frequency is rounded."""
    frequency, place = np.arange(BLOCK)[:, None], np.arange(BLOCK)[None]
    basis = np.cos(np.pi * (place + 0.5) * frequency / BLOCK) * np.sqrt(np.where(frequency, 2.0, 1.0) / BLOCK)
    return basis.astype(np.float32), (1.0 + frequency + place).astype(np.float32)
