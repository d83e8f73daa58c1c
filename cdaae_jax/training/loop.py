"""The training loop: from a configuration and a work folder to checkpoints, metrics and grids."""

import contextlib
import json
import logging
import os
import pathlib
import time
from collections.abc import Sequence
from typing import Any

import jax

from cdaae_jax import checkpoint, files, parallel, processes
from cdaae_jax.buckets import is_address
from cdaae_jax.config import Config, picture_size
from cdaae_jax.config_fields import to_dict
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data.augmentation import Augmentation
from cdaae_jax.data.dataset import FaceDataset, Split
from cdaae_jax.data.maps import Maps
from cdaae_jax.data.mouths import Mouths
from cdaae_jax.data.pairs import PairSampler
from cdaae_jax.data.pipeline import BatchMaker, Photos, Prefetcher
from cdaae_jax.data.places import Places
from cdaae_jax.errors import Stopped
from cdaae_jax.labels import LabelSpace
from cdaae_jax.models import registry
from cdaae_jax.models.registry import Networks
from cdaae_jax.state import TrainState, create_state, make_optimizer
from cdaae_jax.training import placing, previews
from cdaae_jax.training.calls import calls
from cdaae_jax.training.metrics import Window
from cdaae_jax.training.resuming import refuse_other_run
from cdaae_jax.training.saving import Saver
from cdaae_jax.training.signals import StopSignals
from cdaae_jax.training.step import make_train_step
from cdaae_jax.training.warm_start import Origin, start_from
from cdaae_jax.training.writers import Profile, Writer
from cdaae_jax.validation import validate
from cdaae_jax.workdir import hold
from cdaae_jax.workdir_in_bucket import mirrored

_LOG = logging.getLogger(__name__)


def train(config: Config, workdir: str | os.PathLike, data_dir: str | os.PathLike | None = None) -> TrainState:
    """Trains until `config.run.steps`, from the newest checkpoint in `workdir` if it has one.

    The same command run again continues, and on CPU ends with the same bytes as a run that was never stopped: pairs and
    noise depend on (seed, step) alone, and the checkpoint holds everything else.

    Args:
      config: the experiment.
      workdir: a folder, or an address in a bucket (`workdir_in_bucket`); is made if missing; holds checkpoints/,
        metrics.jsonl, tensorboard/, grids/ and config.json, and profile/ if config.run.profile_steps asks for it. One
        run at a time uses it.
      data_dir: the folder, or address, that config.data.manifests are relative to; else the environment variable
        CDAAE_DATA.

    Returns:
      The last state, numpy leaves.

    Raises:
      UserError: unusable configuration, data or workdir; a workdir of another model, other people or other data, or one
        that another run is using.
      Stopped: SIGTERM or Ctrl-C ended the run before its last step; if it had begun, its checkpoint is written.
      NonFiniteLoss: training diverged; the last checkpoint is older than that.
      SaveFailed: a checkpoint or metrics cannot be written, and `config.run.tolerate_failed_writes` is off, or it is
        the last checkpoint; those before it are there.
    """
    with StopSignals() as signals:
        validate(config)
        networks = registry.build(config.model, parallel.AXIS)
        devices = parallel.choose_devices(config.run.num_devices, config.run.batch_size)
        everyone = datasets.load(config.data, datasets.root(data_dir), picture_size(config.model, config.data))
        split = datasets.split(everyone, config.data)
        # Everything else has been checked by now, so a mistake leaves no folder behind.
        with _on_this_machine(workdir, signals) as folder, processes.on_primary(hold(folder)):
            return _train(config, folder, networks, devices, everyone, split, signals)


def _on_this_machine(
    workdir: str | os.PathLike, signals: StopSignals
) -> contextlib.AbstractContextManager[pathlib.Path]:
    if is_address(workdir):
        return mirrored(str(workdir), signals.stop_soon)
    return contextlib.nullcontext(pathlib.Path(workdir).absolute())


