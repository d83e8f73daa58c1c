"""Stronger changes for weights that are shared: what training leaves too faint, made up for in the weights."""

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from cdaae_jax.errors import UserError
from cdaae_jax.labels import MAX_EMOTION, LabelSpace
from cdaae_jax.models.atlas import MAPS
from cdaae_jax.sampling import Sampler

LARGEST = 4.0
_LABEL_LAYER = "label_"
_MAP_OF = {"shift": "light", "flow": "flow"}  # which of an atlas's maps is what a decoder's layer makes


class Gains(NamedTuple):
    """How much stronger than after training a model's changes are; 1 is as they were.

    Attributes:
      shift: of colours: folds and shadows.
      flow: of what moves, before the flow's bound (`model.flow_reach`).
      labels: by the name of an emotion or action unit, how much of it a label of 1 asks for.
    """

    shift: float = 1.0
    flow: float = 1.0
    labels: Mapping[str, float] = types.MappingProxyType({})


UNCHANGED = Gains()


def label_gains(text: str) -> dict[str, float]:
    """Returns the gains that "angry=1.2,sad=1.1" names; an empty text names none.

    Raises:
      UserError: it names something else.
    """
    try:
        pairs = [(name.strip(), float(gain)) for name, gain in (one.split("=") for one in text.split(",") if text)]
    except ValueError:
        raise UserError(f"the gains of labels {text!r} cannot be read; write LABEL=GAIN,LABEL=GAIN") from None
    if len(dict(pairs)) < len(pairs):
        raise UserError(f"the gains of labels {text!r} name a label twice; write LABEL=GAIN,LABEL=GAIN, each once")
    return dict(pairs)


def with_gains(sampler: Sampler, gains: Gains) -> Sampler:
    """Returns a sampler whose changes are stronger, and otherwise the same.

    An L1 loss teaches medians: where a network is not sure of a fold, it draws a faint one, and where it is not sure
    how far a corner of the mouth goes, it goes less far; and it is less sure of some expressions than of others. The
    layers that make shift and flow are linear in their features, and those that read the label are linear in it, as is
    an atlas, so that their weights times the gain are all it takes. `python -m studies.gains` compares gains on
    validation people.

    Args:
      sampler: of a model that makes shift and flow from features (`models.decoder.ChangeDecoder`).
      gains: of shift and flow each above 0, at most 4; of labels above 0, at most 1.5, which is the most that a label
        may ask for.

    Returns:
      The sampler; its meta has `shift_gain`, `flow_gain` and `label_gains`, the products with what was there.

    Raises:
      UserError: a gain is out of range, a label is unknown, or the model has no such layer.
    """
    for head, gain in (("shift", gains.shift), ("flow", gains.flow)):
        sampler = _with_gain(sampler, head, gain)
    return _with_label_gains(sampler, gains.labels)


def _with_gain(sampler: Sampler, head: str, gain: float) -> Sampler:
    if not 0 < gain <= LARGEST:
        raise UserError(f"the gain of the {head} is {gain:g}; allowed: above 0, at most {LARGEST:g}")
    if gain == 1:
        return sampler
    params = dict(sampler.params)
    decoder, atlas = params.get("decoder", {}), params.get("atlas", {})
    if head in decoder:
        params["decoder"] = {**decoder, head: {name: values * gain for name, values in decoder[head].items()}}
    if atlas:
        params["atlas"] = {**atlas, _MAP_OF[head]: atlas[_MAP_OF[head]] * gain}
    if head not in decoder and not atlas:
        raise UserError(
            f"this model has no layer that makes a {head} alone, so there is none to strengthen; leave its gain at 1"
        )
    told = f"{head}_gain"
    meta = {**sampler.meta, told: gain * (sampler.meta.get(told) or 1.0)}
    return dataclasses.replace(sampler, params=params, meta=meta)


def _with_label_gains(sampler: Sampler, gains: Mapping[str, float]) -> Sampler:
    asked = _asked(sampler.labels, gains)
    if not gains:
        return sampler
    decoder = dict(sampler.params.get("decoder", {}))
    if "dense" not in decoder:
        raise UserError("this model has no decoder that reads labels by itself; leave out the gains of labels")
    for name, layer in decoder.items():
        if name == "dense" or name.startswith(_LABEL_LAYER):
            latent_size = sampler.meta["config"]["model"]["latent_size"] if name == "dense" else 0
            decoder[name] = {**layer, "kernel": _told(layer["kernel"], asked, latent_size)}
    params = {**sampler.params, "decoder": decoder}
    if "atlas" in params:
        atlas = params["atlas"]
        maps = {name: np.einsum("lm,mhwc->lhwc", asked, atlas[name]) for name in MAPS if name in atlas}
        params["atlas"] = {**atlas, **maps}
    before = sampler.meta.get("label_gains") or {}
    told = before | {name: gain * before.get(name, 1.0) for name, gain in gains.items()}
    return dataclasses.replace(sampler, params=params, meta={**sampler.meta, "label_gains": told})


def _asked(space: LabelSpace, gains: Mapping[str, float]) -> Float[np.ndarray, "l l"]:
    """Returns, by rows, what to tell the network for a label of 1 alone.

    More of an emotion is less of neutral, as everywhere (`LabelSpace.parse`).
    """
    asked = np.eye(space.size, dtype=np.float32)
    for name, gain in gains.items():
        if name not in space.names or name == "neutral":
            allowed = ", ".join(known for known in space.names if known != "neutral")
            raise UserError(f"there is no gain of the label {name!r}; allowed: {allowed}")
        if not 0 < gain <= MAX_EMOTION:
            raise UserError(f"the gain of the label {name} is {gain:g}; allowed: above 0, at most {MAX_EMOTION:g}")
        row = space.names.index(name)
        asked[row, row] = gain
        if "neutral" in space.names and not space.is_unit(name):
            asked[row, space.names.index("neutral")] = 1.0 - gain
    return asked


def _told(kernel: Any, asked: Float[np.ndarray, "l l"], latent_size: int) -> Float[np.ndarray, "i o"]:
    """Returns a dense layer's kernel that does with a label what the given one does with `label @ asked`.

    The first `latent_size` of its inputs are no label.
    """
    kernel = np.asarray(kernel)
    label = kernel[latent_size:].reshape(-1, len(asked), kernel.shape[-1])  # the label may be tiled
    return np.concatenate([kernel[:latent_size], np.einsum("lm,rmo->rlo", asked, label).reshape(-1, kernel.shape[-1])])
