"""Several processes, one run: how they find each other and end together; the only file that says jax.distributed.

All processes take the same steps in the same order, because every step averages over all of them. What one process
alone knows (its clock, a signal) must therefore reach the others before any of them acts on it.
"""

import contextlib
import ctypes
import os
import signal
import time
import zlib
from collections.abc import Iterator

import jax
import numpy as np
from jax.experimental import multihost_utils

from cdaae_jax.errors import UserError

# A machine that is silent for so long counts as gone; a paused one (live migration) comes back within seconds.
HEARTBEAT_SECONDS = 30
_JOIN_SECONDS = 300
_KEPT: list[object] = []  # what C may call must not be collected


def join(coordinator: str | None = None, num_processes: int | None = None, process_id: int | None = None) -> bool:
    """Joins the other processes of a run; does nothing in a run of one. Call it before anything asks JAX for devices.

    TPU pods and SLURM's srun say by themselves who there is, so there all arguments are left out.

    Args:
      coordinator: "host:port" where process 0 can be reached by all; it opens that port.
      num_processes: how many processes the run has.
      process_id: which one this is, from 0.

    Returns:
      Whether there are others.

    Raises:
      UserError: only some of the arguments are given, they contradict each other, or the others do not come.
    """
    given = {"coordinator": coordinator, "num_processes": num_processes, "process_id": process_id}
    missing = [f"--{name}" for name, value in given.items() if value is None]
    if 0 < len(missing) < len(given):
        raise UserError(
            f"{', '.join(missing)} is missing: a run of several processes needs --coordinator, --num_processes and "
            "--process_id, on TPU pods and under srun none of them"
        )
    if num_processes is not None and process_id is not None and not 0 <= process_id < num_processes:
        raise UserError(
            f"--process_id is {process_id}; with --num_processes={num_processes} it goes from 0 to {num_processes - 1}"
        )
    if missing and not _found_by_jax():
        return False
    try:
        jax.distributed.initialize(
            coordinator,
            num_processes,
            process_id,
            initialization_timeout=_JOIN_SECONDS,
            heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
        )
    except (RuntimeError, ValueError) as error:  # JAX's own errors are RuntimeErrors; a wrong address is a ValueError
        reason = str(error).splitlines()[0]
        raise UserError(
            f"the processes of this run did not find each other within {_JOIN_SECONDS} s ({reason}); start all of "
            f"them, and see that they reach {coordinator or 'the first one'}"
        ) from error
    several = jax.process_count() > 1
    if several:
        _say_why_jax_aborts()
    return several


def leave() -> None:
    """Waits until all processes have come to this point, so that none ends while another still needs it."""
    jax.distributed.shutdown()


def wait_for_the_end(seconds: float = HEARTBEAT_SECONDS + 15) -> None:
    """Waits, after an exchange with the others has failed, as long as JAX needs to find out that one of them is gone.

    If one is, this does not return: JAX ends the process.
    """
    time.sleep(seconds)


def is_primary() -> bool:
    """Says whether this process is the one that writes."""
    return jax.process_index() == 0


def stop_is_due(step: int) -> bool:
    """Says whether to stop after this step, because some process of several got SIGTERM; the same answer everywhere.

    JAX passes the signal on and chooses the step. All processes must ask after every step; asking costs nothing, as
    nothing is exchanged until there is a signal.
    """
    return multihost_utils.reached_preemption_sync_point(step)


def require_same(**values: object) -> None:
    """Compares what the processes of a run must have in common.

    Raises:
      UserError: in every process, naming what differs.
    """
    if jax.process_count() == 1:
        return
    ours = np.array([zlib.crc32(repr(value).encode()) for value in values.values()], np.uint32)
    everyone = multihost_utils.process_allgather(ours)
    for name, column in zip(values, everyone.T, strict=True):
        if (column != column[0]).any():
            other = int(np.argmax(column != column[0]))
            raise UserError(
                f"process {other} has another {name.replace('_', ' ')} than process 0; all processes need the same "
                "command, the same data and one workdir that they share"
            )


@contextlib.contextmanager
def on_primary(context: contextlib.AbstractContextManager) -> Iterator[None]:
    """Enters a context manager in the primary process alone, and in the others waits until that is done.

    Raises:
      UserError: in every process if the primary's was refused, so that none is left waiting for it.
    """
    with contextlib.ExitStack() as stack:
        refusal = None
        if is_primary():
            try:
                stack.enter_context(context)
            except UserError as error:
                refusal = error
        if _primary_says(refusal is not None):
            raise refusal or UserError("the first process of this run was refused; read its message")
        yield


def _primary_says(decision: bool) -> bool:
    return decision if jax.process_count() == 1 else bool(multihost_utils.broadcast_one_to_all(np.array(decision)))


def _found_by_jax() -> bool:
    """Says whether the surroundings name the processes: a TPU machine, or one of several tasks of srun."""
    # JAX sets the first on import where it finds TPU chips. SLURM sets the others also in shells and batch scripts,
    # which are one process whatever the job has; only srun sets SLURM_STEP_NODELIST.
    on_tpu = "TPU_ML_PLATFORM" in os.environ and jax.config.values["jax_platforms"] in (None, "", "tpu")
    if "TPU_SKIP_MDS_QUERY" in os.environ:  # chips without Google's metadata server: the hosts must be listed
        on_tpu = on_tpu and ("TPU_WORKER_HOSTNAMES" in os.environ or "TPU_PROCESS_ADDRESSES" in os.environ)
    return on_tpu or ("SLURM_STEP_NODELIST" in os.environ and int(os.environ.get("SLURM_NTASKS", 1)) > 1)


def _say_why_jax_aborts() -> None:
    """Ends the process with one line and status 1 where JAX would abort it, after printing the state of its threads.

    JAX's runtime aborts a process whose coordinator or whose companions are gone, and Python is not asked: neither
    exceptions nor Python's signal handlers run any more. A handler in C does.
    """
    line = (
        f"process {jax.process_index()} of {jax.process_count()} was ended by JAX (see above), most often because "
        "another process of this run is gone; start all of them again, and they go on from the last checkpoint\n"
    ).encode()

    @ctypes.CFUNCTYPE(None, ctypes.c_int)
    def handler(_: int) -> None:
        os.write(2, line)
        os._exit(1)

    _KEPT.append(handler)
    ctypes.CDLL(None).signal(signal.SIGABRT, handler)
