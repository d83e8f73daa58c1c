"""The training step on an accelerator: pairs per second, share of the matrix rate, memory, top operations.

python -m benchmarks.gpu --output=gpu.json
python -m benchmarks.gpu --model=plain --output=gpu_plain.json
python -m benchmarks.gpu --smoke                        (tiny networks, on any machine)

The default model sees 64 and 128 px and changes pictures of twice that: 128 and 256 px. The plain one is the reference
network at 64 px, and from 128 px has the sizes of `cdaae_jax.config.paper()`. Each case runs in a process of its own,
so that its peak of memory is its own and one that does not fit does not end the others.
"""

import dataclasses
import json
import subprocess
import sys

from benchmarks import flags, harness, report
from benchmarks.settings import MODELS, Settings, reference
from cdaae_jax.config import paper

_DTYPES = ("float32", "bfloat16")
# Batch per size of the network, and the pixels of a picture for each that the network sees.
_BATCHES = {"cdaae": {64: 256, 128: 64}, "plain": {64: 256, 128: 128, 256: 32}}
_ENLARGED = {"cdaae": 2, "plain": 1}
_TINY = {"batch_size": 2, "image_size": 32, "width": 4, "max_width": 8, "discriminator_width": 4}


def main() -> None:
    parser = flags.parser(__doc__)
    parser.add_argument("--model", choices=MODELS, default=MODELS[0])
    parser.add_argument("--image_sizes", type=flags.numbers, help="pixels that the network sees")
    parser.add_argument("--batch_sizes", type=flags.numbers, help="one per image size")
    parser.add_argument("--dtypes", type=flags.names, default=_DTYPES)
    parser.add_argument("--steps", type=int, default=20, help="steps per round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--matrix_size", type=int, default=8192, help="of the matrix product that sets the scale")
    parser.add_argument("--top", type=int, default=15, help="operations of the profile that are kept")
    parser.add_argument("--smoke", action="store_true", help="one tiny case per type, to see that all works")
    given = parser.parse_args()
    batches = _BATCHES[given.model]
    if given.image_sizes or given.batch_sizes:
        if len(given.image_sizes or ()) != len(given.batch_sizes or ()):
            raise SystemExit("--batch_sizes needs one number for each of --image_sizes")
        batches = dict(zip(given.image_sizes, given.batch_sizes, strict=True))
    measure = {"steps": given.steps, "rounds": given.rounds, "matrix_size": given.matrix_size, "top": given.top}
    sizes = [_settings(given.model, *pair) for pair in batches.items()]
    if given.smoke:
        measure = {"steps": 2, "rounds": 2, "matrix_size": 256, "top": 5}
        tiny = dataclasses.replace(reference(given.model), **_TINY)
        sizes = [dataclasses.replace(tiny, picture_size=_ENLARGED[given.model] * tiny.image_size)]
    matrix_rate, cases, failed = None, {}, {}
    for settings in sizes:
        for dtype in given.dtypes:
            settings = dataclasses.replace(settings, dtype=dtype)
            name = f"{settings.side}px {dtype}"
            answer = _run(settings, measure)
            if "error" in answer:
                failed[name] = answer["error"]
                print(f"{name} failed: {answer['error']}")
                continue
            cases[name] = answer | {"settings": dataclasses.asdict(settings)}
            matrix_rate = max(matrix_rate or 0.0, answer["matrix_flops_per_second"]["bfloat16"])
    for case in cases.values():
        case["share_of_bfloat16_matrix_rate"] = case["flops_per_second"] / matrix_rate
    _print(cases)
    report.write_json(given.output, {"cases": cases, "failed": failed, "bfloat16_matrix_flops_per_second": matrix_rate})
    if failed:
        raise SystemExit(1)


def _settings(model: str, image_size: int, batch_size: int) -> Settings:
    """Returns the reference network, but for the plain one above 64 px, which is the preset `paper` at that size."""
    settings = reference(model)
    if model == "plain" and image_size > 64:
        names = {field.name for field in dataclasses.fields(Settings)}
        settings = Settings(**{name: value for name, value in vars(paper()).items() if name in names})
    return dataclasses.replace(
        settings, image_size=image_size, picture_size=_ENLARGED[model] * image_size, batch_size=batch_size
    )


def _run(settings: Settings, measure: dict[str, int]) -> dict:
    request = json.dumps({"settings": dataclasses.asdict(settings)} | measure)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu_case", request],
        env=harness.peer_environment("ours"), cwd=harness.ROOT, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {"error": f"its process ended with status {done.returncode}, see above"}
    return json.loads(lines[-1])


def _print(cases: dict[str, dict]) -> None:
    rows = [
        [
            name, case["settings"]["batch_size"], case["pairs_per_second"], case["milliseconds_per_step"]["median"],
            case["flops_per_step"] / 1e9, case["flops_per_second"] / 1e12,
            f"{case['share_of_bfloat16_matrix_rate']:.1%}",
            case["peak_bytes"] and case["peak_bytes"] / 2**20, case["compiled_bytes"] / 2**20, case["compile_seconds"],
        ]
        for name, case in cases.items()
    ]  # fmt: skip
    device = next(iter(cases.values()))["about"]["device"] if cases else "nothing"
    report.print_table(
        f"training step on {device}",
        (
            "case", "batch", "pairs/s", "ms/step", "GFLOP/step", "TFLOP/s", "of matrix rate", "peak MiB",
            "compiled MiB", "compile s",
        ),
        rows,
    )  # fmt: skip
    for name, case in cases.items():
        report.print_table(
            f"{name}: operations by time, of {case['profiled_milliseconds_per_step']:.3g} ms per step",
            ("operation", "ms/step", "share", "calls/step"),
            [[row["operation"], row["milliseconds"], f"{row['share']:.1%}", row["calls"]] for row in case["top"]],
        )


if __name__ == "__main__":
    main()
