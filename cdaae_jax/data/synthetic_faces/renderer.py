"""Portraits of people who do not exist, with identity and expression as exact parameters.

    person = renderer.sample_identity(7)
    picture = renderer.render(person, {"AU6": 3, "AU12": 4}, 128)          # uint8 [128, 128, 3]
    pictures = renderer.render_batch(identity.stack(people), aus, 64)      # aus float [N, 22], FACS 0..5

A face is a height field that AUs warp and bulge (surface, folds, action_units), lit (lighting), with eyes, mouth,
brows and hair painted on it by explicit curves. Everything is computed in linear light on a grid
that is twice as fine, averaged, and only then turned into sRGB.
"""

import functools
import operator
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from cdaae_jax.data.synthetic_faces import accessories, eyes, facial_hair, folds, lighting, mouth, skin, surface
from cdaae_jax.data.synthetic_faces.action_units import AU_NAMES, Muscles, au_vector, check_aus, rest_position
from cdaae_jax.data.synthetic_faces.drawing import blur, inside, over, smoothstep, to_linear
from cdaae_jax.data.synthetic_faces.hair import hair
from cdaae_jax.data.synthetic_faces.identity import Identity
from cdaae_jax.data.synthetic_faces.population import sample_identity
from cdaae_jax.data.synthetic_faces.textures import textures
from cdaae_jax.errors import UserError

__all__ = ["AU_NAMES", "Identity", "render", "render_batch", "sample_identity"]

SUPERSAMPLING = 2
# Pictures per compiled call; the last call is padded, so each size is compiled once. On a CPU one picture's planes stay
# in the cache and calls overlap; an accelerator needs many at once.
CPU_CHUNK, ACCELERATOR_CHUNK = 1, 32
MIN_SIZE, MAX_SIZE = 16, 512

Picture = UInt8[np.ndarray, "size size 3"]
Pictures = UInt8[np.ndarray, "n size size 3"]
Aus = Float[np.ndarray, "n 22"]


def render(identity: Identity, aus: Mapping[str, float], size: int) -> Picture:
    """Returns the portrait of one person, aligned as `cdaae_jax.data.alignment` says.

    Args:
      identity: one person, from `sample_identity`.
      aus: FACS intensities 0..5 by name, e.g. {"AU12": 3.5}; "AU12L", "AU12R", "AU14L" and "AU14R" pull on the
        person's left or right only. AUs that are not given are 0.
      size: side in pixels, 16..512.

    Returns:
      uint8 [size, size, 3] sRGB; the same arguments, machine and library versions give the same bytes.

    Raises:
      UserError: an unknown AU, an intensity outside 0..5, or a size outside 16..512.
    """
    one = jax.tree.map(lambda value: np.asarray(value)[None], identity)
    return render_batch(one, au_vector(aus)[None], size)[0]


def render_batch(identities: Identity, aus: Aus, size: int) -> Pictures:
    """Returns the portraits of N people; a person who is given N times can have N expressions.

    Args:
      identities: N people as one struct with a leading axis, from `identity.stack`.
      aus: float [N, 22], FACS intensities 0..5 in the order of `AU_NAMES`.
      size: side in pixels, 16..512.

    Returns:
      uint8 [N, size, size, 3] sRGB.

    Raises:
      UserError: the numbers of people and of AU rows differ, an intensity outside 0..5, or a size outside 16..512.
    """
    aus = check_aus(aus)
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise UserError(f"size {size} is out of range: pictures are {MIN_SIZE} to {MAX_SIZE} pixels wide")
    count = len(aus)
    people = jax.tree.map(lambda value: np.asarray(value, np.float32), identities)
    if any(value.shape[:1] != (count,) for value in people):
        raise UserError(f"{len(np.atleast_1d(people.seed))} people and {count} rows of AUs: give one row per person")
    chunk = CPU_CHUNK if jax.default_backend() == "cpu" else ACCELERATOR_CHUNK
    pending = []
    for start in range(0, count, chunk):
        rows = np.minimum(np.arange(start, start + chunk), count - 1)
        chosen = jax.tree.map(operator.itemgetter(rows), people)
        pending.append(_render_chunk(chosen, aus[rows], size=size))
    if not pending:
        return np.zeros((0, size, size, 3), np.uint8)
    return np.concatenate([np.asarray(pictures) for pictures in pending])[:count]


@functools.partial(jax.jit, static_argnames="size")
def _render_chunk(identities, aus, size):
    return jax.vmap(lambda identity, row: _render_one(identity, row, size))(identities, aus)


