"""Convolutions and transposed convolutions that are fast on every platform: NHWC, SAME padding, no bias.

All three functions are linear in the pictures and in the kernel, so only three operations are ever computed: a
convolution, its transpose, and the gradient of its kernel. The `custom_vjp` rules below say which one is used where. If
XLA on CPU is slow at an operation, `platform_dependent` gives CPU another way to the same numbers; GPU and TPU always
take the native operation.

  convolution  is native everywhere.
  transpose    XLA on CPU runs a dilated convolution at a quarter of the speed of a plain one if there are few channels,
               and at a hundredth for odd kernels on small pictures (4x4 of 512 channels, 5x5 kernel: 1,060 ms instead
               of 10). So `_transpose_on_cpu` splits it into plain convolutions or a matrix product.
  kernel       XLA on CPU takes 25 times longer for the kernel's gradient of a TRANSPOSED convolution than for the same
               numbers as the kernel's gradient of the convolution with input and cotangent exchanged. So both kinds use
               the latter. If there are fewer output than input channels, exchanging them again is up to twice as fast.

benchmarks/convolutions.py measures all variants, tests/models/test_convolutions.py checks that they agree.
Reverse-mode differentiation works to any order, also under vmap and pmap. Forward mode (`jax.jvp`, `jax.jacfwd`) does
not: JAX raises a TypeError for a function with a `custom_vjp`. Nothing in the package needs it.
"""

import contextlib
import contextvars
import functools
from collections.abc import Iterator

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

_DIMENSIONS = ("NHWC", "HWIO", "NHWC")

Pictures = Float[Array, "n h w c"]
Features = Float[Array, "n h w d"]
HalfSizeFeatures = Float[Array, "n h/2 w/2 d"]
Kernel = Float[Array, "k k c d"]


_native = contextvars.ContextVar("native", default=False)


@contextlib.contextmanager
def native() -> Iterator[None]:
    """Makes CPU take the native operation too in what is traced inside, for converters that know no platforms.

    Give them a function that has not been traced for these shapes before: JAX remembers what it has traced.
    """
    token = _native.set(True)
    try:
        yield
    finally:
        _native.reset(token)


@jax.custom_vjp
def convolution(pictures: Pictures, kernel: Kernel) -> Features:
    """Convolves with stride 1: keeps height and width."""
    return _convolve(pictures, kernel, 1, "SAME")


@jax.custom_vjp
def down_convolution(pictures: Pictures, kernel: Kernel) -> HalfSizeFeatures:
    """Convolves with stride 2: halves height and width, which must be even."""
    return _convolve(pictures, kernel, 2, "SAME")


@jax.custom_vjp
def up_convolution(features: HalfSizeFeatures, kernel: Kernel) -> Pictures:
    """Transposes `down_convolution` of the same kernel: doubles height and width."""
    if _native.get():
        return _transpose(features, kernel)
    return lax.platform_dependent(features, kernel, cpu=_transpose_on_cpu, default=_transpose)


def _same_backward(residuals, cotangent):
    pictures, kernel = residuals
    (pictures_gradient,) = jax.linear_transpose(lambda p: _convolve(p, kernel, 1, "SAME"), pictures)(cotangent)
    few_outputs = kernel.shape[3] < kernel.shape[2]
    on_cpu = _kernel_gradient_exchanged if few_outputs else functools.partial(_kernel_gradient, stride=1)
    kernel_gradient = lax.platform_dependent(
        pictures, cotangent, kernel, cpu=on_cpu, default=functools.partial(_kernel_gradient, stride=1)
    )
    return pictures_gradient, kernel_gradient


def _down_backward(residuals, cotangent):
    pictures, kernel = residuals
    return up_convolution(cotangent, kernel), _kernel_gradient(pictures, cotangent, kernel, stride=2)


def _up_backward(residuals, cotangent):
    # <up(f, k), g> = <f, down(g, k)>: the cotangent takes the part that the input has in `down`.
    features, kernel = residuals
    return down_convolution(cotangent, kernel), _kernel_gradient(cotangent, features, kernel, stride=2)


def _with_residuals(function):
    return lambda inputs, kernel: (function(inputs, kernel), (inputs, kernel))


convolution.defvjp(_with_residuals(convolution), _same_backward)
down_convolution.defvjp(_with_residuals(down_convolution), _down_backward)
up_convolution.defvjp(_with_residuals(up_convolution), _up_backward)


def _convolve(pictures, kernel, stride, padding):
    return lax.conv_general_dilated(pictures, kernel, (stride, stride), padding, dimension_numbers=_DIMENSIONS)


def _kernel_gradient(pictures, features, kernel, stride):
    """Returns the gradient of <features, convolution of pictures> with respect to the kernel, whose shape it needs."""
    (gradient,) = jax.linear_transpose(lambda k: _convolve(pictures, k, stride, "SAME"), kernel)(features)
    return gradient


