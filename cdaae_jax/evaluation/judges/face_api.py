"""Two packaged networks as judges of pictures: which expression is shown, and who is shown.

The weights are those of the npm package `@vladmandic/face-api` 1.7.15 (MIT licence); the forward passes are
our own, after its folders `src/faceExpressionNet`, `src/faceFeatureExtractor` and `src/faceRecognitionNet`,
and agree with it (tests/evaluation/judges/test_face_api.py). What the networks were trained on is not documented: use
them to compare pictures, never to train with, and say so next to the numbers.

Pictures are this project's aligned crops: square, pupils at x 0.34 and 0.66, y 0.38 of the side, meant for
sides of 32 to 256 pixels. No face is searched for: each network sees a fixed fraction of the crop.
"""

import dataclasses
import functools
import os
from collections.abc import Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from cdaae_jax.chunks import in_chunks
from cdaae_jax.evaluation.judges.layers import (
    CHUNK,
    Box,
    Images,
    Pictures,
    Weights,
    convolve,
    convolve_depthwise,
    cut_out,
)
from cdaae_jax.evaluation.judges.npm_weights import EXPRESSION_NETWORK, IDENTITY_NETWORK, load_face_api
from cdaae_jax.evaluation.measures.pixels import check_images

# The shapes that this file uses.
Probabilities = Float[np.ndarray, "n 7"]
Embeddings = Float[np.ndarray, "n 128"]
Rows = Float[Array, "n channels"]

EXPRESSIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
MEAN_RGB = (122.782, 117.001, 104.298)  # both networks subtract it, and then divide by 255


# Both boxes come from the 68 dlib landmarks averaged over the 160 London pictures (neutral and smiling),
# divided by the picture's side. Identity, by the rule of face-api.js `FaceLandmarks.alignDlib`: with the mean
# points of left eye (36-41), right eye (42-47) and mouth (48-67), side = mean(eye-mouth distance) / 0.45, and
# the mean of the three points lies at (0.5, 0.43) of the box. Neutral pictures alone give a side of 0.831,
# smiling ones 0.817: one box serves both.
IDENTITY_BOX = Box(left=0.0846, top=0.1422, side=0.8243)
IDENTITY_SIDE = 150
# Expression: the square around the centre of the landmarks' bounding box, 1.2 times its longer side (0.719).
# It ends 4 % below the picture, where the last row is repeated.
EXPRESSION_BOX = Box(left=0.0683, top=0.1813, side=0.8628)
EXPRESSION_SIDE = 112

# Two faces nearer than this (Euclidean, embeddings of pictures of the SAME size) are the same person: right
# for all 80 pairs neutral-smiling of the London people at 32 to 256 px, wrong for at most 0.03 % of the pairs
# of two people.
SAME_PERSON_DISTANCE = 0.48
# What dlib calls the same person (King 2017, its example `dnn_face_recognition`): the network's usual threshold.
DLIB_DISTANCE = 0.6


def _pool(features, operation, start, window, stride):
    windows, strides = (1, window, window, 1), (1, stride, stride, 1)
    return lax.reduce_window(features, start, operation, windows, strides, "VALID")


def expression_logits(weights: Weights, pictures: Pictures) -> Rows:
    """Logits [N, 7] in the order of EXPRESSIONS from RGB pictures [N, 112, 112, 3], 0..255.

    Four blocks of four separable convolutions each, every block halving the side (112 to 7) and handing the
    sum of all its layers so far to the next layer; then the mean and a dense layer.
    """

    def layer(features, name, stride=1):
        if name == "dense0/conv0":
            features = convolve(features, weights[f"{name}/filters"], stride)
        else:
            features = convolve_depthwise(features, weights[f"{name}/depthwise_filter"], stride)
            features = convolve(features, weights[f"{name}/pointwise_filter"])
        return features + weights[f"{name}/bias"]

    features = (pictures - jnp.asarray(MEAN_RGB)) / 255.0
    for block in range(4):
        features = total = jax.nn.relu(layer(features, f"dense{block}/conv0", stride=2))
        for index in range(1, 4):
            total = total + layer(features, f"dense{block}/conv{index}")
            features = jax.nn.relu(total)
    mean = features.mean(axis=(1, 2))
    return jnp.matmul(mean, weights["fc/weights"], precision=lax.Precision.HIGHEST) + weights["fc/bias"]


# The residual blocks of the identity network in order; those with "down" in their names halve the side.
IDENTITY_BLOCKS = (
    *("conv32_1", "conv32_2", "conv32_3"),
    *("conv64_down", "conv64_1", "conv64_2", "conv64_3"),
    *("conv128_down", "conv128_1", "conv128_2"),
    *("conv256_down", "conv256_1", "conv256_2", "conv256_down_out"),
)


