"""Times training with one and with several steps in a call of the devices, and with photos there or on the host.

python -m benchmarks.calls --output=calls.json
python -m benchmarks.calls --cases=small --rounds=3

Every way takes the same steps on the same pairs, in turns, prefetching included. "small" is a network whose step takes
little longer than launching it; "default" is that of configs/emotion.py.
"""

import contextlib
import dataclasses
from typing import Any

from benchmarks import flags, harness, report
from benchmarks.peers.ours_in_calls import STEPS
from benchmarks.settings import Settings, reference

_DEFAULT = reference("cdaae")
CASES = {
    "small": dataclasses.replace(_DEFAULT, image_size=32, picture_size=32, paint_detail=1, width=8, max_width=64),
    "default": _DEFAULT,
}
# Of run.steps_per_call and data.photos_on; the first is what training on CPU does by default.
WAYS = {
    f"{steps} a call, photos on the {place}": {"steps_per_call": steps, "photos_on": place}
    for steps in (1, STEPS)
    for place in ("host", "device")
}


def main() -> None:
    parser = flags.parser(__doc__)
    parser.add_argument("--cases", type=flags.names, default=tuple(CASES), help=f"of {','.join(CASES)}")
    flags.add_rounds(parser, default=9)
    given = parser.parse_args()
    rounds = flags.rounds(given)
    report.write_json(given.output, {name: _measure(name, CASES[name], rounds) for name in given.cases})


def _measure(name: str, settings: Settings, rounds: harness.Rounds) -> dict[str, Any]:
    base = next(iter(WAYS))
    with contextlib.ExitStack() as stack:
        maker = stack.enter_context(harness.Worker("ours", flags.CPU_ONLY))
        weights = stack.enter_context(harness.weights_for(settings, maker))
        workers, checks = [], {}
        for way, options in WAYS.items():
            environment = flags.CPU_ONLY | harness.devices("ours_in_calls")
            worker = stack.enter_context(harness.Worker("ours_in_calls", environment, name=way))
            checks[way] = worker.build("Training", settings, weights, **options)["check"]
            workers.append(worker)
        harness.check_same({"ours": checks[base]} | checks, 1e-3)
        turns, disturbed = harness.alternate(workers, rounds)
    ratios = harness.ratios(turns, base)
    milliseconds = {
        way: harness.spread([1e3 * seconds / STEPS for seconds in own.seconds]) for way, own in turns.items()
    }
    report.print_table(
        f"{name}: {rounds.count} rounds ({disturbed} disturbed), batch {settings.batch_size}",
        ("steps", "ms/step", f"x {base}", "quartiles"),
        [
            [
                way, own["median"], ratios[way]["median"] if way in ratios else 1.0,
                f"{ratios[way]['lower_quartile']:.3f}..{ratios[way]['upper_quartile']:.3f}" if way in ratios else None,
            ]
            for way, own in milliseconds.items()
        ],
    )  # fmt: skip
    return {
        "settings": dataclasses.asdict(settings), "rounds_disturbed": disturbed, "milliseconds_per_step": milliseconds,
        "ratio_to_one_step_from_the_host": ratios,
    }  # fmt: skip


if __name__ == "__main__":
    main()
