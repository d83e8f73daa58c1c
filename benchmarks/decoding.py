"""Photos that do not fit in memory: pairs per second by our prefetching threads and by grain's threads and processes.

pip install grain; python -m benchmarks.decoding --output=decoding.json

All make the same batches with the same code (`BatchMaker`, each photo decoded anew) and hand them over in order.
"""

import pathlib
import tempfile
import time

from benchmarks import flags, harness, people, report


def main() -> None:
    parser = flags.parser(__doc__)
    parser.add_argument("--image_size", type=int, default=64)
    parser.add_argument("--batch_size", type=int, default=32, help="pairs per step")
    parser.add_argument("--photo_size", type=int, default=256, help="pixels of the files")
    parser.add_argument("--people", type=int, default=60, help="made-up people, with 7 photos each")
    parser.add_argument("--steps", type=int, default=60, help="steps of a turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each")
    parser.add_argument("--processes", type=int, default=2, help="of grain")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        people.write(pathlib.Path(folder), given.people, given.photo_size)
        make = _maker(given, folder)
        feeds = {
            "one thread": lambda: _ours(make, given.steps, threads=1),
            "our threads": lambda: _ours(make, given.steps),
            "grain, threads": lambda: _grain(make, given.steps),
            f"grain, {given.processes} processes": lambda: _grain(make, given.steps, given.processes),
        }
        seconds: dict[str, list[float]] = {name: [] for name in feeds}
        first: dict[str, list[float]] = {name: [] for name in feeds}
        for _ in range(given.rounds):
            for name, feed in feeds.items():
                began = time.perf_counter()
                batches = iter(feed())
                next(batches)
                ready = time.perf_counter()
                count = sum(1 for _ in batches)
                seconds[name].append((time.perf_counter() - ready) / count)
                first[name].append(ready - began)
    results = {
        name: {
            "pairs_per_second": given.batch_size / harness.spread(seconds[name])["median"],
            "seconds_to_first_batch": harness.spread(first[name])["median"],
        }
        for name in feeds
    }
    report.print_table(
        f"batches of {given.batch_size} pairs of {given.photo_size} px files, {given.image_size} px network",
        ("fed by", "pairs/s", "s to the first"),
        [[name, *row.values()] for name, row in results.items()],
    )
    report.write_json(given.output, {"feeds": results})


def _maker(given, folder: str):
    from cdaae_jax.config import Data
    from cdaae_jax.data import dataset as datasets
    from cdaae_jax.data.pairs import PairSampler
    from cdaae_jax.data.pipeline import BatchMaker, Photos

    everyone = datasets.load(Data(manifests=("faces",), held_out=0), pathlib.Path(folder), given.image_size)
    photos = Photos(everyone, given.image_size, cache_gib=0.0)
    return BatchMaker(everyone, photos, PairSampler(everyone, 0.1, True), 0, given.batch_size)


def _ours(make, steps: int, **options):
    from cdaae_jax.data.pipeline import Prefetcher

    with Prefetcher(make, range(steps), **options) as batches:
        yield from batches


class _Remade:
    """A batch maker that travels to another process: thread pools do not, so each process makes its own."""

    def __init__(self, make):
        self.make = make

    def __call__(self, step: int):
        return self.make(step)

    def __getstate__(self):
        maker = self.make
        return maker._dataset, maker._photos._image_size, maker._batch_size

    def __setstate__(self, state):
        from cdaae_jax.data.pairs import PairSampler
        from cdaae_jax.data.pipeline import BatchMaker, Photos

        dataset, image_size, batch_size = state
        self.make = BatchMaker(
            dataset, Photos(dataset, image_size, 0.0), PairSampler(dataset, 0.1, True), 0, batch_size
        )


def _grain(make, steps: int, processes: int = 0):
    import grain
    from absl import flags as absl_flags

    absl_flags.FLAGS.mark_as_parsed()  # grain asks for flags of its own
    batches = grain.MapDataset.range(steps).map(_Remade(make))
    threads = grain.ReadOptions(num_threads=4, prefetch_buffer_size=6)
    feed = batches.to_iter_dataset(threads)
    if processes:
        feed = feed.mp_prefetch(grain.MultiprocessingOptions(num_workers=processes))
    yield from feed


if __name__ == "__main__":
    main()
