"""Checkpoints: the only file that imports orbax.

A checkpoint is a folder workdir/checkpoints/STEP with three items: `model` (what sampling needs: the generator's
averaged parameters), `train` (the rest of the training state) and `meta`, which is JSON:
  format       of the checkpoint, a whole number; another one than `FORMAT` is refused
  step, config, labels, versions
  alignment    where pupils lie in the pictures, see `cdaae_jax.data.alignment.Geometry`; older checkpoints lack it
  people       the ids in each part of the split
  fingerprint  of the data, see `cdaae_jax.data.dataset`
  structure    of each item: its leaves by path, with type and shape
  crc32        a check sum of each item, because compressed arrays with a flipped bit would be read without a complaint
Arrays are numpy on both sides, so a checkpoint does not know on how many devices it was written.

Three things can be wrong with a checkpoint. If it is damaged (a check sum that does not match, a file that is cut short
or gone), the one before takes its place. If it has another format or structure, or if the system does not let us read
it, there is a UserError, and every file stays where it is.
"""

import concurrent.futures
import contextlib
import dataclasses
import importlib.metadata
import logging
import pathlib
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from cdaae_jax import __version__, check_sums
from cdaae_jax.checkpoint_files import FOLDER, move_aside, newest_first, refuse_unreadable, remove_unfinished, steps
from cdaae_jax.config import Config
from cdaae_jax.config_fields import to_dict
from cdaae_jax.data.alignment import GEOMETRY
from cdaae_jax.data.dataset import Split
from cdaae_jax.errors import UserError
from cdaae_jax.labels import LabelSpace
from cdaae_jax.state import TrainState
from cdaae_jax.structures import refuse_other_structure, structure

Tree = Any
FORMAT = 2  # format 1 had no number, and stored neither people nor structure
_LOG = logging.getLogger(__name__)
# What orbax, tensorstore and json raise for files that are cut short, altered, missing or not readable by us.
_UNREADABLE = (ValueError, OSError, KeyError, TypeError, AttributeError)


class _Damaged(Exception):
    """A checkpoint does not hold what was written: its files can be read, but some are cut short, altered or gone."""