def _train(
    config: Config,
    workdir: pathlib.Path,
    networks: Networks,
    devices: Sequence[jax.Device],
    everyone: FaceDataset,
    split: Split,
    signals: StopSignals,
) -> TrainState:
    refuse_other_run(workdir, config, everyone.space, split)
    training = split.train
    if processes.is_primary():
        for folder in (workdir, workdir / "grids"):
            files.remove_unfinished(folder)

    optimizer = make_optimizer(config.optim, config.run.steps)
    train_step = make_train_step(networks, optimizer, config, parallel.AXIS)
    take_steps = parallel.map_calls(train_step, placing.look_up, devices)
    state, origin = _initial_state(config, everyone.space, workdir, split)
    start = int(state.step)
    processes.require_same(configuration=to_dict(config), data=split.train.fingerprint, first_step=start)
    parallel.connect(devices)
    _LOG.info(
        "%d people to train on (%d photos), %d for validation, %d for the test; %d labels; %s; %d devices; "
        "from step %d to %d",
        len(training.people), len(training), len(split.validation.people), len(split.test.people), everyone.space.size,
        f"{sum(leaf.size for leaf in jax.tree.leaves(state.ema)) / 1e6:.1f} M parameters to sample with",
        len(devices) * jax.process_count(), start, config.run.steps,
    )  # fmt: skip

    photos = Photos(training, picture_size(config.model, config.data), config.data.cache_gib)
    maps = Maps(training) if config.loss.maps_weight else None
    places = Places(training) if config.loss.place_weight else None
    batches = BatchMaker(
        training,
        photos,
        PairSampler(training, config.data.identity_share, config.data.flip, config.data.neutral_source),
        config.run.seed,
        config.run.batch_size,
        jax.process_index(),
        jax.process_count(),
        Augmentation(config.data.shift, config.data.colour),
        maps,
        places,
        bool(config.loss.shown_weight),
        Mouths(training, maps) if config.loss.lips_weight else None,
    )
    on_devices = placing.on_devices(config.data, photos, devices)
    make_batch = batches.chosen if on_devices else batches
    placed = parallel.replicate(placing.tables(photos, maps, places) if on_devices else {}, devices)
    # The order on resuming: numpy state from disk, then placed on the devices, then batches from the restored step on.
    state = parallel.replicate(state, devices)
    preview = previews.make(split.shown, networks.generator, config)
    run, primary = config.run, processes.is_primary()
    intervals = (run.log_steps, run.grid_steps, run.checkpoint_steps)

    def make_call(steps: range) -> tuple[range, Any]:
        return steps, parallel.shard_calls([make_batch(step - 1) for step in steps], devices)

    stop_is_due = signals.deferred()
    with (
        Writer(workdir, start, run.steps, run.batch_size, primary, run.tolerate_failed_writes) as writer,
        Prefetcher(make_call, calls(start, run.steps, run.steps_per_call, intervals)) as prefetched,
        Saver(
            checkpoint.Checkpointer(workdir, run.keep_checkpoints, primary), workdir, run.tolerate_failed_writes
        ) as saver,
        Profile(workdir, start, run.steps, run.profile_steps, primary) as profile,
    ):
        if primary:
            files.write_text(workdir / "config.json", json.dumps(to_dict(config), indent=2) + "\n")
        window, saved_at, waited = Window(), time.monotonic(), 0.0
        for steps, made in prefetched:
            step = steps[-1]
            with jax.profiler.StepTraceAnnotation("train", step_num=step):
                state, metrics = take_steps(state, placed, made)
            profile.advance(step, metrics)
            window.add(steps, metrics)
            writer.advance(len(steps))
            stopping = any([stop_is_due(one) for one in steps])  # each is asked for, as processes agree on one of them
            last = step == run.steps or stopping
            if _due(step, run.log_steps) or last:
                values = window.close()
                values["seconds_waiting_share"] = (prefetched.waited - waited) / values["seconds"]
                waited = prefetched.waited
                values["images_per_second"] = run.batch_size * values["steps"] / values["seconds"]
                writer.scalars(step, values, shown=("reconstruction",))
            if _due(step, run.grid_steps) or step == run.steps:
                window.check()
                if primary:
                    writer.picture(step, "held_out", preview(parallel.to_host(state.ema)))
            if _due(step, run.checkpoint_steps) or last:
                window.check()
                saving = primary
            else:
                # Only this process's clock says so, and the others do not look at their losses now.
                saving = primary and 0 < 60 * run.checkpoint_minutes < time.monotonic() - saved_at and window.finite()
            if saving:
                saver.save(parallel.to_host(state), config, everyone.space, split, origin and origin._asdict())
                saved_at = time.monotonic()
            if stopping and step < run.steps:
                raise Stopped(step, run.steps)
    return parallel.to_host(state)


def _due(step: int, interval: int) -> bool:
    return interval > 0 and step % interval == 0


def _initial_state(
    config: Config, space: LabelSpace, workdir: pathlib.Path, split: Split
) -> tuple[TrainState, Origin | None]:
    """Returns the state to go on from, and what the run as a whole started from."""
    networks = registry.build(config.model)
    optimizer = make_optimizer(config.optim, config.run.steps)

    def create() -> TrainState:
        return create_state(networks, optimizer, config.model, space.size, config.run.seed)

    restored = checkpoint.restore(workdir, jax.eval_shape(create))
    if restored is not None:
        origin = (checkpoint.read_meta(workdir) or {}).get("origin")
        return restored, Origin(**origin) if origin else None
    state = jax.device_get(jax.jit(create)())
    return start_from(state, config.run.start_from, split) if config.run.start_from else (state, None)
