"""Times the generator, uint8 picture in and uint8 picture out, against PyTorch and plain Flax.

python -m benchmarks.sampling --output=sampling.json
python -m benchmarks.sampling --peers=ours,torch_eager --batch_sizes=1
"""

from benchmarks import comparison, flags, report
from benchmarks.settings import Settings


def main() -> None:
    parser = flags.parser(__doc__)
    flags.add_network(parser)
    flags.add_comparison(parser, default_rounds=15)
    parser.add_argument("--batch_sizes", type=flags.numbers, default=(1, 32), help="photos per call")
    parser.add_argument("--kernel_size", type=int, default=4)
    given = parser.parse_args()
    cases = {
        f"batch{batch_size}": Settings(
            kernel_size=given.kernel_size,
            batch_size=batch_size,
            image_size=given.image_size,
            width=given.width,
            max_width=given.max_width,
            dtype=given.dtype,
        )
        for batch_size in given.batch_sizes
    }
    content = comparison.compare("Sampling", cases, flags.plan(given), unit="image")
    report.write_json(given.output, content)


if __name__ == "__main__":
    main()
