"""Predicts how the training step scales: bytes all-reduced, compute per device, and the efficiency that follows.

python -m benchmarks.scaling_model --output=scaling_model.json

Counts come from the network itself (shapes, and XLA's count of floating-point operations for an accelerator); speeds of
machines are their makers' figures, given below with their sources. docs/scaling.md says what is assumed. Needs no
accelerator.
"""

import dataclasses

import jax
import jax.numpy as jnp

from benchmarks import flags, report
from cdaae_jax.config import Config, Optim, paper, picture_size
from cdaae_jax.models import change, registry
from cdaae_jax.state import create_state, make_optimizer
from configs import emotion

NUM_LABELS = 8
_DEVICE_MEMORY = 4 * 2**30  # `data.cache_gib`, up to which photos are kept on the devices


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a prediction needs to know of a machine.

    Attributes:
      name: as its maker calls it.
      devices: that share the batch.
      devices_per_host: that one input pipeline feeds.
      flops: bfloat16 operations a second of one device, dense.
      memory_bandwidth: bytes a second of one device's memory.
      reduce_bandwidth: bytes a second that a device sends and receives during an all-reduce.
    """

    name: str
    devices: int
    devices_per_host: int
    flops: float
    memory_bandwidth: float
    reduce_bandwidth: float


MACHINES = (
    # NVIDIA H100 SXM data sheet: 989 TFLOP/s, 3.35 TB/s, NVLink 900 GB/s, which is 450 GB/s in each direction.
    Machine("8 H100", 8, 8, 989e12, 3.35e12, 450e9),
    # Google Cloud, TPU v5e: 197 TFLOP/s, 819 GB/s; 45 GB/s per link and direction (Austin et al. 2025, How to Scale
    # Your Model, chapter 2). 2x4 chips have no wrap-around links: two axes, one direction each at a time.
    Machine("v5e-8", 8, 8, 197e12, 819e9, 2 * 45e9),
    # 16x16 chips wrap around: two axes, both directions.
    Machine("v5e-256", 256, 4, 197e12, 819e9, 4 * 45e9),
)


@dataclasses.dataclass(frozen=True)
class Work:
    """One step's work.

    Attributes:
      parameters: in all networks.
      flops: per pair of photos.
      update_bytes: of memory traffic.
      photo_bytes: of one photo in memory.
    """

    parameters: int
    flops: float
    update_bytes: int
    photo_bytes: int

    @property
    def reduced_bytes(self) -> int:
        """Gradients are averaged in float32; the metrics' and batch statistics' few kB are left out."""
        return 4 * self.parameters


def count(config: Config) -> Work:
    """Counts the work of an experiment's step."""
    model, side = config.model, picture_size(config.model, config.data)
    networks = registry.build(model)
    optimizer = make_optimizer(Optim(), 10_000)
    state = jax.eval_shape(lambda: create_state(networks, optimizer, model, NUM_LABELS, 0))
    image = jax.ShapeDtypeStruct((1, model.image_size, model.image_size, 3), jnp.float32)
    photo = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
    label = jax.ShapeDtypeStruct((1, NUM_LABELS), jnp.float32)

    def generate(params, photo, label):
        source = change.shrink(photo, model.image_size)
        return change.apply(networks.generator.apply({"params": params}, source, label).change, photo)

    def judge(params, statistics, image, label):
        return networks.image_discriminator.apply({"params": params, "batch_stats": statistics}, image, label, False)

    generator = _flops(generate, state.params["generator"], photo, label)
    name, discriminator = "image_discriminator", 0.0
    if config.loss.image_weight:
        discriminator = _flops(judge, state.params[name], state.batch_stats[name], image, label)
    sizes = {name: sum(leaf.size for leaf in jax.tree.leaves(tree)) for name, tree in state.params.items()}
    # Each pass backwards costs as much again for inputs and as much for kernels. The generator: one forward, one
    # backward. The discriminator judges two photos per pair: one forward, one backward for its own loss, and one for
    # the generator's, which needs no kernels' gradients; with weight 0 it does not play. The latent discriminator is
    # left out: 0.02 MFLOP.
    flops = 3 * generator + 2 * 4 * discriminator
    # Adam reads gradient, parameter and two moments and writes three of them; the average reads and writes one more.
    update_bytes = 4 * (7 * sum(sizes.values()) + 2 * sizes["generator"])
    return Work(sum(sizes.values()), flops, update_bytes, 3 * side**2)


