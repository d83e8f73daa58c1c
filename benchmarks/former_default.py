"""The training step of the default model, pictures of 128 px, beside that of version 0.1, which recoloured 64 px.

python -m benchmarks.former_default --output=former_default.json

Both see photos at 64 px, take 16 pairs a step, and run as cdaae-train runs them. Neither augments, and neither has true
maps.
"""

import contextlib
import dataclasses

from benchmarks import flags, harness, report
from benchmarks.settings import Settings, reference
from cdaae_jax.config import Config

FORMER = "plain, 64 px"


def cases() -> dict[str, Settings]:
    """Returns the two steps by name."""
    known = {field.name for field in dataclasses.fields(Settings)}
    shared = {name: value for name, value in vars(Config().model).items() if name in known}
    former = Settings(**shared | {"name": "plain", "join_levels": (0, 1, 2)}, batch_size=Config().run.batch_size)
    return {FORMER: former, "cdaae, 128 px": reference("cdaae")}


def main() -> None:
    parser = flags.parser(__doc__)
    flags.add_rounds(parser, default=9)
    given = parser.parse_args()
    environment = flags.CPU_ONLY | harness.devices("ours")
    with contextlib.ExitStack() as stack:
        workers = []
        for name, settings in cases().items():
            worker = stack.enter_context(harness.Worker("ours", environment, name=name))
            weights = stack.enter_context(harness.weights_for(settings, worker))
            worker.build("TrainStep", settings, weights)
            workers.append(worker)
        turns, disturbed = harness.alternate(workers, flags.rounds(given))
    ratios = harness.ratios(turns, FORMER)
    milliseconds = {name: harness.spread([1e3 * seconds for seconds in own.seconds]) for name, own in turns.items()}
    rows = [[name, own["median"], *_beside(ratios.get(name))] for name, own in milliseconds.items()]
    title = f"a step of 16 pairs: {given.rounds} rounds ({disturbed} disturbed)"
    report.print_table(title, ("model", "ms", f"x {FORMER}", "quartiles"), rows)
    content = {"rounds_disturbed": disturbed, "milliseconds": milliseconds, "ratio_to_former_default": ratios}
    report.write_json(given.output, content)


def _beside(ratio: dict[str, float] | None) -> tuple[float, str | None]:
    if ratio is None:
        return 1.0, None
    return ratio["median"], f"{ratio['lower_quartile']:.3f}..{ratio['upper_quartile']:.3f}"


if __name__ == "__main__":
    main()
