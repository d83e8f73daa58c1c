"""Devices: the only file that says pmap.

The mapped step keeps plain replicated arrays: the state goes in and comes out without a leading device axis
(in_axes None, out_axes None), the batch has one.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from cdaae_jax import cores
from cdaae_jax.errors import UserError

AXIS = "devices"
Tree = Any
_FORCED = "xla_force_host_platform_device_count"


def split_cpu(num_devices: int, batch_size: int) -> None:
    """Makes two devices of a CPU with two or more cores; call it before anything asks JAX for devices.

    XLA computes a convolution of few channels on one core, so two devices train faster than one (`benchmarks.scaling`).
    Not more than two: a sum of two is the same in either order, so that a run's bytes stay the same each time.

    Nothing changes where a number of devices is asked for, in the configuration or in JAX's own settings, or where two
    cannot share the batch. Accelerators are not concerned.

    Args:
      num_devices: as in `choose_devices`.
      batch_size: as in `choose_devices`.
    """
    if not _asked_for(num_devices) and batch_size % 2 == 0 and cores.usable() > 1:
        jax.config.update("jax_num_cpu_devices", 2)


def _asked_for(num_devices: int) -> bool:
    by_setting = jax.config.values["jax_num_cpu_devices"] > 0 or _FORCED in os.environ.get("XLA_FLAGS", "")
    return bool(num_devices) or by_setting


def choose_devices(num_devices: int, batch_size: int) -> list[jax.Device]:
    """Returns the local devices that a run uses.

    Args:
      num_devices: how many of this process's devices; 0 means all.
      batch_size: pairs per step over all devices of all processes.

    Raises:
      UserError: more devices than there are, or a batch that they cannot share evenly.
    """
    devices = jax.local_devices()
    if num_devices > len(devices):
        raise UserError(f"config.run.num_devices is {num_devices}, but this machine has {len(devices)}")
    if jax.process_count() > 1 and 0 < num_devices < len(devices):
        raise UserError(
            f"config.run.num_devices is {num_devices}, but a run of several processes uses all devices; set it to 0"
        )
    devices = devices[: num_devices or len(devices)]
    total = len(devices) * jax.process_count()
    if batch_size % total:
        lower = batch_size // total * total
        near = f"{lower} or {lower + total}" if lower else f"{total}"
        raise UserError(f"config.run.batch_size is {batch_size}, which {total} devices cannot share evenly; use {near}")
    return devices


def connect(devices: Sequence[jax.Device]) -> None:
    """Exchanges a number between the devices of all processes, so that they are connected before a step is compiled.

    On CPU a connection that is not answered within 30 s fails, and compiling can take one process that much longer.
    """
    if jax.process_count() == 1:
        return
    jax.block_until_ready(
        map_step(lambda state, batch: (state, jax.lax.psum(batch, AXIS)), devices)(np.zeros(()), np.ones(len(devices)))
    )


def replicate(tree: Tree, devices: Sequence[jax.Device]) -> Tree:
    """Places a copy of every array on every device, just as the mapped step returns them (else it compiles twice)."""
    sharding = NamedSharding(Mesh(np.array(devices), (AXIS,)), PartitionSpec())
    return jax.tree.map(lambda leaf: jax.device_put(leaf, sharding), tree)


def shard(tree: Tree, devices: Sequence[jax.Device]) -> Tree:
    """Splits host arrays [b, ...] over the local devices: [d, b/d, ...], each part already where it is needed."""
    sharding = NamedSharding(Mesh(np.array(devices), (AXIS,)), PartitionSpec(AXIS))

    def split(array: np.ndarray) -> jax.Array:
        parts = array.reshape(len(devices), -1, *array.shape[1:])
        return jax.device_put(parts, sharding)

    return jax.tree.map(split, tree)


def shard_calls(batches: Sequence[Tree], devices: Sequence[jax.Device]) -> Tree:
    """Splits the batches [b, ...] of the k steps of a call over the local devices: [d, k, b/d, ...], see `shard`."""

    def stack(*arrays: np.ndarray) -> np.ndarray:
        steps = np.stack(arrays)
        steps = steps.reshape(len(arrays), len(devices), -1, *steps.shape[2:])
        return np.ascontiguousarray(steps.swapaxes(0, 1)).reshape(len(devices) * len(arrays), *steps.shape[2:])

    return shard(jax.tree.map(stack, *batches), devices)


def to_host(tree: Tree) -> Tree:
    """Returns replicated arrays as numpy, from the first local device; copies, which no later step overwrites."""
    # On CPU, device_get returns views of the devices' own memory, which the next step is given to work in.
    host = jax.device_get(jax.tree.map(lambda leaf: leaf.addressable_data(0), tree))
    return jax.tree.map(lambda leaf: leaf if leaf.flags.owndata else leaf.copy(), host)


def map_step(step: Callable, devices: Sequence[jax.Device]) -> Callable:
    """Maps (state, batch) -> (state, metrics) over the devices of all processes.

    `step` must average whatever it returns over the axis `AXIS`: an un-averaged value would silently be taken from one
    device (jax issue 21671), which tests/test_parallel.py guards against. The state given is donated: use only the one
    returned.
    """
    return _mapped(step, (None, 0), devices)


def map_calls(step: Callable, look_up: Callable, devices: Sequence[jax.Device]) -> Callable:
    """Maps calls of one or more steps, (state, placed, batches) -> (state, metrics), over the devices of all processes.

    Args:
      step: as in `map_step`; one device's (state, batch) -> (state, metrics).
      look_up: one device's (batch, placed) -> the batch that `step` takes.
      devices: of this process.

    Returns:
      The function. `placed` is replicated, `batches` are those of `shard_calls`, and each metric has one number for
      each step of the call.
    """

    def call(state: Tree, placed: Tree, batches: Tree) -> tuple[Tree, Tree]:
        if len(jax.tree.leaves(batches)[0]) == 1:  # a loop of one would keep XLA from seeing that it is none
            state, metrics = step(state, look_up(jax.tree.map(lambda leaf: leaf[0], batches), placed))
            return state, jax.tree.map(lambda metric: metric[None], metrics)
        return jax.lax.scan(lambda state, batch: step(state, look_up(batch, placed)), state, batches)

    return _mapped(call, (None, None, 0), devices)


def _mapped(function: Callable, in_axes: tuple[int | None, ...], devices: Sequence[jax.Device]) -> Callable:
    return jax.pmap(
        function,
        axis_name=AXIS,
        in_axes=in_axes,
        out_axes=(None, None),
        donate_argnums=(0,),
        devices=None if jax.process_count() > 1 else list(devices),
    )
