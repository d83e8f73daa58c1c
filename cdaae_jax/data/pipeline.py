"""Batches of uint8 pairs, made in background threads while the devices compute."""

import collections
import concurrent.futures
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from jaxtyping import UInt8

from cdaae_jax import cores, images
from cdaae_jax.data import augmentation
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.data.maps import Maps
from cdaae_jax.data.mouths import Mouths
from cdaae_jax.data.pairs import Batch, Chosen, Pairs, PairSampler
from cdaae_jax.data.places import Places

# So many photos are decoded before training starts, in seconds. Of a larger set each is decoded when it is first drawn,
# or a million photos would keep the devices waiting for minutes.
AT_ONCE = 20_000
# Steps that are made at the same time. More would not help: the photos of each are decoded by a thread per core.
THREADS = min(4, cores.usable())


class Photos:
    """The photos of a data set at the network's size, kept in memory if they fit, else decoded each time.

    Several threads may ask at the same time.
    """

    def __init__(self, dataset: FaceDataset, image_size: int, cache_gib: float, at_once: int = AT_ONCE):
        """Decodes all photos, if there are no more than `at_once` and they take at most `cache_gib` GiB.

        Raises:
          UserError: a photo cannot be read.
        """
        self._dataset = dataset
        self._image_size = image_size
        self._pool = concurrent.futures.ThreadPoolExecutor(thread_name_prefix="decode")
        self._cache = None
        if len(dataset) * image_size * image_size * 3 <= cache_gib * 2**30:
            self._cache = self._empty(len(dataset))  # the system gives memory to the parts that are written
            self._decoded = np.zeros(len(dataset), bool)
            if len(dataset) <= at_once:
                self._keep(np.arange(len(dataset)))

    @property
    def cached(self) -> bool:
        """Whether photos stay in memory once they are decoded."""
        return self._cache is not None

    @property
    def complete(self) -> UInt8[np.ndarray, "n s s 3"] | None:
        """All photos, if all of them are in memory and decoded."""
        return self._cache if self._cache is not None and self._decoded.all() else None

    def __getitem__(self, indices: np.ndarray) -> UInt8[np.ndarray, "n s s 3"]:
        if self._cache is None:
            pictures = self._empty(len(indices))
            self._decode(indices, pictures, range(len(indices)))
            return pictures
        self._keep(np.unique(indices[~self._decoded[indices]]))
        return self._cache[indices]

    def _empty(self, count: int) -> UInt8[np.ndarray, "n s s 3"]:
        return np.empty((count, self._image_size, self._image_size, 3), np.uint8)

    def _keep(self, indices: np.ndarray) -> None:
        self._decode(indices, self._cache, indices)
        self._decoded[indices] = True  # only now, because another thread trusts it

    def _decode(self, indices: Iterable[int], pictures: np.ndarray | None, places: Iterable[int]) -> None:
        assert pictures is not None

        def decode(place: int, index: int) -> None:
            pictures[place] = images.fit(self._dataset.records[index].load(), self._image_size)

        # Exhausting the iterator raises here what a thread raised. Each picture is written straight to its place, so
        # that it is in memory only once.
        list(self._pool.map(decode, places, indices))


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
        places: Places | None = None,
        shown: bool = False,
        mouths: Mouths | None = None,
    ):
        """`batch_size` counts the pairs of all processes; process i takes the i-th of `process_count` equal parts.

        `shown` asks for the sources' labels, too.
        """
        self._dataset = dataset
        self._photos = photos
        self._sampler = sampler
        self._seed = seed
        self._batch_size = batch_size
        self._augment = augment
        self._maps = maps
        self._places = places
        self._shown = shown
        self._mouths = mouths
        share = batch_size // process_count
        self._mine = slice(process_index * share, (process_index + 1) * share)

    def chosen(self, step: int) -> Chosen:
        """Returns which photos the batch of a step takes, numpy arrays."""
        source, target, mirrored = self._pairs(step)
        batch = Chosen(
            source_index=source.astype(np.int32),
            target_index=target.astype(np.int32),
            mirrored=mirrored,
            label=self._dataset.labels[target],
        )
        self._add_known(batch, source, target)
        if self._maps:
            row, batch["maps_known"] = self._maps.rows(source, target)
            batch["maps_row"] = row.astype(np.int32)
        if self._places:
            row, batch["place_known"] = self._places.rows(source)
            batch["place_row"] = row.astype(np.int32)
        return batch

    def __call__(self, step: int) -> Batch:
        """Returns numpy arrays, see `cdaae_jax.data.pairs.Batch`."""
        source, target, mirrored = self._pairs(step)
        pictures = self._photos[np.concatenate([source, target])]
        both = np.concatenate([mirrored, mirrored])
        pictures = np.where(both[:, None, None, None], pictures[:, :, ::-1], pictures)
        pictures = pictures.reshape(2, len(source), *pictures.shape[1:])
        pictures = self._augment(pictures, self._seed, step, self._batch_size, self._mine)
        batch = Batch(source=pictures[0], target=pictures[1], label=self._dataset.labels[target])
        self._add_known(batch, source, target)
        if self._maps:
            batch["maps"], batch["maps_known"] = self._maps(source, target, mirrored)
        if self._places:
            batch["place"], batch["place_known"] = self._places(source, mirrored)
        return batch

    def _add_known(self, batch: Batch | Chosen, source: np.ndarray, target: np.ndarray) -> None:
        """Adds what is the same wherever the photos lie: which labels are known, and what the sources show if asked."""
        if self._shown:
            batch["shown"] = self._dataset.labels[source]
        if self._mouths:
            batch["lips"], batch["lips_known"] = self._mouths(source)
        if self._dataset.known is not None:
            batch["label_known"] = self._dataset.known[target]
            if self._shown:
                batch["shown_known"] = self._dataset.known[source]

    def _pairs(self, step: int) -> Pairs:
        pairs = self._sampler.draw(self._seed, step, self._batch_size)
        return Pairs(*(part[self._mine] for part in pairs))


class Prefetcher:
    """Iterates over make(item) for each item, made in threads a few items ahead of the consumer.

    Use it as a context manager, so that the threads end with the loop. An exception in `make` is raised in the
    consumer, after the items before it.

    Attributes:
      waited: seconds that the consumer has spent waiting so far.
    """

    def __init__(
        self,
        make: Callable[[Any], Any],
        items: Iterable[Any],
        ahead: int = 2,
        threads: int = THREADS,
    ):
        """`ahead` of what was made waits for the consumer, and up to `threads` more are being made."""
        self.waited = 0.0
        self._make = make
        self._items = iter(items)
        self._under_way: collections.deque[concurrent.futures.Future] = collections.deque()
        self._most = ahead + threads
        self._pool = concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="prefetch")

    def __enter__(self) -> "Prefetcher":
        self._begin()
        return self

    def __exit__(self, *_) -> None:
        self._pool.shutdown(cancel_futures=True)

    def __iter__(self) -> Iterator[Any]:
        while self._under_way:
            began = time.perf_counter()
            item = self._under_way.popleft().result()
            self.waited += time.perf_counter() - began
            self._begin()
            yield item

    def _begin(self) -> None:
        for item in itertools.islice(self._items, self._most - len(self._under_way)):
            self._under_way.append(self._pool.submit(self._make, item))
