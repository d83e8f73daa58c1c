"""A set of a million generated photos: seconds until training takes its first step, and the memory that it takes.

TFDS_DATA_DIR=folder python -m benchmarks.big_data --records=1000000 --output=big_data.json

The set is built first if it is not there (array_record shards of 32 px JPEG, about 80 s and 0.8 GB a million). Then
`cdaae_jax.train` runs in a process of its own, the smallest model on one device, and is looked at from outside.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

from benchmarks import flags, report
from benchmarks.harness import ROOT

# A process of its own, so that imports and the start of JAX count too.
TRAIN = """
import sys
from cdaae_jax.config import Config, Data, Model, Run
from cdaae_jax.data import tfds_source
from cdaae_jax.training.loop import train
tfds_source.BUILDERS["generated_faces"] = "benchmarks.generated_faces"
spec, workdir, steps, cache = sys.argv[1:]
train(
    Config(
        data=Data(manifests=(spec,), held_out=1, cache_gib=float(cache), neutral_source=0.2),
        model=Model(image_size=32, width=4, latent_size=6),
        run=Run(steps=int(steps), batch_size=16, num_devices=1, log_steps=1, grid_steps=0, checkpoint_steps=0),
    ),
    workdir,
)
"""


def main() -> None:
    parser = flags.parser(__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument(
        "--cache_gib", type=float, default=0.0, help="config.data.cache_gib; 0 decodes photos each time"
    )
    given = parser.parse_args()
    built = _build(given.records)
    with tempfile.TemporaryDirectory() as folder:
        result = _train(given, pathlib.Path(folder))
    rows = [[name, value] for name, value in result.items()]
    report.print_table(f"{given.records:,} photos", ("what", "value"), rows)
    report.write_json(given.output, {"records": given.records, "seconds_to_build": built, **result})


def _build(records: int) -> float:
    from benchmarks import generated_faces

    builder = generated_faces.GeneratedFaces(config=generated_faces.config_of("", {"records": str(records)}))
    began = time.monotonic()
    builder.download_and_prepare()
    return time.monotonic() - began


def _train(given, workdir: pathlib.Path) -> dict[str, float]:
    spec = f"tfds:generated_faces?records={given.records}"
    command = [sys.executable, "-c", TRAIN, spec, str(workdir), str(given.steps), str(given.cache_gib)]
    began = time.monotonic()
    run = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"JAX_PLATFORMS": "cpu"})
    result: dict[str, float] = {}
    metrics, most = workdir / "metrics.jsonl", 0.0
    while run.poll() is None:
        time.sleep(0.1)
        most = max(most, _resident_mib(run.pid))
        if not result and metrics.exists() and metrics.stat().st_size:
            result = {"seconds_to_first_step": time.monotonic() - began, "most_mib_before_first_step": most}
    if run.returncode:
        raise SystemExit(f"the training ended with status {run.returncode}")
    return result | {"most_mib": most, "seconds_in_all": time.monotonic() - began}


def _resident_mib(process: int) -> float:
    text = pathlib.Path(f"/proc/{process}/status").read_text()
    found = [line.split()[1] for line in text.splitlines() if line.startswith("VmRSS")]
    return int(found[0]) / 1024 if found else 0.0  # a process that has just ended has none


if __name__ == "__main__":
    main()
