"""Our training from photos in memory to updated parameters, put together as `cdaae_jax.training.loop` does."""

import contextlib
import dataclasses
import pathlib
import tempfile
from typing import Any

import jax

from benchmarks import inputs, people
from benchmarks.peers.ours import choose_devices, describe, make_step  # noqa: F401  (`describe` is asked of every peer)
from benchmarks.settings import Settings
from cdaae_jax import parallel
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data.pairs import PairSampler
from cdaae_jax.data.pipeline import BatchMaker, Photos, Prefetcher
from cdaae_jax.training import placing
from cdaae_jax.training.calls import calls

STEPS = 8  # of one call of `Training`
_ENDLESS = 10**9


class Training:
    """Takes `STEPS` steps at a time, on all devices that the batch divides by."""

    def __init__(self, settings: Settings, weights: inputs.Tree, steps_per_call: int, photos_on: str):
        """`steps_per_call` and `photos_on` are those of `config.run` and `config.data`."""
        config = settings.config()
        data = dataclasses.replace(config.data, manifests=("faces",), held_out=0, photos_on=photos_on)
        with tempfile.TemporaryDirectory() as folder:
            people.write(pathlib.Path(folder), 20, settings.side)
            everyone = datasets.load(data, pathlib.Path(folder), settings.side)
            photos = Photos(everyone, settings.side, data.cache_gib)
        sampler = PairSampler(everyone, data.identity_share, data.flip, data.neutral_source)
        batches = BatchMaker(everyone, photos, sampler, config.run.seed, settings.batch_size)
        devices = choose_devices(settings.batch_size)
        on_devices = placing.on_devices(data, photos, devices)
        make_batch = batches.chosen if on_devices else batches
        step, state = make_step(config, weights)
        self._state = parallel.replicate(state, devices)
        self._placed = parallel.replicate(placing.tables(photos, None) if on_devices else {}, devices)
        self._take = parallel.map_calls(step, placing.look_up, devices)
        self._calls = STEPS // steps_per_call

        def make_call(steps: range) -> Any:
            return parallel.shard_calls([make_batch(step - 1) for step in steps], devices)

        with contextlib.ExitStack() as stack:
            prefetcher = stack.enter_context(Prefetcher(make_call, calls(0, _ENDLESS, steps_per_call, ())))
            self._made = iter(prefetcher)
            self._stack = stack.pop_all()  # the threads end with this object
        self._first: dict[str, float] = {}

    def __call__(self) -> None:
        """Takes the steps and waits for the last."""
        for _ in range(self._calls):
            self._state, metrics = self._take(self._state, self._placed, next(self._made))
            self._first = self._first or {name: float(values[0]) for name, values in metrics.items()}
        jax.block_until_ready(self._state)

    def check(self) -> dict[str, float]:
        """Returns the losses that the very first step began with."""
        return self._first
