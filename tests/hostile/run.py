"""Many cases of hostile input by one command: any end but success or UserError is printed with its seed.

python tests/hostile/run.py --cases=10000          all families, by their shares
python tests/hostile/run.py --family=Models --seed=1234 --cases=1      one case again

Each case has 10 seconds. The memory that the process takes is printed at the end.
"""

import argparse
import logging
import pathlib
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]  # as pytest sets it for the tests
SECONDS = 10


class TooLong(BaseException):
    """A case did not end; no `except Exception` of the code under test can swallow it."""


def try_out(family, seeds) -> tuple[dict[str, int], list[str]]:
    """Runs the cases of a family; returns how many ended how, and what must not be."""
    from cdaae_jax.errors import UserError

    ends, findings = {"accepted": 0, "refused": 0}, []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        place = pathlib.Path(folder) / "place"
        place.mkdir()
        family.prepare(place)
        before = signal.signal(signal.SIGALRM, _ring)
        try:
            for seed in seeds:
                signal.alarm(SECONDS)
                try:
                    family.attempt(random.Random(f"{type(family).__name__} {seed}"))
                    ends["accepted"] += 1
                except UserError as error:
                    ends["refused"] += 1
                    if not str(error).strip():
                        findings.append(f"{type(family).__name__} {seed}: a refusal without a word")
                except (Exception, TooLong) as error:
                    where = traceback.extract_tb(error.__traceback__)[-2 if isinstance(error, TooLong) else -1]
                    kind = f"{type(error).__name__} in {pathlib.Path(where.filename).name}:{where.lineno}"
                    findings.append(f"{type(family).__name__} {seed}: {kind}: {' '.join(str(error).split())[:150]}")
                finally:
                    signal.alarm(0)
        finally:
            signal.signal(signal.SIGALRM, before)
        outside = [path.name for path in (*pathlib.Path(folder).iterdir(), pathlib.Path("unpickled")) if path.exists()]
        if outside != ["place"]:
            findings.append(f"{type(family).__name__}: files outside the folder: {outside}")
    return ends, findings


def _ring(*_) -> None:
    raise TooLong


def main() -> int:
    from hostile import families

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    names = ", ".join(one.__name__ for one in families.FAMILIES)
    parser.add_argument("--family", help=f"one of {names}; all if not given")
    given = parser.parse_args()
    logging.disable()
    chosen = [one for one in families.FAMILIES if given.family in (None, one.__name__)]
    shares, all_findings, total = sum(one.share for one in chosen), [], 0
    for one in chosen:
        before, began = _most_mib(), time.monotonic()
        count = -(-given.cases * one.share // shares)
        ends, findings = try_out(one(), range(given.seed, given.seed + count))
        total += count
        seconds, grown = time.monotonic() - began, _most_mib() - before
        summary = f"{ends['accepted']:6} accepted {ends['refused']:6} refused {len(findings):4} findings"
        print(f"{one.__name__:12} {count:6} cases: {summary}, {seconds:.0f} s, +{grown:.0f} MiB", flush=True)
        all_findings += findings
    print("\n".join(all_findings))
    print(f"{total} cases, {len(all_findings)} findings, at most {_most_mib():.0f} MiB")
    return bool(all_findings)


def _most_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
