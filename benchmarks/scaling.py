"""What it costs to map the step over more devices: a fixed global batch over 1, 2, 4 and 8 fake CPU devices.

python -m benchmarks.scaling --output=scaling.json

The devices share the same processors, so what is above 1 is the overhead of splitting the batch (smaller matrices,
copies of the parameters, all-reduces), which real devices have as well. Below 1, more devices fill them better.
"""

import contextlib
import dataclasses

from benchmarks import flags, harness, report


def main() -> None:
    parser = flags.parser(__doc__)
    flags.add_network(parser)
    flags.add_rounds(parser, default=9)
    parser.add_argument("--devices", type=flags.numbers, default=(1, 2, 4, 8))
    given = parser.parse_args()
    settings = flags.settings(given)
    if given.devices[0] != 1 or any(settings.batch_size % count for count in given.devices):
        raise SystemExit(
            f"--devices must begin with 1 and divide the batch of {settings.batch_size}; got {given.devices}"
        )
    with contextlib.ExitStack() as stack:
        workers, first = [], {}
        for count in given.devices:
            environment = {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": str(count)}
            worker = stack.enter_context(harness.Worker("ours", environment, name=str(count)))
            if not workers:
                weights = stack.enter_context(harness.weights_for(settings, worker))
            first[worker.peer] = worker.build("TrainStep", settings, weights, num_devices=count)
            workers.append(worker)
        # Batch statistics and the prior do not depend on the number of devices, so neither do the losses.
        difference = harness.check_same({"ours": first["1"]["check"]} | {n: a["check"] for n, a in first.items()}, 1e-3)
        turns, disturbed = harness.alternate(workers, flags.rounds(given))
    overheads = harness.ratios(turns, "1")
    results, rows = {}, []
    for count, own in turns.items():
        milliseconds = harness.spread([1e3 * seconds for seconds in own.seconds])
        overhead = overheads.get(count)
        results[count] = {
            "milliseconds": milliseconds, "seconds_by_round": own.seconds, "others_share_by_round": own.others,
            "time_relative_to_one_device": overhead, "first_call_seconds": first[count]["first_call_seconds"],
        }  # fmt: skip
        rows.append([
            count, milliseconds["median"], milliseconds["upper_quartile"] - milliseconds["lower_quartile"],
            overhead["median"] if overhead else 1.0,
            overhead and f"{overhead['lower_quartile']:.3f}..{overhead['upper_quartile']:.3f}", max(own.others),
        ])  # fmt: skip
    report.print_table(
        f"{settings.name}, global batch {settings.batch_size}: {given.rounds} rounds ({disturbed} disturbed), "
        f"losses differ by at most {difference:.1e}",
        ("devices", "ms", "IQR", "x one device", "quartiles", "CPU of others"),
        rows,
    )
    report.write_json(
        given.output,
        {
            "settings": dataclasses.asdict(settings), "rounds": given.rounds, "rounds_disturbed": disturbed,
            "devices": results, "environment_of_ours": harness.OUR_ENVIRONMENT,
            "overhead": {count: ratio["median"] for count, ratio in overheads.items()},
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
