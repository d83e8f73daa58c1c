"""Whether a run may be continued: it needs the same model, the same people in the same parts, and the same photos."""

import logging
import pathlib
from collections.abc import Mapping, Sequence

from cdaae_jax import checkpoint
from cdaae_jax.config import Config
from cdaae_jax.config_fields import completed, differences, to_dict
from cdaae_jax.data.dataset import Split
from cdaae_jax.errors import UserError
from cdaae_jax.labels import LabelSpace

_LOG = logging.getLogger(__name__)
_SHOWN = 3  # how many people are named; the others are counted


def refuse_other_run(workdir: pathlib.Path, config: Config, space: LabelSpace, split: Split) -> None:
    """Compares what is asked for with what the newest checkpoint in `workdir` holds, if there is one.

    Other training settings are accepted and logged. Where the data lies does not matter.

    Raises:
      UserError: another model, other labels, people who are new, gone or in another part of the split (a person who was
        trained on could be judged on), or other photos or labels of the same people.
    """
    meta = checkpoint.read_meta(workdir)
    if meta is None:
        return
    ours, theirs = to_dict(config), completed(meta["config"])
    labels = {"kind": space.kind, "names": list(space.names)}
    fixed = differences(
        {"model": ours["model"], "labels": labels}, {"model": theirs["model"], "labels": meta["labels"]}
    )
    if fixed:
        raise UserError(f"{workdir} holds a run of another model ({'; '.join(fixed)}); choose another --workdir")
    changed = differences(ours, theirs)
    if moved := _moved(split.people(), meta["people"]):
        raise UserError(f"{workdir} holds a run with other people ({moved}); {_advice(changed)}")
    if split.train.fingerprint != meta["fingerprint"]:
        raise UserError(f"{workdir} holds a run with other photos or labels of the same people; {_advice(changed)}")
    for line in changed:
        _LOG.warning("continuing a run with a changed configuration: config.%s in the run so far", line)


def _moved(ours: Mapping[str, Sequence[str]], theirs: Mapping[str, Sequence[str]]) -> str:
    """Returns who is in another part here than there, as text; "" if nobody is."""
    here, there = ({person: part for part, people in parts.items() for person in people} for parts in (ours, theirs))
    moved = [person for person in sorted(here.keys() | there.keys()) if here.get(person) != there.get(person)]
    named = [f"{person}: {here.get(person, 'absent')} here, {there.get(person, 'absent')} there" for person in moved]
    more = [f"{len(moved) - _SHOWN} more"] if len(moved) > _SHOWN else []
    return "; ".join(named[:_SHOWN] + more)


def _advice(changed: Sequence[str]) -> str:
    suspects = [line for line in changed if line.startswith("data.")]
    cause = f"the configuration differs in {'; '.join(suspects)}" if suspects else "the data was changed"
    return f"{cause}; use the data of that run, or choose another --workdir"
