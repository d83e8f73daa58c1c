"""A stronger shift for weights that are shared: folds that an L1 loss leaves too faint, made up for after training."""

import dataclasses

from cdaae_jax.errors import UserError
from cdaae_jax.sampling import Sampler

LARGEST = 4.0


def with_shift_gain(sampler: Sampler, gain: float) -> Sampler:
    """Returns a sampler whose changes shift colours `gain` times as far, and are otherwise the same.

    An L1 loss teaches medians: where a network is not sure of a fold, it draws a faint one. The last layer of the shift
    is linear, so that its weights times the gain are all it takes. `python -m studies.shift_gain` compares gains on
    validation people.

    Args:
      sampler: of a model that makes a shift from features (`models.decoder.ChangeDecoder`).
      gain: above 0, at most 4; 1 changes nothing.

    Returns:
      The sampler; its meta has `shift_gain`, the product with what was there.

    Raises:
      UserError: the gain is out of range, or the model has no such layer.
    """
    if not 0 < gain <= LARGEST:
        raise UserError(f"the gain of the shift is {gain:g}; allowed: above 0, at most {LARGEST:g}")
    if gain == 1:
        return sampler
    decoder = sampler.params.get("decoder", {})
    if "shift" not in decoder:
        raise UserError(
            "this model has no layer that makes a shift alone, so there is none to strengthen; leave it at 1"
        )
    layer = {name: values * gain for name, values in decoder["shift"].items()}
    params = {**sampler.params, "decoder": {**decoder, "shift": layer}}
    meta = {**sampler.meta, "shift_gain": gain * sampler.meta.get("shift_gain", 1.0)}
    return dataclasses.replace(sampler, params=params, meta=meta)
