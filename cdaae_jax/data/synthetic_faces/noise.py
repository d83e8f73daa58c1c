"""Seeded value noise without tables: the renderer's only source of texture.

Each lattice point is hashed with integer arithmetic, so pictures do not depend on any random-number library.
"""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float

Plane = Float[Array, "side side"]
Planes = Float[Array, "layers side side"]


def _hash(column, row, seed):
    """A pseudo-random number in 0..1 for each (column, row, seed), all int32."""
    value = column * 374761393 + row * 668265263 + seed * 1442695041
    value = (value ^ ((value >> 13) & 0x7FFFF)) * 1274126177
    value = (value ^ ((value >> 15) & 0x1FFFF)) * 1103515245
    return ((value >> 8) & 0xFFFF).astype(jnp.float32) / 65535.0


def noise(x: Planes, y: Planes, seed: Float[Array, "layers 1 1"]) -> Planes:
    """Smooth noise in -1..1 with features of size 1, at (x, y); `seed` is a whole number up to 2^24, as a float."""
    seed = seed.astype(jnp.int32)
    column, row = jnp.floor(x), jnp.floor(y)
    right, down = x - column, y - row
    right = right * right * (3.0 - 2.0 * right)
    down = down * down * (3.0 - 2.0 * down)
    column, row = column.astype(jnp.int32), row.astype(jnp.int32)
    top = _hash(column, row, seed) * (1.0 - right) + _hash(column + 1, row, seed) * right
    bottom = _hash(column, row + 1, seed) * (1.0 - right) + _hash(column + 1, row + 1, seed) * right
    return 2.0 * (top * (1.0 - down) + bottom * down) - 1.0


def layers(seed: Float[Array, ""], first: int, places: Mapping[str, tuple[Plane, Plane]]) -> dict[str, Plane]:
    """Noise at several places at once, by name: layer number i has the seed `seed + first + i`.

    All layers are evaluated together, because each evaluation is compiled separately.
    """
    names = list(places)
    x, y = (jnp.stack([places[name][axis] for name in names]) for axis in (0, 1))
    values = noise(x, y, (seed + first + jnp.arange(len(names), dtype=jnp.float32))[:, None, None])
    return {name: values[index] for index, name in enumerate(names)}
