"""Times one training step (generator and both discriminators, Adam, running average) against PyTorch and plain Flax.

python -m benchmarks.train_step --output=train_step.json
python -m benchmarks.train_step --peers=ours,torch_eager --kernel_sizes=4 --rounds=5
"""

from benchmarks import comparison, flags, report
from benchmarks.settings import Settings


def main() -> None:
    parser = flags.parser(__doc__)
    flags.add_network(parser)
    flags.add_comparison(parser, default_rounds=15)
    parser.add_argument("--batch_size", type=int, default=32, help="pairs per step")
    parser.add_argument("--kernel_sizes", type=flags.numbers, default=(4, 5))
    parser.add_argument("--join_level", type=int, default=1)
    given = parser.parse_args()
    cases = {
        f"k{kernel_size}": Settings(
            kernel_size=kernel_size, batch_size=given.batch_size, image_size=given.image_size, width=given.width,
            max_width=given.max_width, join_level=given.join_level, dtype=given.dtype,
        )
        for kernel_size in given.kernel_sizes
    }  # fmt: skip
    content = comparison.compare("TrainStep", cases, flags.plan(given), unit="image")
    report.write_json(given.output, content)


if __name__ == "__main__":
    main()
