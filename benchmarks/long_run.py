"""An hour of training the smallest model: memory, open files, threads, checkpoints and speed, as a graph.

nice -n 15 python -m benchmarks.long_run --minutes=60 --output=long_run.json --graph=docs/reliability/long_run.png

The program is the one that people start (`launch/train.py`); it is looked at from outside, through /proc. It is stopped
with SIGTERM at the end, as a machine that goes away would stop it.
"""

import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks import flags, people, report
from benchmarks.harness import ROOT

SMALLEST = (
    "--config=configs/quickstart.py --config.data.manifests=('faces',) --config.data.held_out=2 "
    "--config.model.image_size=32 --config.model.width=4 --config.model.latent_size=6 --config.run.batch_size=4 "
    "--config.run.steps=100000000 --config.run.num_devices=1 --config.run.log_steps=200 --config.run.grid_steps=5000 "
    "--config.run.checkpoint_steps=1000 --config.run.keep_checkpoints=3 --config.run.start_from="
).split()
# The first minutes compile, fill caches and write the first of everything.
SETTLED = 0.1


def main() -> None:
    parser = flags.parser(__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to train")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two looks")
    parser.add_argument("--graph", help="picture to write")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        people.write(place, num_people=20, side=64)
        looks, status = _watch(place, given.minutes, given.every)
        speed = _speed(place / "run" / "metrics.jsonl")
    settled = [look for look in looks if look["minutes"] > SETTLED * given.minutes]
    summary = {
        "minutes": given.minutes,
        "status": status,
        "steps": speed[-1]["step"],
        **{
            name: {
                "median": statistics.median(look[name] for look in settled),
                "most": max(look[name] for look in settled),
            }
            for name in ("resident_mib", "files", "threads", "checkpoints")
        },
        "mib_per_hour": _slope([(look["minutes"] / 60, look["resident_mib"]) for look in settled]),
    }
    report.print_table(f"{given.minutes:g} minutes", ("what", "value"), [[k, str(v)] for k, v in summary.items()])
    report.write_json(
        given.output, {"summary": summary, "looks": looks[:: max(1, len(looks) // 240)], "speed": speed[-1]}
    )
    if given.graph:
        _draw(looks, speed, pathlib.Path(given.graph))


def _watch(place: pathlib.Path, minutes: float, every: float) -> tuple[list[dict], int]:
    """Trains; returns what was seen, and the exit status of the program after SIGTERM."""
    command = [sys.executable, "launch/train.py", *SMALLEST, f"--workdir={place / 'run'}", f"--data_dir={place}"]
    with (place / "log").open("wb") as log:
        run = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"JAX_PLATFORMS": "cpu"}, stderr=log)
        began, looks = time.monotonic(), []
        while (passed := time.monotonic() - began) < 60 * minutes:
            if run.poll() is not None:
                raise SystemExit(f"the training ended by itself: {(place / 'log').read_text()[-2000:]}")
            looks.append({"minutes": passed / 60, **_look(run.pid, place / "run")})
            time.sleep(every)
        run.send_signal(signal.SIGTERM)
        return looks, run.wait(timeout=120)


def _look(process: int, workdir: pathlib.Path) -> dict:
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines())
    checkpoints = workdir / "checkpoints"
    return {
        "resident_mib": int(status["VmRSS"].split()[0]) / 1024,
        "threads": int(status["Threads"]),
        "files": len(os.listdir(f"/proc/{process}/fd")),
        "checkpoints": sum(name.isdigit() for name in os.listdir(checkpoints)) if checkpoints.exists() else 0,
        "load": os.getloadavg()[0],
    }


def _speed(metrics: pathlib.Path) -> list[dict]:
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    passed, rows = 0.0, []
    for line in lines:
        passed += line["seconds"]
        rows.append({"minutes": passed / 60, "step": line["step"], "images_per_second": line["images_per_second"]})
    return rows


def _slope(points: list[tuple[float, float]]) -> float:
    import numpy as np

    return float(np.polyfit(*zip(*points, strict=True), deg=1)[0])


def _draw(looks: list[dict], speed: list[dict], path: pathlib.Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, rows = pyplot.subplots(4, 1, figsize=(8, 8), sharex=True, layout="constrained")
    minutes = [look["minutes"] for look in looks]
    rows[0].plot(minutes, [look["resident_mib"] for look in looks])
    rows[0].set_ylabel("resident memory, MiB")
    rows[1].plot(minutes, [look["files"] for look in looks], label="open files")
    rows[1].plot(minutes, [look["threads"] for look in looks], label="threads")
    rows[1].plot(minutes, [look["checkpoints"] for look in looks], label="checkpoints on disk")
    rows[1].legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.2))
    rows[2].plot([row["minutes"] for row in speed], [row["images_per_second"] for row in speed])
    rows[2].set_ylabel("pairs per second")
    rows[3].plot(minutes, [look["load"] for look in looks], color="grey")
    rows[3].set_ylabel("load of the machine\n(two cores)")
    rows[3].set_xlabel("minutes")
    for row in rows:
        row.set_ylim(bottom=0)
        row.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
