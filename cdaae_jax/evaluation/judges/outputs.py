"""Measures the outputs of one way of editing on one task, by pixels and by judges."""

import dataclasses

import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax.evaluation.judges.au_meter import AUMeter
from cdaae_jax.evaluation.judges.face_api import EXPRESSIONS
from cdaae_jax.evaluation.judges.panel import Panel
from cdaae_jax.evaluation.measures import pixels
from cdaae_jax.evaluation.measures.au_agreement import au_statistics
from cdaae_jax.evaluation.measures.expression import confusion_matrix, expression_statistics
from cdaae_jax.evaluation.measures.frechet import frechet_statistic
from cdaae_jax.evaluation.measures.gain import gain, harmonic_mean
from cdaae_jax.evaluation.measures.identity import identity_statistics
from cdaae_jax.evaluation.measures.scores import mean_of
from cdaae_jax.evaluation.measures.statistics import Statistic
from cdaae_jax.evaluation.tasks.edits import Task

Images = UInt8[np.ndarray, "n s s 3"]

FRECHET_ROWS = 128  # a bootstrap repeat takes 1 ms with this many rows, and 0.1 s with 640


@dataclasses.dataclass(frozen=True)
class Measured:
    """What is known of N outputs.

    Attributes:
      statistics: by name, functions of row numbers.
      confusion: how many pictures of each requested expression are read as what; None where nobody reads them.
      aus: [N, A], FACS intensities of the meter's action units; None where nobody measures them.
    """

    statistics: dict[str, Statistic]
    confusion: dict[str, dict[str, int]] | None
    aus: Float[np.ndarray, "n a"] | None


def measure(task: Task, panel: Panel, output: Images) -> Measured:
    """Measures outputs against the task's sources, labels and true targets.

    Always: `l1` (0..1), `ssim` and `psnr` (dB) to the true target, `sharpness` relative to the true target's (1 is as
    sharp), `outside_face`, the change from the source there (0..1). With judges: `lpips` to the true target, `frechet`
    (VGG16 features, outputs and targets; of at most FRECHET_ROWS rows) and those of `identity_statistics`, by each
    network; for emotions those of `expression_statistics`; where AUs are known those of `au_statistics`; the gain of
    either (`measures.gain`), and its harmonic mean with the strictly verified share.
    """
    statistics = _picture(task, output)
    confusion = aus = None
    if panel.lpips:
        statistics["lpips"] = mean_of(panel.lpips(output, task.target))
    if panel.features:
        statistics["frechet"] = _frechet(panel.features(output), panel.features(task.target))
    for number, judge in enumerate(panel.identities):
        kept = identity_statistics(
            judge.embed(output), judge.embed(task.source), np.asarray(task.person), judge.thresholds
        )
        statistics |= {panel.prefix(number) + name: of for name, of in kept.items()}
    if panel.expressions:
        names, probabilities = task.space.names, panel.expressions(output)
        requested = [names[i] for i in task.label.argmax(axis=-1)]
        if task.is_one_hot.all():
            statistics |= expression_statistics(probabilities, EXPRESSIONS, requested)
            statistics |= _expression_gain(task, panel, probabilities, requested)
            shown = [name for name in names if name in requested]
            counts = confusion_matrix(probabilities, EXPRESSIONS, requested, shown)
            confusion = {
                name: dict(zip(EXPRESSIONS, line.tolist(), strict=True))
                for name, line in zip(shown, counts, strict=True)
            }
    if panel.meter:
        asked = task.requested_aus(panel.meter.names)
        aus = panel.meter.measure(task.source, output)
        known = np.where(task.knows_aus(panel.meter.names), asked, np.nan)
        statistics |= au_statistics(known, aus, panel.meter.names)
        statistics["au_gain"] = _au_gain(task, panel.meter, asked, aus)
    for name in ("expression_gain", "au_gain"):
        if name in statistics and "verified_strict" in statistics:
            both = harmonic_mean(statistics["verified_strict"], statistics[name])
            statistics[f"kept_and_{name}"] = both
    return Measured(statistics, confusion, aus)


def _picture(task: Task, output: Images) -> dict[str, Statistic]:
    sharpness, reference = pixels.sharpness(output), pixels.sharpness(task.target)
    return {
        "l1": mean_of(pixels.l1(output, task.target)),
        "ssim": mean_of(pixels.ssim(output, task.target)),
        "psnr": mean_of(pixels.psnr(output, task.target)),
        "sharpness": lambda rows: sharpness[rows].mean() / reference[rows].mean(),
        "outside_face": mean_of(pixels.change_outside_face(output, task.source)),
    }


def _expression_gain(
    task: Task, panel: Panel, probabilities: Float[np.ndarray, "n classes"], requested: list[str]
) -> dict[str, Statistic]:
    """Returns the gain in the probability of what was requested, of the expressions that the network knows."""
    known = np.array([name in EXPRESSIONS for name in requested])
    if panel.expressions is None or not known.any():
        return {}
    column = [EXPRESSIONS.index(name) if name in EXPRESSIONS else 0 for name in requested]
    made, before, true = (
        np.where(known, rows[np.arange(len(rows)), column], np.nan)
        for rows in (probabilities, panel.expressions(task.source), panel.expressions(task.target))
    )
    return {"expression_gain": gain(made, before, true, requested)}


def _au_gain(
    task: Task, meter: AUMeter, asked: Float[np.ndarray, "n a"], measured: Float[np.ndarray, "n a"]
) -> Statistic:
    """Returns the gain along the requested action units; rows that ask for none of them are left out."""
    length = np.square(asked).sum(axis=-1)
    units = (measured, *(meter.measure(task.source, pictures) for pictures in (task.source, task.target)))
    made, before, true = (
        np.where(length > 0, (one * asked).sum(axis=-1) / np.where(length > 0, length, 1.0), np.nan) for one in units
    )
    return gain(made, before, true, ["all"] * len(asked))


def _frechet(output: Float[np.ndarray, "n d"], target: Float[np.ndarray, "n d"]) -> Statistic:
    chosen = np.unique(np.linspace(0, len(output) - 1, min(FRECHET_ROWS, len(output))).astype(int))
    place = np.full(len(output), -1)
    place[chosen] = np.arange(len(chosen))
    statistic = frechet_statistic(output[chosen], target[chosen])
    return lambda rows: statistic(place[rows][place[rows] >= 0])
