"""What is measured of the outputs of one way of editing, on one task."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from cdaae_jax.data.synthetic_faces import truth
from cdaae_jax.evaluation import pictures
from cdaae_jax.evaluation.au_statistics import au_statistics
from cdaae_jax.evaluation.edits import Task
from cdaae_jax.evaluation.frechet import frechet_statistic
from cdaae_jax.evaluation.judges import EXPRESSIONS
from cdaae_jax.evaluation.panel import Panel
from cdaae_jax.evaluation.scores import Statistic, mean_of
from cdaae_jax.labels import MAX_AU, LabelSpace

Images = UInt8[np.ndarray, "n s s 3"]
Labels = Float[np.ndarray, "n l"]

FRECHET_ROWS = 128  # a repeat of the bootstrap takes 0.1 s with 640 rows, and 1 ms with these


@dataclasses.dataclass(frozen=True)
class Measured:
    """What is known of N outputs.

    Attributes:
      statistics: figures by name, functions of row numbers.
      confusion: how many pictures of each requested expression are read as what; None where nobody reads them.
      aus: [N, A], FACS intensities of `requested_aus`'s columns; None where nobody measures them.
    """

    statistics: dict[str, Statistic]
    confusion: dict[str, dict[str, int]] | None
    aus: Float[np.ndarray, "n a"] | None


def measure(task: Task, panel: Panel, output: Images) -> Measured:
    """Measures outputs against the task's sources, labels and true targets.

    Always: `l1` (0..1), `ssim` and `psnr` (dB) to the true target, `sharpness` relative to the true target's (1 is as
    sharp), `outside_face`, the change from the source there (0..1). With judges `lpips` to the true target, `frechet`
    (VGG16 features, outputs and targets; of at most FRECHET_ROWS rows), `identity_distance` to the source and
    `same_person` (share below the judge's threshold); for emotions `read_as_requested`, the mean over the expressions
    that the judge knows, and `read_as_NAME` for each; for action units those of `au_statistics`.
    """
    statistics = _picture(task, output)
    confusion = aus = None
    if panel.lpips:
        statistics["lpips"] = mean_of(panel.lpips(output, task.target))
    if panel.features:
        statistics["frechet"] = _frechet(panel.features(output), panel.features(task.target))
    for name, embed in panel.embeddings.items():
        distance = np.linalg.norm(embed(output) - embed(task.source), axis=-1)
        statistics["identity_distance"] = mean_of(distance)
        statistics["same_person"] = mean_of(distance < panel.same_person_distance[name])
    if panel.expressions:
        requested = task.label.argmax(axis=-1)
        read = np.asarray(EXPRESSIONS)[panel.expressions(output).argmax(axis=-1)]
        if is_one_hot(task.label).all():
            statistics |= _reading(task.space.names, requested, read)
            confusion = _confusion(task.space.names, requested, read)
    if panel.meter:
        aus = panel.meter.measure(task.source, output)
        statistics |= au_statistics(requested_aus(task.label, task.space, panel.meter.names), aus, panel.meter.names)
    return Measured(statistics, confusion, aus)


def requested_aus(label: Labels, space: LabelSpace, names: tuple[str, ...]) -> Float[np.ndarray, "n a"]:
    """Returns the FACS intensities [N, A] of `names` that labels [N, L] ask for; those of emotions as drawn faces."""
    if space.kind == "au":
        # What a model was not trained on is requested at 0.
        columns = [label[:, space.names.index(name)] if name in space.names else 0 * label[:, 0] for name in names]
        return np.stack(columns, axis=-1) * MAX_AU
    drawn = [truth.AU_SPACE.names.index(name) for name in names]
    return np.stack([truth.label_aus(one, space) for one in label])[:, drawn]


def is_one_hot(label: Labels) -> Bool[np.ndarray, "n"]:
    """Whether each label is one expression, fully."""
    return (label.max(axis=-1) == 1) & (label.sum(axis=-1) == 1)


def _picture(task: Task, output: Images) -> dict[str, Statistic]:
    sharpness, reference = pictures.sharpness(output), pictures.sharpness(task.target)
    return {
        "l1": mean_of(pictures.l1(output, task.target)),
        "ssim": mean_of(pictures.ssim(output, task.target)),
        "psnr": mean_of(pictures.psnr(output, task.target)),
        "sharpness": lambda rows: sharpness[rows].mean() / reference[rows].mean(),
        "outside_face": mean_of(pictures.change_outside_face(output, task.source)),
    }


def _frechet(output: Float[np.ndarray, "n d"], target: Float[np.ndarray, "n d"]) -> Statistic:
    chosen = np.unique(np.linspace(0, len(output) - 1, min(FRECHET_ROWS, len(output))).astype(int))
    place = np.full(len(output), -1)
    place[chosen] = np.arange(len(chosen))
    statistic = frechet_statistic(output[chosen], target[chosen])
    return lambda rows: statistic(place[rows][place[rows] >= 0])


def _reading(names: tuple[str, ...], requested: Int[np.ndarray, "n"], read: np.ndarray) -> dict[str, Statistic]:
    hits = read == np.asarray(names)[requested]

    def share(i: int) -> Statistic:
        right = np.where(requested == i, hits, np.nan)
        return lambda rows: _mean_of_known(right[rows])

    shares = {f"read_as_{names[i]}": share(i) for i in np.unique(requested) if names[i] in EXPRESSIONS}
    if not shares:
        return {}
    return {"read_as_requested": lambda rows: _mean_of_known(np.array([of(rows) for of in shares.values()])), **shares}


def _confusion(names: tuple[str, ...], requested: Int[np.ndarray, "n"], read: np.ndarray) -> dict[str, dict[str, int]]:
    return {
        names[i]: {read_as: int((read[requested == i] == read_as).sum()) for read_as in EXPRESSIONS}
        for i in np.unique(requested)
    }


def _mean_of_known(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