class Checkpointer:
    """Writes the checkpoints of one run in the background, and keeps the newest few.

    A context manager: leaving it, for whatever reason, waits until what was begun is on disk.
    """

    def __init__(self, workdir: pathlib.Path, keep: int, active: bool = True):
        """Opens workdir/checkpoints, which is made if missing; at most `keep` checkpoints stay.

        Of several processes all hold the same state, so one writes: nothing is done unless `active`.
        """
        self._latest: int | None = None
        self._pending: concurrent.futures.Future | None = None
        self._manager = None
        if not active:
            return
        options = ocp.CheckpointManagerOptions(
            preservation_policy=ocp.checkpoint_managers.LatestN(keep),
            # Our own thread waits for orbax, because check sums and copies are to be made there too.
            enable_async_checkpointing=False,
            multiprocessing_options=_this_process_alone(),
            create=False,  # orbax refuses to make folders from one of several processes
        )
        folder = (workdir / FOLDER).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        remove_unfinished(folder)
        self._manager = ocp.CheckpointManager(folder, options=options, item_names=("model", "train", "meta"))
        self._latest = self._manager.latest_step()
        self._thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="save")

    def save(
        self,
        state: TrainState,
        config: Config,
        space: LabelSpace,
        split: Split,
        origin: Mapping[str, Any] | None = None,
    ) -> None:
        """Begins to write the state as the checkpoint of its own step; waits only for the one before, if need be.

        Args:
          state: numpy leaves, which stay as they are.
          config: the experiment.
          space: what label vectors mean.
          split: who was trained on, and who was kept out.
          origin: what the run started from (the fields of `training.warm_start.Origin`); None from random ones.

        Raises:
          RuntimeError: there is a checkpoint of this step or of a later one. orbax would keep that to itself, and the
            run would go on without checkpoints.
          Exception: whatever stopped the checkpoint before this one from being written.
        """
        if self._manager is None:
            raise RuntimeError("this Checkpointer is not active")
        self.wait()
        step = int(state.step)
        if self._latest is not None and step <= self._latest:
            raise RuntimeError(
                f"the checkpoint of step {step} was not written: there is one of step {self._latest} already"
            )
        self._latest = step
        self._pending = self._thread.submit(self._write, step, state, config, space, split, origin)

    def _write(
        self,
        step: int,
        state: TrainState,
        config: Config,
        space: LabelSpace,
        split: Split,
        origin: Mapping[str, Any] | None,
    ) -> None:
        assert self._manager is not None
        model, train = state.ema, state.replace(ema={})
        others = {name: importlib.metadata.version(name) for name in ("jax", "flax", "optax")}
        meta = {
            "format": FORMAT,
            "step": step,
            "config": to_dict(config),
            "labels": {"kind": space.kind, "names": list(space.names)},
            "alignment": dataclasses.asdict(GEOMETRY),
            "people": split.people(),
            "fingerprint": split.train.fingerprint,
            "origin": dict(origin) if origin else None,
            # Our own from the package: a checkout that nobody installed has no metadata.
            "versions": {"cdaae_jax": __version__, **others},
            "structure": {"model": structure(model), "train": structure(train)},
        }
        meta["crc32"] = {
            "model": check_sums.of_tree(model),
            "train": check_sums.of_tree(train),
            "meta": check_sums.of_meta(meta),
        }
        remove_unfinished(self._folder)  # a save that failed for want of room would take that of this one
        saved = self._manager.save(
            step,
            args=ocp.args.Composite(
                model=ocp.args.StandardSave(model), train=ocp.args.StandardSave(train), meta=ocp.args.JsonSave(meta)
            ),
        )
        if not saved:
            raise RuntimeError(f"the checkpoint of step {step} was not written: orbax did not take it")

    def wait(self) -> None:
        """Waits until what was begun is on disk; raises what stopped it from being written."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def __enter__(self) -> "Checkpointer":
        return self

    def __exit__(self, *_) -> None:
        if self._manager is not None:
            try:
                self.wait()
            finally:
                self._thread.shutdown()
                self._manager.close()


def _this_process_alone() -> ocp.options.MultiprocessingOptions:
    """What keeps orbax from waiting for other processes, which do not call it at the same time."""
    me = jax.process_index()
    return ocp.options.MultiprocessingOptions(
        primary_host=me, active_processes={me}, barrier_sync_key_prefix=f"process_{me}"
    )


def read_meta(workdir: pathlib.Path) -> dict[str, Any] | None:
    """Returns the `meta` of the newest checkpoint that is not damaged; None if there is none.

    Raises:
      UserError: it is of another format, or cannot be read.
    """
    for step in newest_first(workdir):
        try:
            return _read_meta(workdir / FOLDER / str(step))
        except _Damaged as error:
            _warn_damaged(workdir, step, error)
    return None


def restore(workdir: pathlib.Path, target: TrainState) -> TrainState | None:
    """Returns the newest undamaged training state, None if there is no checkpoint at all.

    Damaged checkpoints that are newer are moved aside to workdir/damaged/STEP, so that later ones can take their place.

    Args:
      workdir: of the run.
      target: a state with leaves of the expected shapes and types.

    Raises:
      UserError: a checkpoint is of another format or structure or cannot be read, or all are damaged. Nothing is moved.
    """
    target = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), target)
    model, train = target.ema, target.replace(ema={})
    damaged = []
    for step in newest_first(workdir):
        folder = workdir / FOLDER / str(step)
        try:
            meta = _read_meta(folder)
            for name, ours in (("model", model), ("train", train)):
                refuse_other_structure(structure(ours), meta["structure"][name], meta, workdir)
            items = _read(folder, model=ocp.args.StandardRestore(model), train=ocp.args.StandardRestore(train))
            _check(items, meta)
        except _Damaged as error:
            _warn_damaged(workdir, step, error)
            damaged.append((step, error))
            continue
        # Move damaged ones only if another one is good: if none can be read, the cause may be a library and not damage.
        for other, _ in damaged:
            move_aside(workdir, other)
        return items["train"].replace(ema=items["model"])
    if damaged:
        raise UserError(
            f"no checkpoint in {workdir} can be read (step {damaged[0][0]}: {damaged[0][1]}); restore the files from a "
            "copy, or train again in another --workdir"
        )
    return None


def read_model(path: pathlib.Path) -> tuple[Tree, dict[str, Any]]:
    """Returns the generator's parameters (numpy) and the `meta` of a checkpoint.

    Args:
      path: a workdir (its newest undamaged checkpoint), or one checkpoint's own folder.

    Raises:
      UserError: nothing there, nothing undamaged, or it is of another format or cannot be read.
    """
    path = pathlib.Path(path).absolute()
    if path.name.isdigit() and path.parent.name == FOLDER:
        workdir = path.parent.parent
        candidates = iter([step for step in steps(workdir) if step == int(path.name)])
    else:
        workdir, candidates = path, newest_first(path)
    reason = None
    for step in candidates:
        folder = workdir / FOLDER / str(step)
        try:
            meta = _read_meta(folder)
            items = _read(folder, model=ocp.args.StandardRestore())
            _check(items, meta)
        except _Damaged as error:
            _warn_damaged(workdir, step, error)
            reason = reason or error
            continue
        return items["model"], meta
    if reason:
        raise UserError(f"no checkpoint in {path} can be read ({reason}); train again or restore the files from a copy")
    raise UserError(
        f"there is no checkpoint in {path}; give the --workdir of a training run, or one of its checkpoints"
    )


def _read_meta(folder: pathlib.Path) -> dict[str, Any]:
    meta = _read(folder, meta=ocp.args.JsonRestore())["meta"]
    if not isinstance(meta, dict):
        raise _Damaged(f"item 'meta' holds {type(meta).__name__} and not named values")
    number = meta.get("format", 1)
    if number != FORMAT:
        age = "an older" if number in range(FORMAT) else "another"
        versions = meta.get("versions")
        writer = versions.get("cdaae_jax") if isinstance(versions, dict) else "0.1"
        raise UserError(
            f"{folder.parents[1]} holds checkpoints of {age} format ({number}; this version reads {FORMAT}): use "
            f"cdaae_jax {writer}, which wrote them, or train again in another --workdir"
        )
    sums = meta.get("crc32")
    if not isinstance(sums, dict) or check_sums.of_meta(meta) != sums.get("meta"):
        raise _Damaged("check sum of item 'meta' does not match")
    return meta


def _read(folder: pathlib.Path, **args: ocp.args.CheckpointArgs) -> dict[str, Any]:
    try:
        with _quiet_stragglers(), _reader() as reader:
            restored = reader.restore(folder.absolute(), args=ocp.args.Composite(**args))
    except _UNREADABLE as error:
        refuse_unreadable(folder, error)
        raise _Damaged(_first_line(error)) from error
    return {name: restored[name] for name in args}


def _reader() -> ocp.Checkpointer:
    alone = _this_process_alone()
    options = ocp.CompositeOptions(multiprocessing_options=alone)
    return ocp.Checkpointer(ocp.CompositeCheckpointHandler(composite_options=options), multiprocessing_options=alone)


@contextlib.contextmanager
def _quiet_stragglers() -> Iterator[None]:
    """Hides the complaints of other reads when one has failed: orbax has then closed the event loop that they use."""
    hook = sys.unraisablehook
    sys.unraisablehook = lambda what: None if "Event loop is closed" in str(what.exc_value) else hook(what)
    try:
        yield
    except _UNREADABLE:
        time.sleep(0.5)  # wait for the reads that are still under way
        raise
    finally:
        sys.unraisablehook = hook


def _check(items: dict[str, Any], meta: dict[str, Any]) -> None:
    for name, tree in items.items():
        if check_sums.of_tree(tree) != meta["crc32"].get(name):
            raise _Damaged(f"check sum of item {name!r} does not match")


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__


def _warn_damaged(workdir: pathlib.Path, step: int, error: _Damaged) -> None:
    if not (workdir / FOLDER / str(step)).exists():
        return  # a run that goes on has deleted it as too old, or another process of this run has moved it aside
    earlier = [s for s in steps(workdir) if s < step]
    instead = f"using step {earlier[-1]} instead" if earlier else "and there is no earlier one"
    _LOG.warning("the checkpoint of step %d in %s is damaged (%s); %s", step, workdir, error, instead)
