"""A training that starts from another one's generator, for other people, other labels or a second phase."""

import logging
import pathlib
from typing import Any, NamedTuple

import jax
import numpy as np

from cdaae_jax import pretrained
from cdaae_jax.data.dataset import Split
from cdaae_jax.errors import UserError, named
from cdaae_jax.models import change
from cdaae_jax.state import TrainState

_ATLAS_FLOW = "['atlas']['flow']"
_LOG = logging.getLogger(__name__)


class Origin(NamedTuple):
    """Where a training started from; checkpoints keep it in their meta.

    Attributes:
      checkpoint: as it was named.
      step: of that checkpoint.
      people: the ids of all whom the generator had been trained on by then, sorted.
    """

    checkpoint: str
    step: int
    people: list[str]


def start_from(state: TrainState, name: str, split: Split) -> tuple[TrainState, Origin]:
    """Returns the state with another training's generator in it, and who that one had seen.

    Parameters of the same name and shape are taken over, and an atlas's flow on another grid is brought to this one's
    (`model.atlas_detail`); what is different, such as the layers that read the label when there are other labels,
    starts anew. Discriminators and optimizers start anew.

    Args:
      state: a new one, numpy leaves.
      name: a workdir (its newest undamaged checkpoint), one checkpoint's own folder, an export, or the name of a model
        that ships.
      split: of the new training.

    Raises:
      UserError: there is no such model, nothing in it fits, or it was trained on somebody who is kept apart here.
    """
    params, meta = pretrained.read(pathlib.Path(name) if pathlib.Path(name).is_dir() else pretrained.find(name))
    seen = sorted({*meta["people"]["train"], *people_before(meta)})
    kept_apart = {*split.validation.people, *split.test.people}
    if judged := sorted(kept_apart & set(seen)):
        raise UserError(
            f"config.run.start_from: {name} was trained on {named(judged)}, who are kept for "
            "validation or test here; start from a training that never saw them, split the people in the same way, or "
            "rename subjects who are other people"
        )
    theirs = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(params)}
    new: list[str] = []

    def take(path: Any, leaf: np.ndarray) -> np.ndarray:
        key = jax.tree_util.keystr(path)
        other = theirs.get(key)
        if other is not None and key == _ATLAS_FLOW and len(other) == len(leaf):
            other = change.enlarge(other, *leaf.shape[1:3])
        if other is None or other.shape != leaf.shape:
            new.append(jax.tree_util.keystr(path, simple=True, separator="."))
            return leaf
        return np.asarray(other, leaf.dtype)

    generator = jax.tree_util.tree_map_with_path(take, state.params["generator"])
    total = len(jax.tree.leaves(generator))
    if len(new) == total:
        raise UserError(f"config.run.start_from: nothing in {name} has a shape of this model's; it is another network")
    _LOG.info("starting from %s, step %d; new: %s", name, meta["step"], ", ".join(new) or "nothing")
    state = state.replace(params=state.params | {"generator": generator}, ema=jax.tree.map(np.copy, generator))
    return state, Origin(name, int(meta["step"]), seen)


def people_before(meta: Any) -> list[str]:
    """Returns the people of the trainings that a checkpoint's own training started from."""
    origin = meta.get("origin")
    return origin["people"] if origin else []
