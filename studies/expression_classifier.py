"""A small network that learns to tell expressions from few pictures; it answers what edited pictures are good for.

Unlike the judges it is trained here, on the pictures at hand, and so it may be compared with and without pictures that
a model made.
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jaxtyping import Array, Bool, Float, Int, UInt8

from cdaae_jax.chunks import in_chunks
from cdaae_jax.data.augmentation import Augmentation
from cdaae_jax.evaluation.measures.statistics import Statistic
from cdaae_jax.models.layers import Conv

# The shapes that this file uses.
Images = UInt8[np.ndarray, "n side side 3"]
Labels = Int[np.ndarray, " n"]
Weights = Float[np.ndarray, " n"]
Probabilities = Float[np.ndarray, "n classes"]
Pictures = UInt8[Array, "n side side 3"]
Logits = Float[Array, "n classes"]

# Of five sizes and rates that were tried on training people, the fastest of those that did equally well.
BATCH_SIZE = 16
CHANNELS = (16, 32, 32, 64)
LEARNING_RATE, WEIGHT_DECAY, DROPOUT = 2e-3, 1e-3, 0.3
PLAIN = Augmentation(shift=0.06, colour=0.2)  # and half of the pictures mirrored
_CHUNK = 64  # pictures in each call of the network, the last ones filled up


class Network(nn.Module):
    """Four stride-2 convolutions of `CHANNELS` and a dense layer: 66,000 parameters at 64 px and 8 classes.

    Attributes:
      num_classes: how many expressions there are.
    """

    num_classes: int

    @nn.compact
    def __call__(self, pictures: Pictures, train: bool) -> Logits:
        """Logits of uint8 pictures whose side is a multiple of 16; `train` drops features, by the rng `dropout`."""
        features = pictures.astype(jnp.float32)
        # Skin and light say nothing of the expression, and with few people would be learnt by heart.
        features = jax.nn.standardize(features, axis=(1, 2), epsilon=1.0)
        for level, channels in enumerate(CHANNELS):
            features = Conv(channels, 4, stride=2, name=f"convolution{level}")(features)
            features = nn.relu(features)
        # No mean over places: where something moves is what tells expressions apart.
        features = features.reshape(len(features), -1)
        features = nn.Dropout(DROPOUT, deterministic=not train, name="dropout")(features)
        return nn.Dense(self.num_classes, name="logits")(features)


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier.

    Attributes:
      network: what computes the logits.
      params: its parameters.
      side: of the pictures it was trained on.
    """

    network: Network
    params: Any
    side: int

    def probabilities(self, pictures: Images) -> Probabilities:
        """Float32 [N, C], each row adding up to 1, for pictures of the side it was trained on."""
        _check_pictures(pictures)
        if pictures.shape[1] != self.side:
            raise ValueError(f"pictures are {pictures.shape[1]} px, but the classifier was trained at {self.side} px")
        classify = functools.partial(_classify, self.network, self.params)
        return in_chunks(classify, pictures, most=_CHUNK, least=_CHUNK)


def train_classifier(
    pictures: Images, labels: Labels, seed: int, steps: int, weights: Weights | None = None
) -> Classifier:
    """Trains a classifier from nothing on pictures with flips, shifts and colours changed at random.

    Args:
      pictures: uint8 [N, S, S, 3], S a multiple of 16.
      labels: [N], the class of each, 0..C-1; every class has at least one picture.
      seed: of parameters, batches and changes; on the same cores the same seed gives the same classifier.
      steps: batches of `BATCH_SIZE` pictures, drawn with replacement.
      weights: [N], how often each picture is drawn, relative to the others; None draws all classes equally often.

    Raises:
      ValueError: other shapes or types, a class without pictures, weights that cannot be drawn by, or no step.
    """
    labels = np.asarray(labels)
    _check(pictures, labels, steps)
    counts = np.bincount(labels)
    if not counts.all():
        raise ValueError(f"class {int(counts.argmin())} has no picture; number the classes 0..C-1 without gaps")
    weights = 1.0 / counts[labels] if weights is None else np.asarray(weights, np.float64)
    if weights.shape != labels.shape or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError("weights must be one number of at least 0 per picture, and not all of them 0")
    network = Network(len(counts))
    params, optimiser_state = _initialise(network, steps, seed, pictures[:1])
    for step in range(steps):
        drawn, batch = _batch(pictures, weights / weights.sum(), seed, step)
        params, optimiser_state = _step(network, steps, params, optimiser_state, batch, labels[drawn], (seed, step))
    return Classifier(network, params, pictures.shape[1])


