"""Times the ways to compute each convolution of the reference network, from which models/convolutions.py chose.

python -m benchmarks.convolutions --output=convolutions.json

Three tables: the transpose of each stride-2 convolution (the up-convolution's forward pass and the down-convolution's
gradient of its input); the kernel's gradient of an up-convolution; the kernel's gradient of stride-1 convolutions with
fewer output than input channels. Medians over rounds in which all ways take turns, in this process.
"""

import functools
import time

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import flags, report
from cdaae_jax.models import convolutions as ways

# pixels of the larger side, channels there, channels at half the size; batch 32, in the discriminator 64
STRIDED = {
    "encoder 1": (32, 64, 3, 64), "encoder 2": (32, 32, 64, 128), "encoder 3": (32, 16, 128, 256),
    "encoder 4": (32, 8, 256, 512), "decoder 0": (32, 64, 32, 64), "critic 1": (64, 64, 3, 16),
    "critic 2": (64, 32, 24, 32), "critic 3": (64, 16, 32, 64), "critic 4": (64, 8, 64, 128),
}  # fmt: skip
PLAIN = {"refine": (32, 64, 32, 16), "picture": (32, 64, 16, 3)}


def main() -> None:
    parser = flags.parser(__doc__)
    parser.add_argument("--kernel_sizes", type=flags.numbers, default=(4, 5))
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--shrink", type=int, default=1, help="divide batch and channels by this, for a quick look")
    given = parser.parse_args()
    measure = functools.partial(_measure, rounds=given.rounds)
    content = {"milliseconds": {}}
    for size in given.kernel_sizes:
        transposes = {"native": ways._transpose, "overlap": ways._transpose_by_overlap}
        transposes |= {"blocks": ways._transpose_in_blocks, "phases": ways._transpose_in_phases}
        transposes |= {"chosen": ways._transpose_on_cpu}
        kernels = {"of the transposed": _native_up_gradient, "exchanged (chosen)": _up_gradient}
        plain = {"native": _same_gradient, "exchanged (chosen)": ways._kernel_gradient_exchanged}
        tables = {
            "transpose": (STRIDED, transposes, lambda large, small, kernel: (small, kernel)),
            "kernel of an up-convolution": (STRIDED, kernels, lambda large, small, kernel: (large, small, kernel)),
            "kernel of a convolution": (PLAIN, plain, lambda large, small, kernel: (large, small, kernel)),
        }
        for title, (layers, functions, arguments) in tables.items():
            rows = []
            for name, shape in layers.items():
                stride = 1 if layers is PLAIN else 2
                times = measure(functions, arguments(*_arrays(size, stride, given.shrink, *shape)))
                content["milliseconds"].setdefault(f"k{size}", {}).setdefault(title, {})[name] = times
                rows.append([name, *times.values()])
            report.print_table(f"{title}, {size}x{size}, ms", ("layer", *functions), rows)
    report.write_json(given.output, content)


def _native_up_gradient(pictures, features, kernel):
    (gradient,) = jax.linear_transpose(lambda k: ways._transpose(features, k), kernel)(pictures)
    return gradient


def _up_gradient(pictures, features, kernel):
    return ways._kernel_gradient(pictures, features, kernel, stride=2)


def _same_gradient(pictures, features, kernel):
    return ways._kernel_gradient(pictures, features, kernel, stride=1)


def _arrays(size, stride, shrink, batch, pixels, channels, half_channels):
    batch, half_channels = max(1, batch // shrink), max(1, half_channels // shrink)
    channels = channels if channels == 3 else max(1, channels // shrink)
    random, half = np.random.default_rng(0), pixels // stride
    shapes = ((batch, pixels, pixels, channels), (batch, half, half, half_channels))
    return [jnp.asarray(random.normal(size=s), jnp.float32) for s in (*shapes, (size, size, channels, half_channels))]


def _measure(functions, arguments, rounds):
    """Returns the median milliseconds of each function, all taking turns after one call each that does not count."""
    compiled = {name: jax.jit(function) for name, function in functions.items()}
    times = {name: [] for name in functions}
    for _ in range(rounds + 1):
        for name, function in compiled.items():
            began = time.perf_counter()
            jax.block_until_ready(function(*arguments))
            times[name].append(1e3 * (time.perf_counter() - began))
    return {name: float(np.median(seconds[1:])) for name, seconds in times.items()}


if __name__ == "__main__":
    main()
