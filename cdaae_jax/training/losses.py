"""Element-wise losses, of which the train step takes the means; they refuse to broadcast."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

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

    Where most pixels of a pair are exactly equal (drawn faces, no noise), L1 has a kink at "no change": the smallest
    change costs as much at every equal pixel as it gains at one that should change, and training can stay there
    (docs/results/studies.md, part 1). This loss is flat around 0 and charges small changes next to nothing.

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


def _absolute(difference: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    # The gradient of jnp.abs at 0 is 1 in JAX: it would push pixels that are already right. That of sign is 0.
    return difference * jnp.sign(difference)


def _same_shape(output: jax.Array, target: jax.Array) -> None:
    if output.shape != target.shape:
        raise ValueError(f"output {output.shape} and target {target.shape} must have the same shape")