def identity_embedding(weights: Weights, pictures: Pictures) -> Rows:
    """Embeddings [N, 128], not normalised, from RGB pictures [N, 150, 150, 3], 0..255.

    The ResNet of dlib's face recognition: 7x7 convolution, max pooling, 14 residual blocks, mean and dense.
    """

    def layer(features, name, stride=1, padding="SAME"):
        features = convolve(features, weights[f"{name}/conv/filters"], stride, padding)
        features = features + weights[f"{name}/conv/bias"]
        return features * weights[f"{name}/scale/weights"] + weights[f"{name}/scale/biases"]

    features = (pictures - jnp.asarray(MEAN_RGB)) / 255.0
    features = jax.nn.relu(layer(features, "conv32_down", stride=2, padding="VALID"))
    features = _pool(features, lax.max, -jnp.inf, window=3, stride=2)
    for block in IDENTITY_BLOCKS:
        halving = {"stride": 2, "padding": "VALID"} if "down" in block else {}
        shortcut = _pool(features, lax.add, 0.0, window=2, stride=2) / 4.0 if halving else features
        residual = jax.nn.relu(layer(features, f"{block}/conv1", **halving))
        residual = layer(residual, f"{block}/conv2")
        # The shortcut may have fewer channels, the residual one row and column less; zeros are added at the end.
        channels, rows = residual.shape[3] - shortcut.shape[3], shortcut.shape[1] - residual.shape[1]
        shortcut = jnp.pad(shortcut, [(0, 0), (0, 0), (0, 0), (0, channels)])
        residual = jnp.pad(residual, [(0, 0), (0, rows), (0, rows), (0, 0)])
        features = jax.nn.relu(shortcut + residual)
    return jnp.matmul(features.mean(axis=(1, 2)), weights["fc"], precision=lax.Precision.HIGHEST)


@jax.jit
def _judge_expression(weights, images):
    return jax.nn.softmax(expression_logits(weights, cut_out(images, EXPRESSION_BOX, EXPRESSION_SIDE)))


@jax.jit
def _judge_identity(weights, images):
    return identity_embedding(weights, cut_out(images, IDENTITY_BOX, IDENTITY_SIDE))


@dataclasses.dataclass(frozen=True, eq=False)
class ExpressionJudge:
    """Says which of seven expressions a picture shows."""

    weights: Weights
    classes: ClassVar[tuple[str, ...]] = EXPRESSIONS

    @classmethod
    def load(cls, folder: str | os.PathLike) -> "ExpressionJudge":
        """Reads the weights that `fetch_judges` put into `folder`; errors as in `load_face_api`."""
        return cls(load_face_api(folder, EXPRESSION_NETWORK))

    def probabilities(self, images: Images) -> Probabilities:
        """Float32 [N, 7] in the order of `classes`, each row adding up to 1, of aligned crops [N, S, S, 3].

        On real photos, neutral is read correctly and weak smiles are read as neutral (68 % of the London smiles are
        read as happy). On the synthetic rig at 64 px, happy, surprised and most sad faces are read as intended, half of
        the disgusted, a third of the fearful and hardly any angry ones. So report the same score for the true pictures,
        as the ceiling.
        """
        check_images(images, images)
        return in_chunks(functools.partial(_judge_expression, self.weights), images, most=CHUNK, least=CHUNK)


@dataclasses.dataclass(frozen=True, eq=False)
class IdentityJudge:
    """Says how alike two faces are: by the Euclidean distance of their embeddings.

    Attributes:
      name: what tables call this judge.
      thresholds: for each rate that is reported, the distance below which two faces are one person: `verified` as the
        network is usually used, `verified_strict` by our calibration.
    """

    weights: Weights
    name: ClassVar[str] = "dlib"
    thresholds: ClassVar[Mapping[str, float]] = {"verified": DLIB_DISTANCE, "verified_strict": SAME_PERSON_DISTANCE}

    @classmethod
    def load(cls, folder: str | os.PathLike) -> "IdentityJudge":
        """Reads the weights that `fetch_judges` put into `folder`; errors as in `load_face_api`."""
        return cls(load_face_api(folder, IDENTITY_NETWORK))

    def embed(self, images: Images) -> Embeddings:
        """Float32 [N, 128], to be compared by Euclidean distance, of aligned crops [N, S, S, 3].

        Compare pictures of one size only: the same picture at 256 and at 64 px is 0.18 apart, 0.40 at 32 px.
        London people, 64 px: same person 0.225, two people 0.845 on average, AUC 1.000.
        """
        check_images(images, images)
        return in_chunks(functools.partial(_judge_identity, self.weights), images, most=CHUNK, least=CHUNK)
