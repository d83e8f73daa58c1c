"""Times the generator, uint8 picture in and uint8 picture out, against PyTorch and plain Flax.

python benchmarks/sampling.py --output=sampling.json
python benchmarks/sampling.py --peers=ours,torch_eager --batch_sizes=1
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))  # so that this file also runs as a script

from benchmarks import comparison, flags, report  # noqa: E402
from benchmarks.settings import Settings  # noqa: E402


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