def _kernel_gradient_exchanged(pictures, features, kernel):
    """Returns the same for stride 1, by convolving the features with the pictures as the kernel."""
    size = kernel.shape[0]
    first = (size - 1) // 2
    padding = ((size - 1 - first, first),) * 2
    gradient = _convolve(features.transpose(3, 1, 2, 0), pictures.transpose(1, 2, 0, 3), 1, padding)  # [d, k, k, c]
    return gradient[:, ::-1, ::-1].transpose(1, 2, 3, 0)


def _transpose(features: HalfSizeFeatures, kernel: Kernel) -> Pictures:
    return lax.conv_transpose(features, kernel, (2, 2), "SAME", dimension_numbers=_DIMENSIONS, transpose_kernel=True)


def _transpose_on_cpu(features: HalfSizeFeatures, kernel: Kernel) -> Pictures:
    """Chooses the fastest by measurement (benchmarks/convolutions.py); all three compute the same."""
    size, _, channels, _ = kernel.shape
    if min(features.shape[1:3]) < 8:
        return _transpose_by_overlap(features, kernel)
    # Blocks pad an odd kernel with zeros, which pays only if there are too few channels for the phases one by one.
    if size % 2 == 0 or channels <= 32:
        return _transpose_in_blocks(features, kernel)
    return _transpose_in_phases(features, kernel)


# Below, `first` is how many pixels SAME padding cuts off the full transpose before its first row and column. Pixel
# 2 q + a of the full transpose receives features[q - j] through tap 2 j + a of the kernel, along both axes.


def _transpose_by_overlap(features: HalfSizeFeatures, kernel: Kernel) -> Pictures:
    """Multiplies every feature by the whole kernel and adds up the overlaps: a matrix product and shifted sums."""
    n, height, width, _ = features.shape
    size, _, c, _ = kernel.shape
    reach, first, fill = _geometry(size)
    spread = lax.dot_general(features, kernel, (((3,), (3,)), ((), ())))  # [n, h, w, k, k, c]
    spread = jnp.pad(spread, ((0, 0),) * 3 + ((0, fill), (0, fill), (0, 0)))
    spread = spread.reshape(n, height, width, reach, 2, reach, 2, c)
    last = reach - 1
    shifted = [
        jnp.pad(spread[:, :, :, i, :, j], ((0, 0), (i, last - i), (j, last - j), (0, 0), (0, 0), (0, 0)))
        for i in range(reach)
        for j in range(reach)
    ]
    blocks = functools.reduce(jnp.add, shifted)
    return _cut_out(_join_blocks(blocks), first, height, width)


def _transpose_in_blocks(features: HalfSizeFeatures, kernel: Kernel) -> Pictures:
    """Makes 2x2 blocks of output pixels, each from one window of features, by a single convolution."""
    n, height, width, d = features.shape
    size, _, c, _ = kernel.shape
    reach, first, fill = _geometry(size)
    kernel = jnp.pad(kernel, ((0, fill), (0, fill), (0, 0), (0, 0))).reshape(reach, 2, reach, 2, c, d)
    kernel = kernel[::-1, :, ::-1].transpose(0, 2, 5, 1, 3, 4).reshape(reach, reach, d, 4 * c)
    skipped, offset = divmod(first, 2)
    blocks = _convolve(features, kernel, 1, ((reach - 1 - skipped, skipped + offset),) * 2)
    blocks = blocks.reshape(*blocks.shape[:3], 2, 2, c)
    return _cut_out(_join_blocks(blocks), offset, height, width)


def _transpose_in_phases(features: HalfSizeFeatures, kernel: Kernel) -> Pictures:
    """Makes the output pixels of each of the four phases by a convolution with every second tap of the kernel."""
    n, height, width, _ = features.shape
    size, _, c, _ = kernel.shape
    _, first, _ = _geometry(size)
    turned = jnp.swapaxes(kernel, 2, 3)[::-1, ::-1]

    def taps_and_padding(a: int) -> tuple[slice, tuple[int, int]]:
        """Returns the taps of the turned kernel, and the padding, of output pixels 2 p + a."""
        after, lowest = divmod(a + first, 2)  # features[p + after] is met by tap `lowest`
        count = (size - lowest + 1) // 2
        return slice((size - 1 - lowest) % 2, None, 2), (count - 1 - after, after)

    phases = []
    for row_taps, row_padding in map(taps_and_padding, (0, 1)):
        for column_taps, column_padding in map(taps_and_padding, (0, 1)):
            phases.append(_convolve(features, turned[row_taps, column_taps], 1, (row_padding, column_padding)))
    return _join_blocks(jnp.stack(phases, axis=3).reshape(n, height, width, 2, 2, c))


def _geometry(size: int) -> tuple[int, int, int]:
    """Returns how many features meet in a pixel along an axis, `first`, and the taps that an odd kernel lacks."""
    reach = -(-size // 2)
    return reach, (size - 2) // 2, 2 * reach - size


def _join_blocks(blocks: Float[Array, "n h w 2 2 c"]) -> Pictures:
    n, height, width, _, _, c = blocks.shape
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * height, 2 * width, c)


def _cut_out(pictures: Pictures, offset: int, height: int, width: int) -> Pictures:
    return pictures[:, offset : offset + 2 * height, offset : offset + 2 * width]
