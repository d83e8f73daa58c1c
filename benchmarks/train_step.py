"""Times one training step (all networks' losses, Adam, running average) against PyTorch and plain Flax.

python -m benchmarks.train_step --output=train_step.json
python -m benchmarks.train_step --dtypes=float32,bfloat16 --peers=ours,torch_eager --rounds=5
python -m benchmarks.train_step --model=plain --kernel_sizes=4,5 --output=train_step_plain.json
"""

from benchmarks import comparison, flags, report


def main() -> None:
    parser = flags.parser(__doc__)
    flags.add_network(parser)
    flags.add_comparison(parser, default_rounds=15)
    parser.add_argument("--kernel_sizes", type=flags.numbers, default=(4,))
    parser.add_argument("--dtypes", type=flags.names, default=("float32",))
    given = parser.parse_args()
    cases = {
        f"k{kernel_size}" if dtype == "float32" else f"k{kernel_size}_{dtype}": flags.settings(
            given, kernel_size=kernel_size, dtype=dtype
        )
        for kernel_size in given.kernel_sizes
        for dtype in given.dtypes
    }
    content = comparison.compare("TrainStep", cases, flags.plan(given), unit="image")
    report.write_json(given.output, content)


if __name__ == "__main__":
    main()
