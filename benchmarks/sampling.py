"""Times the generator, uint8 picture in and uint8 picture out, against PyTorch and plain Flax.

python -m benchmarks.sampling --output=sampling.json
python -m benchmarks.sampling --model=plain --peers=ours,torch_eager --batch_sizes=1
"""

from benchmarks import comparison, flags, harness, report


def main() -> None:
    parser = flags.parser(__doc__)
    flags.add_network(parser)
    # Sampling takes one device, so that `ours` is that already.
    peers = tuple(peer for peer in harness.PEERS if peer not in ("ours_one_device", "torch_compile_all"))
    flags.add_comparison(parser, default_rounds=15, default_peers=peers)
    parser.add_argument("--batch_sizes", type=flags.numbers, default=(1, 32), help="photos per call")
    given = parser.parse_args()
    cases = {f"batch{batch_size}": flags.settings(given, batch_size=batch_size) for batch_size in given.batch_sizes}
    content = comparison.compare("Sampling", cases, flags.plan(given), unit="image")
    report.write_json(given.output, content)


if __name__ == "__main__":
    main()