def _face(identity: Identity, muscles: Muscles, x, y, rest_x, rest_y, texture, pixel: float):
    """The head without hair: its lit picture in linear light [side, side, 3], and its depth inside the outline."""
    # The surface.
    height, depth = surface.head_height(identity, rest_x, rest_y, muscles)
    lips = mouth.pose(identity, muscles)
    contour = mouth.contours(identity, lips, x)
    groove = folds.grooves(identity, rest_x, rest_y, muscles, texture)
    lid = eyes.lids(identity, x, muscles)
    crease, lid_shade = eyes.fold_depth(identity, lid, y)
    height += mouth.height(contour, lips, x, y) - 0.0045 * groove - 0.004 * crease
    height += skin.relief(identity, rest_x, rest_y, jnp.mean(muscles["AU17"]), texture)
    light = lighting.light(identity, height, inside(depth, 2.0 * pixel))

    # Its colour.
    flush = jnp.mean(muscles.mix({"AU9": 0.35, "AU4": 0.15, "AU12": 0.15}))
    colour = skin.albedo(identity, rest_x, rest_y, flush, texture)
    lip = mouth.lip_coverage(contour, y, pixel)
    colour = over(colour, mouth.lip_albedo(identity, contour, y, texture["creases"]), lip * 0.92)
    dark = jnp.exp(-0.38 * groove - 0.75 * crease - 0.22 * lid_shade)
    colour = colour * dark[..., None] ** jnp.asarray([0.8, 1.0, 1.05])

    # Hair on the face is lit with the skin; eyes and the inside of the mouth have light of their own.
    colour = facial_hair.paint_beard(colour, identity, rest_x, rest_y, lip, texture)
    colour = facial_hair.paint_brows(colour, identity, rest_x, rest_y, texture)
    nose_shade, nostril = skin.nose_shade(identity, rest_x, rest_y)
    gloss = light.gloss * (1.0 - nostril) * (1.0 - 0.8 * lip) + mouth.gloss(contour, lips, x, y)
    lit = colour * light.diffuse * nose_shade[..., None] + gloss[..., None] * jnp.asarray([1.0, 0.98, 0.95])
    lit = mouth.paint_line(lit, contour, lips, x, y)
    lit = mouth.paint_inside(lit, identity, contour, lips, x, y, pixel)
    lit = eyes.paint(lit, identity, lid, x, y, texture, pixel)
    return lit, depth


def _render_one(identity: Identity, aus: Float[Array, "22"], size: int):
    """One picture, uint8 [size, size, 3], painted from the background to the glasses."""
    side = size * SUPERSAMPLING
    pixel = 1.0 / side
    place = (jnp.arange(side, dtype=jnp.float32) + 0.5) * pixel
    x, y = jnp.meshgrid(place - 0.5, place)

    muscles = Muscles(aus)
    rest_x, rest_y = rest_position(x, y, muscles)
    # Nobody is symmetric: the lower face leans a little to one side.
    rest_x = rest_x - identity.lean * smoothstep(0.42, 0.75, rest_y)
    texture = textures(identity, x, y, rest_x, rest_y)
    lit, depth = _face(identity, muscles, x, y, rest_x, rest_y, texture, pixel)

    # Everything else, from back to front.
    locks = hair(identity, x, y, pixel)
    plain = to_linear(identity.skin) * lighting.exposure(identity)
    picture = accessories.room(identity, x, y, texture)
    picture = over(picture, locks.colour * 0.55, locks.behind)
    picture = accessories.paint_neck(picture, identity, x, y, plain, -depth, texture, pixel)
    picture = accessories.paint_ears(picture, identity, x, y, plain, pixel)
    picture = over(picture, lit, inside(depth, 2.0 * pixel))
    cast = blur(locks.before, 0.016)
    picture = picture * (1.0 - 0.55 * cast * (1.0 - locks.before))[..., None]
    picture = over(picture, locks.colour, locks.before)
    picture = accessories.paint_glasses(picture, identity, x, y, pixel)

    # Average the fine grid, roll highlights off softly, and encode.
    picture = picture.reshape(size, SUPERSAMPLING, size, SUPERSAMPLING, 3).mean(axis=(1, 3))
    picture = jnp.maximum(picture, 0.0)
    picture = jnp.where(picture > 0.7, 0.7 + 0.3 * (1.0 - jnp.exp(-(picture - 0.7) / 0.3)), picture)
    return jnp.round(255.0 * picture ** (1.0 / 2.2)).astype(jnp.uint8)
