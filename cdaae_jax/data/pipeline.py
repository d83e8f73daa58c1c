"""Batches of uint8 pairs, made in a background thread while the devices compute."""

import concurrent.futures
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from jaxtyping import UInt8

from cdaae_jax import images
from cdaae_jax.data import augmentation
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.data.maps import Maps
from cdaae_jax.data.pairs import Batch, PairSampler


class Photos:
    """The photos of a data set at the network's size, kept in memory if they fit, else decoded each time."""

    def __init__(self, dataset: FaceDataset, image_size: int, cache_gib: float):
        """Decodes all photos at once if they take at most `cache_gib` GiB.

        Raises:
          UserError: a photo cannot be read.
        """
        self._dataset = dataset
        self._image_size = image_size
        self._pool = concurrent.futures.ThreadPoolExecutor(thread_name_prefix="decode")
        self._cache = None
        if len(dataset) * image_size * image_size * 3 <= cache_gib * 2**30:
            self._cache = self._decode(np.arange(len(dataset)))

    @property
    def cached(self) -> bool:
        """Whether all photos are in memory."""
        return self._cache is not None

    def __getitem__(self, indices: np.ndarray) -> UInt8[np.ndarray, "n s s 3"]:
        return self._decode(indices) if self._cache is None else self._cache[indices]

    def _decode(self, indices: np.ndarray) -> UInt8[np.ndarray, "n s s 3"]:
        pictures = np.empty((len(indices), self._image_size, self._image_size, 3), np.uint8)

        def decode(place: int, index: int) -> None:
            pictures[place] = images.fit(self._dataset.records[index].load(), self._image_size)

        # Exhausting the iterator raises here what a thread raised. Each picture is written straight to its place, so
        # that it is in memory only once.
        list(self._pool.map(decode, range(len(indices)), indices))
        return pictures


class BatchMaker:
    """Makes this process's share of the batch of any step, as a pure function of (seed, step)."""

    def __init__(
        self,
        dataset: FaceDataset,
        photos: Photos,
        sampler: PairSampler,
        seed: int,
        batch_size: int,
        process_index: int = 0,
        process_count: int = 1,
        augment: augmentation.Augmentation = augmentation.NONE,
        maps: Maps | None = None,
    ):
        """`batch_size` counts the pairs of all processes; process i takes the i-th of `process_count` equal parts."""
        self._dataset = dataset
        self._photos = photos
        self._sampler = sampler
        self._seed = seed
        self._batch_size = batch_size
        self._augment = augment
        self._maps = maps
        share = batch_size // process_count
        self._mine = slice(process_index * share, (process_index + 1) * share)

    def __call__(self, step: int) -> Batch:
        """Returns numpy arrays, see `cdaae_jax.data.pairs.Batch`."""
        pairs = self._sampler.draw(self._seed, step, self._batch_size)
        source, target, mirrored = (part[self._mine] for part in pairs)
        pictures = self._photos[np.concatenate([source, target])]
        both = np.concatenate([mirrored, mirrored])
        pictures = np.where(both[:, None, None, None], pictures[:, :, ::-1], pictures)
        pictures = pictures.reshape(2, len(source), *pictures.shape[1:])
        pictures = self._augment(pictures, self._seed, step, self._batch_size, self._mine)
        batch = Batch(source=pictures[0], target=pictures[1], label=self._dataset.labels[target])
        if self._dataset.known is not None:
            batch["label_known"] = self._dataset.known[target]
        if self._maps:
            batch["maps"], batch["maps_known"] = self._maps(source, target, mirrored)
        return batch


class Prefetcher:
    """Iterates over make(step) for start <= step < stop, made in a thread a few steps ahead of the consumer.

    Use it as a context manager, so that the thread ends with the loop. An exception in `make` is raised in the
    consumer.

    Attributes:
      waited: seconds that the consumer has spent waiting so far.
    """

    def __init__(self, make: Callable[[int], Any], start: int, stop: int, ahead: int = 2):
        self.waited = 0.0
        self._queue: queue.Queue = queue.Queue(ahead)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._produce, args=(make, start, stop), name="prefetch", daemon=True)
        self._count = stop - start

    def __enter__(self) -> "Prefetcher":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopped.set()
        self._thread.join()

    def __iter__(self) -> Iterator[Any]:
        for _ in range(self._count):
            began = time.perf_counter()
            item = self._queue.get()
            self.waited += time.perf_counter() - began
            if isinstance(item, _Failure):
                raise item.error
            yield item

    def _produce(self, make: Callable[[int], Any], start: int, stop: int) -> None:
        for step in range(start, stop):
            try:
                item = make(step)
            except Exception as error:  # handed on to the consumer, which raises it
                item = _Failure(error)
            while not self._stopped.is_set():
                try:
                    self._queue.put(item, timeout=0.1)
                    break
                except queue.Full:
                    continue
            if self._stopped.is_set() or isinstance(item, _Failure):
                return


class _Failure:
    def __init__(self, error: Exception):
        self.error = error
