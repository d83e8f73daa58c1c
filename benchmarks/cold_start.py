"""Wall time of `cdaae-sample` on one picture, seen from the shell, with an empty and with a warm compilation cache.

python -m benchmarks.cold_start --output=cold_start.json

`wall` is of the program itself, nothing watched. The stages come from further runs in which the program's functions
are watched from outside (benchmarks/sample_stages.py).
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from benchmarks import flags, harness, people, report

STAGES = (
    "python",
    "imports",
    "set-up",
    "checkpoint",
    "trace",
    "compile or load",
    "run",
    "write",
    "exit hooks",
    "process end",
)
_CONFIG = """
from cdaae_jax.config import Config, Data, Model, Run

def get_config():
    return Config(
        data=Data(manifests=("faces",), held_out=1),
        model=Model(image_size={image_size}, width={width}, max_width={max_width}),
        run=Run(steps=2, batch_size=4, num_devices=1, log_steps=2, grid_steps=0, checkpoint_steps=0),
    )
"""


def main() -> None:
    parser = flags.parser(__doc__)
    flags.add_network(parser)
    parser.add_argument("--rounds", type=int, default=5, help="runs from a warm cache; half as many from an empty one")
    parser.add_argument("--caches", type=flags.names, default=("empty", "warm"), help="of empty,warm")
    given = parser.parse_args()
    if given.dtype != "float32":
        raise SystemExit("cold_start.py measures float32 only")
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(pathlib.Path(folder))
        bench.train(given)
        measured, stored = {}, {}
        for cache in given.caches:
            count = (given.rounds + 1) // 2 if cache == "empty" else given.rounds
            if cache == "warm" and "empty" not in measured:
                bench.fill()
            measured[cache] = [bench.both(empty=cache == "empty") for _ in range(count)]
            stored[cache] = bench.num_stored()
    content = {"rounds": given.rounds}
    rows = []
    for name, runs in measured.items():
        wall = harness.spread([seconds for seconds, _ in runs])
        stages = {stage: harness.spread([stages[stage] for _, stages in runs])["median"] for stage in STAGES}
        content[f"{name}_cache"] = {"wall_seconds": wall, "stages_seconds": stages, "runs": len(runs)}
        content[f"{name}_cache"]["programs_stored"] = stored[name]
        rows.append(
            [
                name,
                len(runs),
                stored[name],
                wall["median"],
                wall["upper_quartile"] - wall["lower_quartile"],
                *stages.values(),
            ]
        )
    report.print_table(
        "cdaae-sample on one picture: medians, seconds",
        ("cache", "runs", "stored", "wall", "IQR", *STAGES),
        rows,
    )
    report.write_json(given.output, content)


class _Bench:
    """A temporary folder with a checkpoint, a picture and a cache."""

    def __init__(self, folder: pathlib.Path):
        self._folder = folder
        self._cache = folder / "cache"
        own = harness.peer_environment("ours")
        self._training_environment = own | {"JAX_PLATFORMS": "cpu"}
        own = {name: value for name, value in own.items() if not name.startswith("JAX_")}
        self._environment = own | {
            "JAX_PLATFORMS": "cpu", "XDG_CACHE_HOME": str(self._cache), "CDAAE_STAGES": str(folder / "stages.json"),
        }  # fmt: skip

    def train(self, given) -> None:
        """Makes the checkpoint, as a user would."""
        settings = flags.settings(given)
        people.write(self._folder / "data", 4, settings.side)
        sizes = {name: getattr(settings, name) for name in ("image_size", "width", "max_width")}
        (self._folder / "config.py").write_text(_CONFIG.format(**sizes))
        self._run(
            "launch.train", f"--config={self._folder / 'config.py'}", f"--workdir={self._folder / 'run'}",
            f"--data_dir={self._folder / 'data'}", environment=self._training_environment,
        )  # fmt: skip

    def fill(self) -> None:
        """Runs the program once, so that the cache holds what it compiles."""
        self._sample("launch.sample")

    def both(self, empty: bool) -> tuple[float, dict[str, float]]:
        """Runs the program plainly and watched; returns the wall seconds of the first and the stages of the second."""
        seconds = []
        for program in ("launch.sample", "benchmarks.sample_stages"):
            if empty:
                shutil.rmtree(self._cache, ignore_errors=True)
            began = time.monotonic()
            self._sample(program)
            seconds.append(time.monotonic() - began)
        watched = json.loads(pathlib.Path(self._environment["CDAAE_STAGES"]).read_text())
        return seconds[0], _stages(watched, began, began + seconds[1])

    def num_stored(self) -> int:
        """Returns how many compiled programs the cache holds: JAX leaves out those that it compiled fast."""
        return sum(path.is_file() for path in self._cache.rglob("*-cache"))

    def _sample(self, program: str) -> None:
        self._run(
            program, f"--checkpoint={self._folder / 'run'}", "--label=happy",
            f"--input={self._folder / 'data' / 'faces' / 'p0000' / 'neutral' / 'photo.jpg'}",
            f"--output={self._folder / 'out.png'}",
        )  # fmt: skip

    def _run(self, program: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
        subprocess.run(
            [sys.executable, "-m", program, *arguments],
            env=environment or self._environment, check=True, stdout=sys.stderr, cwd=harness.ROOT,
        )  # fmt: skip


def _stages(watched: dict, began: float, ended: float) -> dict[str, float]:
    moments, reported = watched["moments"], watched["reported"]
    return {
        "python": moments["python_started"] - began,
        "imports": moments["imported"] - moments["python_started"],
        "set-up": moments["checkpoint_begins"] - moments["imported"],
        "checkpoint": moments["checkpoint_ends"] - moments["checkpoint_begins"],
        "trace": reported["trace"],
        "compile or load": reported["compile or load"],
        # What follows the checkpoint and is neither of these nor writing: parameters to the device, the network.
        "run": moments["write_begins"] - moments["checkpoint_ends"] - sum(reported.values()),
        "write": moments["write_ends"] - moments["write_begins"],
        "exit hooks": watched["atexit"] - moments["write_ends"],
        "process end": ended - watched["atexit"],
    }


if __name__ == "__main__":
    main()
