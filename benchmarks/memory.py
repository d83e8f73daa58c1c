"""Peak resident memory of the training step, each peer in a process of its own.

python -m benchmarks.memory --output=memory.json

`peak` is the most that the process ever held, compilation included. `above import` is `peak` minus what the
process held after it had loaded the library and started the device: what the step itself takes.
"""

import dataclasses
import pathlib

from benchmarks import flags, harness, report
from benchmarks.comparison import BASE
from benchmarks.settings import Settings

_MIB = 2**20


def main() -> None:
    parser = flags.parser(__doc__)
    flags.add_network(parser)
    parser.add_argument("--peers", type=flags.names, default=harness.PEERS, help=f"of {','.join(harness.PEERS)}")
    parser.add_argument("--kernel_sizes", type=flags.numbers, default=(4,))
    parser.add_argument("--steps", type=int, default=5, help="after the first")
    given = parser.parse_args()
    flags.check_peers(given.peers)
    skipped = {peer: reason for peer in given.peers if (reason := harness.missing(peer, given.model))}
    for peer, reason in skipped.items():
        print(f"skipped {peer}: {reason}")
    content = {
        "skipped": skipped, "ratio_to_torch_eager": {}, "ratio_to_torch_eager_above_import": {}, "cases": {},
        "environment_of_ours": harness.OUR_ENVIRONMENT,
    }  # fmt: skip
    for kernel_size in given.kernel_sizes:
        settings = flags.settings(given, kernel_size=kernel_size)
        # Another process than the one that is measured, as making weights takes memory too.
        with harness.Worker("ours", flags.CPU_ONLY) as maker, harness.weights_for(settings, maker) as weights:
            results = {
                peer: _measure(peer, settings, weights, given.steps) for peer in given.peers if peer not in skipped
            }
        name, base = f"k{kernel_size}", results.get(BASE)
        if base:
            ours = results["ours"]
            content["ratio_to_torch_eager"][name] = ours["peak_mib"] / base["peak_mib"]
            content["ratio_to_torch_eager_above_import"][name] = ours["above_import_mib"] / base["above_import_mib"]
        content["cases"][name] = {"settings": dataclasses.asdict(settings), "peers": results}
        report.print_table(
            f"peak resident memory {settings.name} {name}: batch {settings.batch_size}, {settings.side} px, "
            f"{settings.dtype}",
            ("peer", "import MiB", "first step MiB", "peak MiB", "above import MiB", "peak x torch", "above x torch"),
            [
                [
                    peer, own["import_mib"], own["first_step_mib"], own["peak_mib"], own["above_import_mib"],
                    base and own["peak_mib"] / base["peak_mib"],
                    base and own["above_import_mib"] / base["above_import_mib"],
                ]
                for peer, own in results.items()
            ],
        )  # fmt: skip
    report.write_json(given.output, content)


def _measure(peer: str, settings: Settings, weights: pathlib.Path, steps: int) -> dict[str, float]:
    with harness.Worker(peer, flags.CPU_ONLY | harness.devices(peer)) as worker:
        first = worker.build("TrainStep", settings, weights)
        peak = worker.ask("turn", calls=steps)["peak_bytes"]
        return {
            "import_mib": worker.baseline_bytes / _MIB,
            "first_step_mib": first["peak_bytes"] / _MIB,
            "peak_mib": peak / _MIB,
            "above_import_mib": (peak - worker.baseline_bytes) / _MIB,
        }


if __name__ == "__main__":
    main()
