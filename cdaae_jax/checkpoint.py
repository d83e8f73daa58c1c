"""Checkpoints: the only file that imports orbax.

A checkpoint is a folder workdir/checkpoints/STEP with three items: `model` (what sampling needs: the generator's
averaged parameters), `train` (the rest of the training state) and `meta` (JSON: configuration, labels, versions and a
check sum of each item, because compressed arrays with a flipped bit would be read without a complaint).
Arrays are numpy on both sides, so a checkpoint does not know on how many devices it was written.
"""

import contextlib
import importlib.metadata
import logging
import pathlib
import sys
import time
import zlib
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from cdaae_jax.config import Config, to_dict
from cdaae_jax.errors import UserError
from cdaae_jax.labels import LabelSpace
from cdaae_jax.state import TrainState

Tree = Any
_LOG = logging.getLogger(__name__)
_FOLDER = "checkpoints"
# What orbax, tensorstore and json raise for files that are cut short, altered or gone.
_DAMAGE = (ValueError, OSError, KeyError)


class Checkpointer:
    """Writes the checkpoints of one run in the background, and keeps the newest few.

    A context manager: leaving it, for whatever reason, waits until what was begun is on disk.
    """

    def __init__(self, workdir: pathlib.Path, keep: int):
        """Opens workdir/checkpoints, which is made if missing; at most `keep` checkpoints stay."""
        options = ocp.CheckpointManagerOptions(preservation_policy=ocp.checkpoint_managers.LatestN(keep))
        self._manager = ocp.CheckpointManager(
            (workdir / _FOLDER).absolute(), options=options, item_names=("model", "train", "meta")
        )

    def save(self, state: TrainState, config: Config, space: LabelSpace) -> None:
        """Starts writing the state (numpy leaves) as the checkpoint of its own step.

        Raises:
          RuntimeError: orbax did not take it, which it otherwise keeps to itself.
        """
        model, train = state.ema, state.replace(ema={})
        meta = {
            "step": int(state.step),
            "config": to_dict(config),
            "labels": {"kind": space.kind, "names": list(space.names)},
            "versions": {name: importlib.metadata.version(name) for name in ("cdaae_jax", "jax", "flax", "optax")},
            "crc32": {"model": _crc32(model), "train": _crc32(train)},
        }
        saved = self._manager.save(
            int(state.step),
            args=ocp.args.Composite(
                model=ocp.args.StandardSave(model), train=ocp.args.StandardSave(train), meta=ocp.args.JsonSave(meta)
            ),
            force=True,
        )
        if not saved:
            raise RuntimeError(f"the checkpoint of step {int(state.step)} was not written; is a newer one there?")

    def __enter__(self) -> "Checkpointer":
        return self

    def __exit__(self, *_) -> None:
        self._manager.wait_until_finished()
        self._manager.close()


def steps(workdir: pathlib.Path) -> list[int]:
    """Returns the steps of the complete checkpoints, oldest first."""
    # orbax writes under another name and renames at the end, so a number is a complete checkpoint.
    folder = workdir / _FOLDER
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit()) if folder.is_dir() else []


def read_meta(workdir: pathlib.Path) -> dict[str, Any] | None:
    """Returns the `meta` of the newest checkpoint that can be read; None if there is none."""
    for step in reversed(steps(workdir)):
        try:
            return _read(workdir / _FOLDER / str(step), meta=ocp.args.JsonRestore())["meta"]
        except _DAMAGE as error:
            _warn_damaged(workdir, step, error)
    return None


def restore(workdir: pathlib.Path, target: TrainState) -> TrainState | None:
    """Returns the newest undamaged training state, None if there is no checkpoint at all.

    A damaged checkpoint is moved aside to workdir/damaged/STEP, so that a later one can take its place.

    Args:
      workdir: of the run.
      target: a state with leaves of the expected shapes and types.

    Raises:
      UserError: there are checkpoints, but none can be read.
    """
    target = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), target)
    available = steps(workdir)
    for step in reversed(available):
        folder = workdir / _FOLDER / str(step)
        try:
            items = _read(
                folder,
                model=ocp.args.StandardRestore(target.ema),
                train=ocp.args.StandardRestore(target.replace(ema={})),
                meta=ocp.args.JsonRestore(),
            )
            _check(items, ("model", "train"))
        except _DAMAGE as error:
            _warn_damaged(workdir, step, error)
            aside = workdir / "damaged" / str(step)
            aside.parent.mkdir(exist_ok=True)
            folder.rename(aside)
            continue
        return items["train"].replace(ema=items["model"])
    if available:
        raise UserError(f"no checkpoint in {workdir} can be read; they were moved to {workdir / 'damaged'}")
    return None


def read_model(path: pathlib.Path) -> tuple[Tree, dict[str, Any]]:
    """Returns the generator's parameters (numpy) and the `meta` of a checkpoint.

    Args:
      path: a workdir (its newest undamaged checkpoint), or one checkpoint's own folder.

    Raises:
      UserError: nothing there, or nothing undamaged.
    """
    path = pathlib.Path(path).absolute()
    if path.name.isdigit() and path.parent.name == _FOLDER:
        workdir, candidates = path.parent.parent, [int(path.name)] if path.is_dir() else []
    else:
        workdir, candidates = path, steps(path)
    for step in reversed(candidates):
        try:
            items = _read(workdir / _FOLDER / str(step), model=ocp.args.StandardRestore(), meta=ocp.args.JsonRestore())
            _check(items, ("model",))
        except _DAMAGE as error:
            _warn_damaged(workdir, step, error)
            continue
        return items["model"], items["meta"]
    if candidates:
        raise UserError(f"no checkpoint in {path} can be read; train again or restore the files from a copy")
    raise UserError(
        f"there is no checkpoint in {path}; give the --workdir of a training run, or one of its checkpoints"
    )


def _read(folder: pathlib.Path, **args: ocp.args.CheckpointArgs) -> dict[str, Any]:
    with _quiet_stragglers(), ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as reader:
        restored = reader.restore(folder.absolute(), args=ocp.args.Composite(**args))
    return {name: restored[name] for name in args}


@contextlib.contextmanager
def _quiet_stragglers() -> Iterator[None]:
    """Hides what the other reads say when one has failed: orbax has closed the event loop that they report to."""
    hook = sys.unraisablehook
    sys.unraisablehook = lambda what: None if "Event loop is closed" in str(what.exc_value) else hook(what)
    try:
        yield
    except _DAMAGE:
        time.sleep(0.5)  # for the reads that are still under way
        raise
    finally:
        sys.unraisablehook = hook


def _check(items: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if _crc32(items[name]) != items["meta"]["crc32"][name]:
            raise ValueError(f"check sum of item {name!r} does not match")


def _crc32(tree: Tree) -> int:
    total = 0
    for path, leaf in sorted((jax.tree_util.keystr(p), leaf) for p, leaf in jax.tree_util.tree_leaves_with_path(tree)):
        total = zlib.crc32(np.ascontiguousarray(leaf), zlib.crc32(path.encode(), total))
    return total


def _warn_damaged(workdir: pathlib.Path, step: int, error: Exception) -> None:
    earlier = [s for s in steps(workdir) if s < step]
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    instead = f"using step {earlier[-1]} instead" if earlier else "and there is no earlier one"
    _LOG.warning("the checkpoint of step %d in %s is damaged (%s); %s", step, workdir, reason, instead)
