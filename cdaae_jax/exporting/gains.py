"""A stronger change for weights that are shared: what an L1 loss leaves too faint, made up for after training."""

import dataclasses
from typing import NamedTuple

from cdaae_jax.errors import UserError
from cdaae_jax.sampling import Sampler

LARGEST = 4.0


class Gains(NamedTuple):
    """How much stronger than after training a model's changes are; 1 is as they were.

    Attributes:
      shift: of colours: folds and shadows.
      flow: of what moves, before the flow's bound (`model.flow_reach`).
    """

    shift: float = 1.0
    flow: float = 1.0


UNCHANGED = Gains()


def with_gains(sampler: Sampler, gains: Gains) -> Sampler:
    """Returns a sampler whose changes are stronger, and otherwise the same.

    An L1 loss teaches medians: where a network is not sure of a fold, it draws a faint one, and where it is not sure
    how far a corner of the mouth goes, it goes less far. The last layers are linear, so that their weights times the
    gain are all it takes. `python -m studies.gains` compares gains on validation people.

    Args:
      sampler: of a model that makes shift and flow from features (`models.decoder.ChangeDecoder`).
      gains: each above 0, at most 4.

    Returns:
      The sampler; its meta has `shift_gain` and `flow_gain`, the products with what was there.

    Raises:
      UserError: a gain is out of range, or the model has no such layer.
    """
    for head, gain in gains._asdict().items():
        sampler = _with_gain(sampler, head, gain)
    return sampler


def _with_gain(sampler: Sampler, head: str, gain: float) -> Sampler:
    if not 0 < gain <= LARGEST:
        raise UserError(f"the gain of the {head} is {gain:g}; allowed: above 0, at most {LARGEST:g}")
    if gain == 1:
        return sampler
    decoder = sampler.params.get("decoder", {})
    if head not in decoder:
        raise UserError(
            f"this model has no layer that makes a {head} alone, so there is none to strengthen; leave its gain at 1"
        )
    layer = {name: values * gain for name, values in decoder[head].items()}
    params = {**sampler.params, "decoder": {**decoder, head: layer}}
    told = f"{head}_gain"
    meta = {**sampler.meta, told: gain * sampler.meta.get(told, 1.0)}
    return dataclasses.replace(sampler, params=params, meta=meta)
