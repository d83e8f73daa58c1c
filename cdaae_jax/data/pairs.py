"""Same-person pairs as a pure function of (seed, step), so that a restart needs no saved state."""

from typing import NamedTuple, NotRequired, TypedDict

import numpy as np
from jaxtyping import Bool, Float, Float16, Int, UInt8

from cdaae_jax.data.dataset import FaceDataset


class Pairs(NamedTuple):
    """The photos of one global batch.

    Attributes:
      source: [b], indices into the data set.
      target: [b], indices into the data set, each of the same person as its source.
      mirrored: [b], whether both photos are flipped left to right.
    """

    source: Int[np.ndarray, " b"]
    target: Int[np.ndarray, " b"]
    mirrored: Bool[np.ndarray, " b"]


class Batch(TypedDict):
    """Pairs of photos of the same person, numpy on the host and JAX arrays inside the step.

    Keys:
      source: the photo that is changed, 0..255.
      target: what the change should result in, 0..255.
      label: the target's label, see `cdaae_jax.labels`.
      label_known: which entries of it the data knows; only where it does not know all. The others are not looked at.
      maps, maps_known: the true change, see `data.maps.Maps`; only where a loss asks for it.
      place, place_known: the source's places on the mean face, see `data.places.Places`; only where a loss asks for it.
      shown, shown_known: the source's own label, and which entries of it the data knows, as the target's; only where a
        loss asks for it.
      lips, lips_known: where the source's lips are, see `data.mouths.Mouths`; only where a loss asks for it.
    """

    source: UInt8[np.ndarray, "n s s 3"]
    target: UInt8[np.ndarray, "n s s 3"]
    label: Float[np.ndarray, "n l"]
    label_known: NotRequired[Bool[np.ndarray, "n l"]]
    maps: NotRequired[Float16[np.ndarray, "n g g 4"]]
    maps_known: NotRequired[Float[np.ndarray, " n"]]
    place: NotRequired[Float16[np.ndarray, "n p p 2"]]
    place_known: NotRequired[Float[np.ndarray, " n"]]
    shown: NotRequired[Float[np.ndarray, "n l"]]
    shown_known: NotRequired[Bool[np.ndarray, "n l"]]
    lips: NotRequired[Float[np.ndarray, "n 2"]]
    lips_known: NotRequired[Float[np.ndarray, "n 2"]]


class Chosen(TypedDict):
    """A batch whose photos lie on the devices (`training.placing`): which ones, in place of the photos themselves.

    Keys:
      source_index, target_index: of the photos.
      mirrored: whether both are flipped left to right.
      label, label_known, shown, shown_known, lips, lips_known: as in `Batch`.
      maps_row, maps_known: see `data.maps.Maps.rows`; only where a loss asks for maps.
      place_row, place_known: see `data.places.Places.rows`; only where a loss asks for places.
    """

    source_index: Int[np.ndarray, " n"]
    target_index: Int[np.ndarray, " n"]
    mirrored: Bool[np.ndarray, " n"]
    label: Float[np.ndarray, "n l"]
    label_known: NotRequired[Bool[np.ndarray, "n l"]]
    maps_row: NotRequired[Int[np.ndarray, " n"]]
    maps_known: NotRequired[Float[np.ndarray, " n"]]
    place_row: NotRequired[Int[np.ndarray, " n"]]
    place_known: NotRequired[Float[np.ndarray, " n"]]
    shown: NotRequired[Float[np.ndarray, "n l"]]
    shown_known: NotRequired[Bool[np.ndarray, "n l"]]
    lips: NotRequired[Float[np.ndarray, "n 2"]]
    lips_known: NotRequired[Float[np.ndarray, "n 2"]]


class PairSampler:
    """Draws a person, one of the person's labels, a photo with this label as target, and any other photo as source.

    People and labels are drawn uniformly, so that neither a person nor an expression with many photos outweighs the
    others; people by the weights of their sets instead, if the data set has weights. In a share of the pairs the source
    is the target itself, and the right difference is zero.
    """

    def __init__(self, dataset: FaceDataset, identity_share: float, flip: bool, neutral_source: float = 0.0):
        """Prepares to draw.

        Args:
          dataset: the photos.
          identity_share: 0..1, the share of pairs whose source is the target itself.
          flip: whether to mirror half of the pairs that may be.
          neutral_source: 0..1, the share of the other pairs whose source is the person's most neutral photo.
        """
        label_ids = _ranks(dataset.labels)
        # Sorted by person and label: every person, and every (person, label) group, is one stretch of `_order`.
        self._order = np.lexsort((label_ids, dataset.person))
        person = dataset.person[self._order]
        self._person_start, self._person_size = _runs(person)
        group_start, self._group_size = _runs(np.stack([person, label_ids[self._order]], axis=1))
        self._group_start = group_start
        self._first_group, self._num_groups = _runs(person[group_start])
        self._identity_share = identity_share
        self._up_to = None if dataset.set_of is None else np.cumsum(dataset.shares())
        self._neutral = np.argsort(self._order)[dataset.most_neutral()] if neutral_source else None
        self._neutral_source = neutral_source
        # In a mirror a one-sided face would be shown under a label that is not its own.
        one_sided = (dataset.labels[:, dataset.space.one_sided] != 0).any(axis=1)
        self._may_flip = flip & ~one_sided[self._order]

    def draw(self, seed: int, step: int, batch_size: int) -> Pairs:
        """Returns the pairs of one step; the same arguments give the same pairs, always and everywhere."""
        uniform = np.random.default_rng([seed, step]).random((7, batch_size))
        if self._up_to is None:
            person = _scale(uniform[0], len(self._person_start))
        else:
            person = np.searchsorted(self._up_to[:-1], uniform[0], side="right")
        group = self._first_group[person] + _scale(uniform[1], self._num_groups[person])
        target = self._group_start[group] + _scale(uniform[2], self._group_size[group])
        start, size = self._person_start[person], self._person_size[person]
        other = start + (target - start + 1 + _scale(uniform[3], size - 1)) % size
        if self._neutral is not None:
            neutral = self._neutral[person]
            # Where the target is the neutral photo, the source must be another one, or no pair would lead there.
            other = np.where((uniform[6] < self._neutral_source) & (neutral != target), neutral, other)
        source = np.where(uniform[4] < self._identity_share, target, other)
        mirrored = (uniform[5] < 0.5) & self._may_flip[source] & self._may_flip[target]
        return Pairs(self._order[source], self._order[target], mirrored)


def _scale(uniform: np.ndarray, size: np.ndarray | int) -> Int[np.ndarray, " b"]:
    return (uniform * size).astype(np.int64)


def _ranks(labels: Float[np.ndarray, "n l"]) -> Int[np.ndarray, " n"]:
    """Returns the rank of each label vector among the different ones."""
    # A set has few different vectors, and sorting all rows would take seconds with a million photos.
    rows = np.ascontiguousarray(labels).view(f"V{labels.dtype.itemsize * labels.shape[1]}").ravel().tolist()
    index_of = {row: i for i, row in enumerate(dict.fromkeys(rows))}
    different = np.frombuffer(b"".join(index_of), labels.dtype).reshape(-1, labels.shape[1])
    _, ranks = np.unique(different, axis=0, return_inverse=True)
    return ranks.reshape(-1)[np.fromiter(map(index_of.__getitem__, rows), np.int64, len(rows))]


def _runs(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns start and length of each run of equal rows."""
    keys = keys.reshape(len(keys), -1)
    starts = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)])
    return starts, np.diff(np.r_[starts, len(keys)])
