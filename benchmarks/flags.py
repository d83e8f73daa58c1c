"""The command-line flags that benchmarks share."""

import argparse
import dataclasses
from typing import Any

from benchmarks import harness
from benchmarks.comparison import Plan
from benchmarks.settings import MODELS, Settings, reference

CPU_ONLY = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}


def parser(doc: str) -> argparse.ArgumentParser:
    """Returns a parser with --output."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--output", help="JSON file to write")
    return made


_SIZES = ("image_size", "picture_size", "width", "max_width", "kernel_size", "batch_size")


def add_network(made: argparse.ArgumentParser) -> None:
    """Adds the model and its sizes; where none is given, they are those of `settings.reference`."""
    made.add_argument(
        "--model", choices=MODELS, default=MODELS[0], help="the default model of configs/emotion.py, or the plain one"
    )
    for name in _SIZES:
        made.add_argument(f"--{name}", type=int)
    made.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")


def settings(flags: argparse.Namespace, **changes: Any) -> Settings:
    """Returns what `add_network`'s flags say, with changes."""
    given = {name: getattr(flags, name) for name in (*_SIZES, "dtype") if getattr(flags, name) is not None}
    return dataclasses.replace(reference(flags.model), **given | changes)


def add_rounds(made: argparse.ArgumentParser, default: int) -> None:
    """Adds the number of turns, and which rounds count."""
    made.add_argument("--rounds", type=int, default=default, help="turns of each peer that count")
    made.add_argument("--warmup", type=int, default=3, help="calls of each peer before them")
    made.add_argument(
        "--turn_seconds", type=float, default=0.4, help="minimum seconds of a turn, which has at least one call"
    )
    made.add_argument(
        "--most_others", type=float, default=0.1,
        help="a round is disturbed if other processes had more than this share of the processors (default 0.1)",
    )  # fmt: skip
    made.add_argument(
        "--patience", type=float, default=120.0,
        help="seconds that each case waits, and takes disturbed rounds again (default 120)",
    )  # fmt: skip


def rounds(flags: argparse.Namespace) -> harness.Rounds:
    """Returns what `add_rounds`'s flags say."""
    return harness.Rounds(flags.rounds, flags.warmup, flags.turn_seconds, flags.most_others, flags.patience)


def add_comparison(
    made: argparse.ArgumentParser, default_rounds: int, default_peers: tuple[str, ...] = harness.PEERS
) -> None:
    """Adds peers and rounds."""
    add_rounds(made, default_rounds)
    made.add_argument("--peers", type=names, default=default_peers, help=f"of {','.join(harness.PEERS)}")
    made.add_argument("--platform", choices=("cpu", "gpu"), default="cpu", help="where every peer computes")


def plan(flags: argparse.Namespace) -> Plan:
    """Returns what `add_comparison`'s flags say.

    Raises:
      SystemExit: a peer does not exist.
    """
    check_peers(flags.peers)
    # On "gpu" JAX and PyTorch find the device themselves; the comparison gives no ratio if one of them does not.
    environment = CPU_ONLY if flags.platform == "cpu" else {}
    return Plan(tuple(flags.peers), rounds(flags), environment)


def check_peers(peers: tuple[str, ...]) -> None:
    """Ends the program if a peer does not exist.

    Raises:
      SystemExit: there is one.
    """
    if set(peers) - set(harness.PEERS) or "ours" not in peers:
        raise SystemExit(f"--peers must be ours and some of {','.join(harness.PEERS)}; got {','.join(peers)}")


def names(text: str) -> tuple[str, ...]:
    """Splits "a,b"."""
    return tuple(filter(None, text.split(",")))


def numbers(text: str) -> tuple[int, ...]:
    """Splits "1,2"."""
    return tuple(int(part) for part in text.split(","))
