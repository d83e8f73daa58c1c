"""The comparison of peers that train_step.py and sampling.py make: one case after the other, all peers in each."""

import contextlib
import dataclasses
from typing import Any

import numpy as np

from benchmarks import harness, report
from benchmarks.settings import Settings

BASE = "torch_eager"


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a comparison is made.

    Attributes:
      peers: names from `harness.PEERS`.
      rounds: how they take turns.
      environment: set in every peer's process.
    """

    peers: tuple[str, ...]
    rounds: harness.Rounds
    environment: dict[str, str]


def compare(task: str, cases: dict[str, Settings], plan: Plan, unit: str) -> dict[str, Any]:
    """Runs all cases, prints a table of each, and returns what the JSON file holds.

    Args:
      task: the name of the class in the peers' modules.
      cases: settings by the name that the results get.
      plan: peers and rounds.
      unit: what a call's time is divided by the batch for ("image").
    """
    content: dict[str, Any] = {
        "task": task, "skipped": {}, "rounds": plan.rounds.count,
        "environment_of_ours": harness.OUR_ENVIRONMENT | plan.environment | _devices(task, "ours"),
        "ratio_to_torch_eager": {}, "ratio_to_best_torch": {}, "ratios_to_torch_eager": {}, "cases": {},
    }  # fmt: skip
    for name, settings in cases.items():
        skipped = {peer: reason for peer in plan.peers if (reason := harness.missing(peer, settings.name))}
        for peer, reason in skipped.items():
            print(f"skipped {peer}: {reason}")
        content["skipped"] |= skipped
        peers = [peer for peer in plan.peers if peer not in skipped]
        case, ratios = _compare_case(task, name, settings, peers, plan, unit)
        content["cases"][name] = case
        if ratios:
            content["ratios_to_torch_eager"][name] = ratios
            content["ratio_to_torch_eager"][name] = ratios["ours"]["median"]
            content["ratio_to_best_torch"][name] = case["ratio_to_best_torch"]
    return content


def _compare_case(
    task: str, name: str, settings: Settings, peers: list[str], plan: Plan, unit: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(harness.Worker(peer, plan.environment | _devices(task, peer))) for peer in peers]
        weights = stack.enter_context(harness.weights_for(settings, workers[peers.index("ours")]))
        first = {worker.peer: worker.build(task, settings, weights) for worker in workers}
        # The same weights and pictures must give the same numbers, or the times compare different work.
        tolerance = 1e-3 if settings.dtype == "float32" else 0.5
        difference = harness.check_same({peer: answer["check"] for peer, answer in first.items()}, tolerance)
        turns, disturbed = harness.alternate(workers, plan.rounds)
        about = {worker.peer: worker.about for worker in workers}
    platforms = {description["platform"] for description in about.values()}
    ratios = harness.ratios(turns, BASE) if BASE in turns and len(platforms) == 1 else {}
    best, to_best = _to_best(turns) if ratios else (None, None)
    results, rows = {}, []
    for peer, own in turns.items():
        milliseconds = harness.spread([1e3 * seconds for seconds in own.seconds])
        per_unit = milliseconds["median"] / settings.batch_size
        results[peer] = {
            "milliseconds": milliseconds, f"milliseconds_per_{unit}": per_unit, "seconds_by_round": own.seconds,
            "others_share_by_round": own.others, "first_call_seconds": first[peer]["first_call_seconds"],
            "about": about[peer],
        }  # fmt: skip
        ratio = ratios.get(peer)
        rows.append([
            peer, milliseconds["median"], milliseconds["upper_quartile"] - milliseconds["lower_quartile"], per_unit,
            ratio and ratio["median"], ratio and f"{ratio['lower_quartile']:.3f}..{ratio['upper_quartile']:.3f}",
            float(np.median(own.others)), first[peer]["first_call_seconds"],
        ])  # fmt: skip
    report.print_table(
        f"{task} {name}: {plan.rounds.count} rounds ({disturbed} disturbed), batch {settings.batch_size}, "
        f"{settings.image_size} px, {settings.dtype}, first results differ by at most {difference:.1e}",
        ("peer", "ms", "IQR", f"ms/{unit}", "x torch eager", "quartiles", "CPU of others", "first call s"),
        rows,
    )
    if to_best:
        print(f"ours: {to_best['median']:.3f} x PyTorch's best here, {best}")
    case = {
        "best_torch": best,
        "ratio_to_best_torch": to_best,
        "settings": dataclasses.asdict(settings),
        "rounds_disturbed": disturbed,
        "first_results_differ_by": difference,
        "peers": results,
    }
    return case, ratios


def _devices(task: str, peer: str) -> dict[str, str]:
    return harness.devices(peer) if task == "TrainStep" else {}  # sampling takes one device


def _to_best(turns: dict[str, harness.Turns]) -> tuple[str, dict[str, float]]:
    """Returns the name of PyTorch's fastest way, by its median, and our time as a multiple of it."""
    theirs = [peer for peer in turns if peer.startswith("torch")]
    best = min(theirs, key=lambda peer: np.median(turns[peer].seconds))
    return best, harness.ratios(turns, best)["ours"]
