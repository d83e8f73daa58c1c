"""Batches per second that the input pipeline makes, against steps per second that use them.

python -m benchmarks.input_pipeline --output=input_pipeline.json

Three ways to come by a batch: from decoded photos in memory (the default), the same with augmentation, and decoded
from files each time (more photos than `config.data.cache_gib`). Then the training step itself, fed through the
prefetcher as in training: the share of its time that it waits for data.
"""

import pathlib
import tempfile
import time

from benchmarks import flags, harness, people, report
from benchmarks.settings import Settings
from cdaae_jax import memory


def main() -> None:
    parser = flags.parser(__doc__)
    flags.add_network(parser)
    parser.add_argument("--people", type=int, default=60, help="made-up people, with 7 photos each")
    parser.add_argument("--photo_size", type=int, default=256, help="pixels of the files")
    parser.add_argument("--rounds", type=int, default=15, help="groups of 5 batches")
    parser.add_argument("--steps", type=int, default=20, help="training steps through the prefetcher")
    given = parser.parse_args()
    memory.keep()  # as cdaae-train does
    settings = flags.settings(given)
    with tempfile.TemporaryDirectory() as folder:
        people.write(pathlib.Path(folder), given.people, given.photo_size)
        makers = {
            "in memory": _make_batches(settings, folder, cache_gib=4.0),
            "in memory, augmented": _make_batches(settings, folder, cache_gib=4.0, shift=0.05, colour=0.05),
            "decoded each time": _make_batches(settings, folder, cache_gib=0.0),
        }
        made = {name: [] for name in makers}
        for i in range(given.rounds):
            for name, make in makers.items():
                made[name].append(_time(make, range(5 * i, 5 * i + 5)) / 5)
        work = _train_step(settings)
        eaten = {name: _feed(work, make, given.steps) for name, make in makers.items()}
    rows, results = [], {}
    for name, seconds in made.items():
        median = harness.spread(seconds)["median"]
        step, waiting = eaten[name]
        results[name] = {
            "batches_per_second": 1.0 / median, "milliseconds_per_batch": harness.spread([1e3 * s for s in seconds]),
            "steps_per_second": 1.0 / step, "waiting_share": waiting, "supply_over_demand": step / median,
        }  # fmt: skip
        rows.append([name, 1.0 / median, 1e3 * median, 1e3 * step, step / median, f"{waiting:.2%}"])
    report.print_table(
        f"{settings.name}, batches of {settings.batch_size} pairs, {given.photo_size} px files, at {settings.side} px",
        ("photos", "batches/s", "ms/batch", "ms/step", "supply/demand", "step waits"),
        rows,
    )
    content = {"pipelines": results}
    report.write_json(given.output, content)


def _make_batches(settings: Settings, folder: str, **fields):
    """Returns the function from a step to its batch, as `cdaae_jax.train` makes it."""
    from cdaae_jax.config import Data
    from cdaae_jax.data import dataset as datasets
    from cdaae_jax.data.augmentation import Augmentation
    from cdaae_jax.data.pairs import PairSampler
    from cdaae_jax.data.pipeline import BatchMaker, Photos

    data = Data(manifests=("faces",), held_out=0, **fields)
    everyone = datasets.load(data, pathlib.Path(folder), settings.side)
    photos = Photos(everyone, settings.side, data.cache_gib)
    sampler = PairSampler(everyone, data.identity_share, data.flip)
    augment = Augmentation(data.shift, data.colour)
    return BatchMaker(everyone, photos, sampler, 0, settings.batch_size, augment=augment)


def _time(make, steps: range) -> float:
    began = time.perf_counter()
    for step in steps:
        make(step)
    return time.perf_counter() - began


def _train_step(settings: Settings):
    from benchmarks.peers import ours

    work = ours.TrainStep(settings, ours.make_weights(settings))
    work()  # compiles
    return work


def _feed(work, make, num_steps: int) -> tuple[float, float]:
    """Trains on the batches; returns seconds per step and the share of them that the step waited for its batch."""
    from cdaae_jax import parallel
    from cdaae_jax.data.pipeline import Prefetcher

    with Prefetcher(lambda step: parallel.shard(make(step), work.devices), range(num_steps + 1)) as batches:
        pipeline = iter(batches)
        batch = next(pipeline)  # no step runs while it is made
        work.step(batch)
        before, began = batches.waited, time.perf_counter()
        for batch in pipeline:
            work.step(batch)
        seconds = time.perf_counter() - began
        return seconds / num_steps, (batches.waited - before) / seconds


if __name__ == "__main__":
    main()