def _flops(function, *arguments) -> float:
    lowered = jax.jit(function).trace(*arguments).lower(lowering_platforms=("cuda",))
    return lowered.cost_analysis()["flops"]


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Times of one step in seconds, and what follows from them."""

    compute: float
    update: float
    reduce: float

    @property
    def efficiency(self) -> float:
        """The share of a step that does what more devices make less of, if nothing overlaps."""
        return self.compute / (self.compute + self.update + self.reduce)


def predict(work: Work, machine: Machine, batch_per_device: int, reached: float) -> Prediction:
    """Predicts a step in which the convolutions reach the share `reached` of the machine's peak."""
    n = machine.devices
    return Prediction(
        compute=batch_per_device * work.flops / (reached * machine.flops),
        update=work.update_bytes / machine.memory_bandwidth,
        reduce=2 * (n - 1) / n * work.reduced_bytes / machine.reduce_bandwidth,
    )


def batch_for(work: Work, machine: Machine, efficiency: float, reached: float) -> int:
    """Returns the smallest batch per device with that efficiency."""
    fixed = predict(work, machine, 1, reached)
    overhead = fixed.update + fixed.reduce
    return -int(-(efficiency / (1 - efficiency) * overhead / fixed.compute) // 1)


def main() -> None:
    parser = flags.parser(__doc__)
    parser.add_argument("--reached", type=float, default=0.3, help="share of the peak that the convolutions reach")
    parser.add_argument("--batch_per_device", type=flags.numbers, default=(8, 32, 128))
    given = parser.parse_args()
    small, large = emotion.get_config(), emotion.get_config()
    large.model.image_size, large.data.picture_size = 128, 256
    experiments = {"emotion, 128 px": small, "emotion, 256 px": large, "paper, 128 px": Config(model=paper())}
    content, rows, steps = {"reached": given.reached, "models": {}, "predictions": []}, [], []
    for name, config in experiments.items():
        work = count(config)
        content["models"][name] = dataclasses.asdict(work) | {"reduced_bytes": work.reduced_bytes}
        rows.append([name, work.parameters / 1e6, work.reduced_bytes / 1e6, work.flops / 1e9, work.update_bytes / 1e6,
                     int(_DEVICE_MEMORY / work.photo_bytes)])  # fmt: skip
        for machine in MACHINES:
            for batch in given.batch_per_device:
                made = predict(work, machine, batch, given.reached)
                pairs = batch * machine.devices_per_host / (made.compute + made.update + made.reduce)
                needed = batch_for(work, machine, 0.9, given.reached)
                content["predictions"].append(
                    dataclasses.asdict(made)
                    | {"model": name, "machine": machine.name, "batch_per_device": batch, "efficiency": made.efficiency}
                    | {"pairs_per_second_and_host": pairs, "batch_per_device_for_90_percent": needed}
                )
                times = [1e3 * seconds for seconds in (made.compute, made.update, made.reduce)]
                steps.append([name, machine.name, batch, *times, 100 * made.efficiency, pairs, needed])
    report.print_table(
        "one step",
        ("model", "M parameters", "MB all-reduced", "GFLOP per pair", "MB of update traffic", "photos in 4 GiB"),
        rows,
    )
    report.print_table(
        f"predicted, convolutions at {given.reached:.0%} of the peak",
        ("model", "machine", "batch/device", "compute ms", "update ms", "all-reduce ms", "efficiency %",
         "pairs/s and host", "batch/device for 90 %"),
        steps,
    )  # fmt: skip
    report.write_json(given.output, content)


if __name__ == "__main__":
    main()