def balanced_weights(labels: Labels, made: Bool[np.ndarray, " n"], share_made: float) -> Weights:
    """How often each picture is drawn: all classes equally often, made pictures by their share.

    Args:
      labels: [N], the class of each.
      made: [N], whether a model made it.
      share_made: 0..1, share of the draws of a class that has both kinds; a class with one kind draws it alone.
    """
    size = labels.max() + 1
    counts = np.stack([np.bincount(labels[made == kind], minlength=size) for kind in (False, True)])
    shares = np.where(counts.all(axis=0), [[1.0 - share_made], [share_made]], counts > 0)
    return (shares / np.maximum(counts, 1))[made.astype(int), labels]


def balanced_accuracy(right: Float[np.ndarray, " n"], labels: Labels) -> Statistic:
    """The statistic "mean over classes of the mean of `right`", 0..1; classes without a row are left out.

    Args:
      right: [N], whether each is classified right, or how often (or how much more often than by something else).
      labels: [N], the true class of each.
    """
    labels = np.asarray(labels)
    size = labels.max() + 1

    def statistic(rows: Int[np.ndarray, " rows"]) -> float:
        counts = np.bincount(labels[rows], minlength=size)
        sums = np.bincount(labels[rows], weights=right[rows], minlength=size)
        return float((sums[counts > 0] / counts[counts > 0]).mean())

    return statistic


def _batch(pictures: Images, weights: Weights, seed: int, step: int) -> tuple[Labels, Images]:
    rng = np.random.default_rng([seed, step])
    drawn = rng.choice(len(pictures), BATCH_SIZE, p=weights)
    batch = pictures[drawn]
    mirrored = rng.random(BATCH_SIZE) < 0.5
    batch[mirrored] = batch[mirrored, :, ::-1]
    return drawn, PLAIN(batch[None], seed, step, BATCH_SIZE, slice(None))[0]


@functools.cache
def _optimiser(steps: int) -> optax.GradientTransformation:
    return optax.adamw(optax.cosine_decay_schedule(LEARNING_RATE, steps), weight_decay=WEIGHT_DECAY)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _initialise(network: Network, steps: int, seed: int, pictures: Pictures) -> tuple[Any, optax.OptState]:
    params = network.init(jax.random.key(seed), pictures, train=False)["params"]
    return params, _optimiser(steps).init(params)


@functools.partial(jax.jit, static_argnums=(0, 1), donate_argnums=(2, 3))
def _step(network, steps, params, optimiser_state, pictures, labels, seed_and_step):
    seed, step = seed_and_step
    dropout_key = jax.random.fold_in(jax.random.key(seed), step)

    def loss(params):
        logits = network.apply({"params": params}, pictures, train=True, rngs={"dropout": dropout_key})
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    updates, optimiser_state = _optimiser(steps).update(jax.grad(loss)(params), optimiser_state, params)
    return optax.apply_updates(params, updates), optimiser_state


@functools.partial(jax.jit, static_argnums=0)
def _classify(network: Network, params: Any, pictures: Pictures) -> Float[Array, "n classes"]:
    return jax.nn.softmax(network.apply({"params": params}, pictures, train=False))


def _check_pictures(pictures: np.ndarray) -> None:
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[1:] != (*pictures.shape[1:2] * 2, 3):
        raise ValueError(f"pictures are {pictures.dtype} {list(pictures.shape)}, allowed is uint8 [N, S, S, 3]")


def _check(pictures: np.ndarray, labels: np.ndarray, steps: int) -> None:
    _check_pictures(pictures)
    if pictures.shape[1] % 16 or not pictures.shape[1]:
        raise ValueError(f"pictures are {pictures.shape[1]} px, allowed is a multiple of 16; resize them")
    if labels.shape != pictures.shape[:1] or labels.dtype.kind not in "iu" or not len(labels) or labels.min() < 0:
        raise ValueError(f"labels must be one class number per picture; got {labels.dtype} {list(labels.shape)}")
    if steps < 1:
        raise ValueError(f"steps is {steps}; a classifier needs at least one")
