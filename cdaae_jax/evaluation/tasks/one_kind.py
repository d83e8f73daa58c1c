"""Models that know emotions and action units together, judged on one of the two: on photos that have such labels."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Float

from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.labels import LabelSpace
from cdaae_jax.models.generators import Generated
from cdaae_jax.sampling import Sampler

KINDS = {"emotion": "emotions", "au": "action units"}  # and what they are called in a report


def photos_of(data: FaceDataset, kind: str) -> FaceDataset | None:
    """Returns the photos that have labels of a kind, with these labels alone; None if there are none.

    Args:
      data: with labels of both kinds.
      kind: "emotion" or "au".
    """
    columns = _columns(data.space, kind)
    known = np.ones(data.labels.shape, bool) if data.known is None else data.known
    rows = np.flatnonzero(known[:, columns].any(axis=1))
    if not len(rows):
        return None
    some = data.rows(rows).with_labels(_space(data.space, kind))
    return dataclasses.replace(
        some,
        known=None if some.known is None or some.known.all() else some.known,
        set_of=None,  # nothing is drawn from them
        set_weights=(),
    )


def asked_for(sampler: Sampler, kind: str) -> Sampler:
    """Returns a model of both kinds as one that is asked for labels of one kind; the others are not given."""
    whole = sampler.labels
    generator = _OneKind(sampler.generator, tuple(_columns(whole, kind)), whole.size)
    return dataclasses.replace(
        sampler, generator=generator, params={"whole": sampler.params}, labels=_space(whole, kind)
    )


class _OneKind(nn.Module):
    """A generator whose labels are some of another's; the other entries are 0.

    Attributes:
      whole: the other.
      places: where the labels stand in those of the other.
      size: of the other's labels.
    """

    whole: nn.Module
    places: tuple[int, ...]
    size: int

    def __call__(self, photos: Float[jax.Array, "b s s 3"], labels: Float[jax.Array, "b l"]) -> Generated:
        everything = jnp.zeros((len(labels), self.size), labels.dtype)
        return self.whole(photos, everything.at[:, np.array(self.places)].set(labels))


def _columns(space: LabelSpace, kind: str) -> list[int]:
    return [k for k, name in enumerate(space.names) if space.is_unit(name) == (kind == "au")]


def _space(space: LabelSpace, kind: str) -> LabelSpace:
    return LabelSpace(kind, tuple(space.names[k] for k in _columns(space, kind)))
