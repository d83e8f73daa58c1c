"""Element-wise losses, of which the train step takes the means; they refuse to broadcast."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cdaae_jax.models.change import Change, enlarge, move, relit

Elementwise = Callable[[Float[Array, "*shape"], Float[Array, "*shape"]], Float[Array, "*shape"]]


def l1(output: Float[Array, "*shape"], target: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Returns |output - target|, whose gradient is 0 where the two are equal.

    Raises:
      ValueError: the shapes differ.
    """
    _same_shape(output, target)
    return _absolute(output - target)


def l2(output: Float[Array, "*shape"], target: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Returns (output - target)**2.

    Raises:
      ValueError: the shapes differ.
    """
    _same_shape(output, target)
    return jnp.square(output - target)


def smooth_l1(output: Float[Array, "*shape"], target: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Returns |output - target|, but quadratic below `SMOOTH` (Huber 1964, scaled to slope 1; Girshick 2015).

    Small errors count little, so that pixels that are nearly right do not outweigh the few that change. On drawn faces
    it came out no better than L1 (docs/results/studies.md, part 1).

    Raises:
      ValueError: the shapes differ.
    """
    error = l1(output, target)
    return jnp.where(error < SMOOTH, jnp.square(error) / (2 * SMOOTH), error - SMOOTH / 2)


SMOOTH = 0.05  # in [-1, 1]: six of 255 grey levels
RECONSTRUCTION: dict[str, Elementwise] = {"l1": l1, "l2": l2, "smooth_l1": smooth_l1}


class Adversarial(NamedTuple):
    """The two sides of a game over logits, each element-wise and to be minimised.

    Attributes:
      real: the discriminator's loss on logits of real samples.
      fake: the discriminator's loss on logits of generated samples.
      generator: the generator's loss on logits of generated samples.
    """

    real: Callable[[Float[Array, "*shape"]], Float[Array, "*shape"]]
    fake: Callable[[Float[Array, "*shape"]], Float[Array, "*shape"]]
    generator: Callable[[Float[Array, "*shape"]], Float[Array, "*shape"]]


ADVERSARIAL: dict[str, Adversarial] = {
    # Goodfellow et al. 2014, the non-saturating form: -log D and -log(1 - D) of sigmoid logits.
    "bce": Adversarial(
        real=lambda logits: jax.nn.softplus(-logits),
        fake=jax.nn.softplus,
        generator=lambda logits: jax.nn.softplus(-logits),
    ),
    # Mao et al. 2017: real towards 1, fake towards 0.
    "lsgan": Adversarial(
        real=lambda logits: jnp.square(logits - 1.0),
        fake=jnp.square,
        generator=lambda logits: jnp.square(logits - 1.0),
    ),
    # Lim & Ye 2017.
    "hinge": Adversarial(
        real=lambda logits: jax.nn.relu(1.0 - logits),
        fake=lambda logits: jax.nn.relu(1.0 + logits),
        generator=lambda logits: -logits,
    ),
}


def total_variation(images: Float[Array, "n h w c"]) -> Float[Array, ""]:
    """Returns the mean |difference| of vertical neighbours plus the mean of horizontal ones."""
    vertical = _absolute(images[:, 1:] - images[:, :-1])
    horizontal = _absolute(images[:, :, 1:] - images[:, :, :-1])
    return vertical.mean() + horizontal.mean()


def pyramid(
    output: Float[Array, "n h w c"], target: Float[Array, "n h w c"], elementwise: Elementwise
) -> Float[Array, ""]:
    """Returns the mean over octaves of the mean difference of two pictures' Laplacian pyramids (Burt & Adelson 1983).

    Differences of an octave are few where a picture is smooth: a missing fold weighs more here than among all pixels.

    Raises:
      ValueError: the shapes differ.
    """
    octaves: list[Array] = []
    while min(output.shape[1:3]) > SMALLEST_OCTAVE and not (output.shape[1] % 2 or output.shape[2] % 2):
        (output, fine_output), (target, fine_target) = _octave(output), _octave(target)
        octaves.append(elementwise(fine_output, fine_target).mean())
    return jnp.stack(octaves).mean()


SMALLEST_OCTAVE = 16  # pixels: coarser differences are the reconstruction's own


def maps(
    change: Change, flow: Float[Array, "n g g 2"], painted: Float[Array, "n g g 1"], known: Float[Array, " n"]
) -> Float[Array, ""]:
    """Returns how far a change is from the true one, in 64ths of a picture's side and shares of what is painted.

    Where a pixel is painted, no true flow leads to it, so that only the others count. A mouth is a hundredth of a
    picture: masks count by their overlap, not by their number of pixels (`overlap`).

    Args:
      change: the generator's, with a flow and a mask.
      flow: the true flow, as in `change.Change`.
      painted: the true mask, 0..1.
      known: 1 for pairs whose maps are known, 0 for the others, which count nothing.

    Raises:
      ValueError: the change has no flow or no mask.
    """
    if change.flow is None or change.mask is None:
        raise ValueError("this change has no flow or no mask that could be compared; ask for no map loss")
    grid = flow.shape[1]
    away = _absolute(enlarge(change.flow, grid, grid) - flow).sum(axis=-1, keepdims=True) * PARTS_OF_A_SIDE
    each = ((1.0 - painted) * away).mean(axis=(1, 2, 3))
    return (known * each).mean() + overlap(enlarge(change.mask, grid, grid), painted, known)


def overlap(
    mask: Float[Array, "n g g 1"], painted: Float[Array, "n g g 1"], known: Float[Array, " n"]
) -> Float[Array, ""]:
    """Returns what two masks do not have in common: 0 if they are the same, 1 if they do not meet; 0 without any.

    1 less the Dice coefficient of all known pairs together, as a loss: Milletari et al. 2016, arXiv 1606.04797; the
    differences are absolute ones, so that shares between 0 and 1 count, too. A pixel too many costs as much as one too
    few. Where only those that miss counted, mouths came out half as large again, grey at the lips.
    """
    weight = known[:, None, None, None]
    both = (weight * (mask + painted)).sum()
    return (weight * _absolute(mask - painted)).sum() / jnp.maximum(both, 1.0)


def places(
    place: Float[Array, "n p p 2"], true: Float[Array, "n g g 2"], known: Float[Array, " n"]
) -> Float[Array, ""]:
    """Returns how far places on the mean face (`models.atlas`) are from the true ones, in 64ths of a side.

    Args:
      place: the generator's.
      true: as `data.places` has them.
      known: 1 for pairs whose places are known, 0 for the others, which count nothing.
    """
    away = _absolute(enlarge(place, *true.shape[1:3]) - true).sum(axis=-1) * PARTS_OF_A_SIDE
    return (known * away.mean(axis=(1, 2))).mean()


PARTS_OF_A_SIDE = 64  # the unit of flows, whatever grid their maps have


def shown(
    read: Float[Array, "n l"], true: Float[Array, "n l"], known: Bool[Array, "n l"] | None = None
) -> Float[Array, ""]:
    """Returns the mean distance of what an atlas reads off photos (`models.atlas`) from their labels.

    Args:
      read: the generator's.
      true: the labels.
      known: which of their entries are known, [n, l]; the others count nothing. By default all.
    """
    away = _absolute(read - true)
    return away.mean() if known is None else jnp.where(known, away, 0.0).mean()


def lips(read: Float[Array, "n 2"], true: Float[Array, "n 2"], known: Float[Array, "n 2"]) -> Float[Array, ""]:
    """Returns how far from the truth an atlas reads lips to be apart and below their line, in 64ths of a side.

    Args:
      read: the generator's.
      true: as `data.mouths` has it.
      known: 1 for what is known of a photo, 0 for the rest, which counts nothing.
    """
    return (known * _absolute(read - true)).mean() * PARTS_OF_A_SIDE


class Shading(NamedTuple):
    """How far a shift is from the true one.

    Attributes:
      level: its mean distance.
      edges: the mean distance between the differences of neighbours, down and across.
    """

    level: Float[Array, ""]
    edges: Float[Array, ""]


def shading(
    change: Change,
    photo: Float[Array, "n g g 3"],
    flow: Float[Array, "n g g 2"],
    painted: Float[Array, "n g g 1"],
    shade: Float[Array, "n g g 1"],
    known: Float[Array, " n"],
    depth: float = 0.0,
) -> Shading:
    """Returns the distance of a change's shift from the one that shades the truly moved photo as it truly is.

    Folds are faint: in the pictures themselves they are a small part of the error, and are learned last. As shifts they
    weigh the same on dark skin as on light skin. An L1 distance teaches medians: a fold of unsure place is none. With a
    `depth` above 0, what is truly there counts more than what is not, and a fold is drawn where it is likely enough.

    Args:
      change: the generator's, with a shift.
      photo: the source on the true maps' grid, in [-1, 1].
      flow: the true flow.
      painted: the true mask.
      shade: the logarithm of the factor by which the light on the moved skin changes.
      known: as in `maps`.
      depth: each point counts 1 + depth |true shift| times, a mean over colours.

    Raises:
      ValueError: the change has no shift.
    """
    if change.shift is None:
        raise ValueError("this change has no shift that could be compared; ask for no shade loss")
    grid = flow.shape[1]
    true = relit(move(photo, flow), shade)
    weight = known[:, None, None, None] * (1.0 - painted)
    if depth:
        weight = weight * (1.0 + depth * jnp.abs(true).mean(axis=-1, keepdims=True))
    error = enlarge(change.shift, grid, grid) - true
    down, across = error[:, 1:] - error[:, :-1], error[:, :, 1:] - error[:, :, :-1]
    edges = (weight[:, 1:] * _absolute(down)).mean() + (weight[:, :, 1:] * _absolute(across)).mean()
    return Shading((weight * _absolute(error)).mean(), edges)


def within(
    error: Float[Array, "n h w c"], painted: Float[Array, "n h w 1"], known: Float[Array, " n"]
) -> Float[Array, ""]:
    """Returns the mean error over what is painted of all pairs whose maps are known, such as teeth; 0 if nothing is."""
    weight = painted * known[:, None, None, None]
    return (weight * error).sum() / (error.shape[-1] * jnp.maximum(weight.sum(), 1.0))


def _octave(pictures: Float[Array, "n h w c"]) -> tuple[Float[Array, "n h/2 w/2 c"], Float[Array, "n h w c"]]:
    """Returns pictures at half size, and what they lose by it."""
    n, height, width, channels = pictures.shape
    half = pictures.reshape(n, height // 2, 2, width // 2, 2, channels).mean((2, 4))
    return half, pictures - jnp.repeat(jnp.repeat(half, 2, axis=1), 2, axis=2)


def roughness(flow: Float[Array, "n g g 2"]) -> Float[Array, ""]:
    """Returns the mean |second difference| of a flow along both axes, in pixels of its own grid."""
    flow = flow * flow.shape[1]
    vertical = flow[:, 2:] - 2 * flow[:, 1:-1] + flow[:, :-2]
    horizontal = flow[:, :, 2:] - 2 * flow[:, :, 1:-1] + flow[:, :, :-2]
    return _absolute(vertical).mean() + _absolute(horizontal).mean()


def _absolute(difference: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    # The gradient of jnp.abs at 0 is 1 in JAX: it would push pixels that are already right. That of sign is 0.
    return difference * jnp.sign(difference)


def _same_shape(output: jax.Array, target: jax.Array) -> None:
    if output.shape != target.shape:
        raise ValueError(f"output {output.shape} and target {target.shape} must have the same shape")
