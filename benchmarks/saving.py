"""What saving costs: how long the loop waits for a checkpoint, and how much slower training is with saves than without.

  python -m benchmarks.saving --output=saving.json

The default networks train on random pictures, in blocks of steps that take turns: without a save, and with one that
begins after the block's first step and is written while the others are taken. The difference between the blocks is what
one checkpoint costs in all, the processor time of its thread included; the share is this cost over the default
interval, `config.run.checkpoint_steps` steps or `checkpoint_minutes`, whichever is shorter.
"""

import pathlib
import tempfile
import time

import jax
import numpy as np

from benchmarks import flags, report
from cdaae_jax import checkpoint, memory, parallel
from cdaae_jax.config import Config
from cdaae_jax.data.dataset import FaceDataset, Split
from cdaae_jax.labels import EMOTIONS, LabelSpace
from cdaae_jax.models import registry
from cdaae_jax.state import create_state, make_optimizer
from cdaae_jax.training.step import make_train_step


def main() -> None:
    parser = flags.parser(__doc__)
    parser.add_argument("--blocks", type=int, default=5, help="blocks of each kind")
    parser.add_argument("--steps", type=int, default=20, help="steps of a block: more than a save takes")
    parser.add_argument("--smoke", action="store_true", help="tiny networks, which say nothing about the cost")
    given = parser.parse_args()
    memory.keep()  # as cdaae-train does
    config = Config()
    if given.smoke:
        config.model.image_size, config.model.width, config.run.batch_size = 32, 4, 2
    with tempfile.TemporaryDirectory() as folder:
        content = _measure(config, pathlib.Path(folder), given.blocks, given.steps)
    report.print_table("saving", ("", "value"), list(content.items()))
    report.write_json(given.output, content)


def _measure(config: Config, folder: pathlib.Path, blocks: int, num_steps: int) -> dict[str, float]:
    space = LabelSpace("emotion", EMOTIONS)
    networks, optimizer = registry.build(config.model, parallel.AXIS), make_optimizer(config.optim, config.run.steps)
    devices = jax.local_devices()[:1]
    state = jax.jit(lambda: create_state(registry.build(config.model), optimizer, config.model, space.size, 0))()
    state = parallel.replicate(jax.device_get(state), devices)
    step_fn = parallel.map_step(make_train_step(networks, optimizer, config, parallel.AXIS), devices)
    batch = parallel.shard(_random_batch(config, space.size), devices)
    nobody = FaceDataset((), np.zeros((0, space.size), np.float32), np.zeros(0, np.int64), (), space)
    split = Split(nobody, nobody, nobody)
    for _ in range(3):
        state, metrics = step_fn(state, batch)
    jax.block_until_ready(metrics)

    seconds: dict[bool, list[float]] = {False: [], True: []}
    waited, written = [], []
    with checkpoint.Checkpointer(folder, config.run.keep_checkpoints) as saver:
        for _ in range(blocks):
            for saving in (False, True):
                began = time.perf_counter()
                for step in range(num_steps):
                    state, metrics = step_fn(state, batch)
                    jax.block_until_ready(metrics)
                    if saving and step == 0:
                        before = time.perf_counter()
                        saver.save(parallel.to_host(state), config, space, split)
                        waited.append(time.perf_counter() - before)
                seconds[saving].append(time.perf_counter() - began)
                if saving:
                    before = time.perf_counter()
                    saver.wait()
                    written.append(time.perf_counter() - before)
    without = float(np.median(seconds[False]))
    cost = float(np.median(np.array(seconds[True]) - np.array(seconds[False]))) + float(np.median(written))
    interval = min(config.run.checkpoint_steps * without / num_steps, 60 * config.run.checkpoint_minutes)
    return {
        "state_mb": sum(leaf.nbytes for leaf in jax.tree.leaves(state)) / 1e6,
        "step_seconds": without / num_steps,
        "loop_waits_seconds": float(np.median(waited)),
        "cost_seconds": cost,
        "interval_seconds": interval,
        "cost_share": cost / interval,
        "loop_waits_share": float(np.median(waited)) / interval,
    }


def _random_batch(config: Config, num_labels: int) -> dict[str, np.ndarray]:
    random, count, size = np.random.default_rng(0), config.run.batch_size, config.model.image_size
    pictures = random.integers(0, 256, (2, count, size, size, 3), np.uint8)
    labels = np.eye(num_labels, dtype=np.float32)[random.integers(0, num_labels, count)]
    return {"source": pictures[0], "target": pictures[1], "label": labels}


if __name__ == "__main__":
    main()
