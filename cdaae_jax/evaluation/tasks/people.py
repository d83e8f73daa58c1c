"""The people on whom models are judged: in the data of all models, and in the training of none."""

from collections.abc import Mapping, Sequence
from typing import Any

from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.errors import UserError, named
from cdaae_jax.training.warm_start import people_before

SPLITS = ("test", "validation")
_NEEDED = ("people", "fingerprint")  # what a checkpoint's meta must contain

Metas = Mapping[str, Mapping[str, Any]]


def people_to_judge(metas: Metas, split: str) -> tuple[str, ...]:
    """Returns the ids of the people whom the first model's training kept apart as a split.

    Models that were trained on the first so many people of a set (`data.max_people`) can be compared with each other.

    Args:
      metas: of the models' checkpoints, by the models' names.
      split: "test", or "validation" for decisions during development.

    Raises:
      UserError: another split, a checkpoint that does not say who was trained on, models of different data, nobody kept
        apart, or a model whose training used somebody who would be judged (for "test": also for its validation).
    """
    if split not in SPLITS:
        raise UserError(f"split is {split!r}; allowed: {', '.join(SPLITS)}")
    (first, first_meta), *_ = metas.items()
    for name, meta in metas.items():
        if lacking := [field for field in _NEEDED if field not in meta]:
            raise UserError(
                f"the checkpoint of {name} does not say who it was trained on (its meta has no {lacking[0]!r}): it was "
                "written by an older version of cdaae_jax; evaluate it with that version, or train again"
            )
        if meta["fingerprint"] != first_meta["fingerprint"]:
            raise UserError(
                f"{name} and {first} were trained on different data ({_manifests(meta)} and {_manifests(first_meta)}: "
                "other people, photos or labels); compare models that were trained on the same set"
            )
    judged = first_meta["people"][split]
    if not judged:
        raise UserError(
            f"the training of {first} kept nobody apart as {split}; train with config.data.held_out above 0 or a "
            "column `split` in the manifest, or choose the other one of --split=test and --split=validation"
        )
    for name, meta in metas.items():
        for part in ("train",) if split == "validation" else ("train", "validation"):
            before = people_before(meta) if part == "train" else ()
            if used := set(judged) & {*meta["people"][part], *before}:
                raise UserError(
                    f"{name} would be judged on {named(used)}, whom its training used (split {part}); compare models "
                    f"whose trainings keep the same people as {split}"
                )
    return tuple(judged)


def refuse_moved_data(metas: Metas, data: FaceDataset) -> None:
    """Checks that the data is what the models were trained on.

    Raises:
      UserError: people whom a checkpoint speaks of are missing (it names them), or other photos or labels are there.
    """
    for name, meta in metas.items():
        for part, people in meta["people"].items():
            if missing := set(people) - set(data.people):
                raise UserError(
                    f"{named(missing)} of the people whom {name} knows (split {part}) are not in the data "
                    f"({_manifests(meta)}): it has changed since the training, or lies elsewhere; name the folder of "
                    "the data that was trained on with --data_dir or the environment variable CDAAE_DATA"
                )
        if meta["fingerprint"] != data.fingerprint:
            raise UserError(
                f"the data ({_manifests(meta)}) has other photos or labels than {name} was trained on; name the folder "
                "of the data that was trained on, or train again"
            )


def kept_for_training(meta: Mapping[str, Any], people: Sequence[str]) -> tuple[str, ...]:
    """Returns those of `people` who are neither in the test part nor in the validation part of a model's training."""
    kept = {*meta["people"]["test"], *meta["people"]["validation"]}
    return tuple(person for person in people if person not in kept)


def _manifests(meta: Mapping[str, Any]) -> str:
    return ", ".join(meta["config"]["data"]["manifests"])
