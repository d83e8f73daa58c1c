"""Measures models on people kept out of training: JSON, Markdown tables and figures."""

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cdaae_jax import files, images
from cdaae_jax.config import Data, data_from_dict
from cdaae_jax.data import dataset as datasets
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation import charts, edits, figures, interpolation, mixtures
from cdaae_jax.evaluation.edits import Task
from cdaae_jax.evaluation.measures import Measured, measure, requested_aus
from cdaae_jax.evaluation.panel import Panel, is_drawn
from cdaae_jax.evaluation.report import report
from cdaae_jax.evaluation.scores import LEVEL, REPEATS, SEED, Row, with_intervals
from cdaae_jax.sampling import Sampler

CEILING, FLOOR = "true target", "copy the source"


def evaluate(
    samplers: Mapping[str, Sampler] | Sampler,
    output: str | os.PathLike,
    data_dir: str | os.PathLike | None = None,
    judges: str | os.PathLike | None = None,
    manifests: Sequence[str] = (),
) -> dict[str, Row]:
    """Measures models on the people whom their own configuration holds out.

    Every held-out person's most neutral photo is changed to the label of each of the person's other photos, and
    compared with it; see `measures.measure`. Beside the models stand "true target" (the ceiling), "copy the source"
    (the floor for the expression) and "other person", another held-out person's source (the floor for the identity).
    With judges, models are also measured along paths from neutral to a label (`path_...`, see `paths`); and on
    mixtures of labels that training never saw (`unseen_...`): those of the held-out photos, or, of the package's
    synthetic faces, whose true pictures can be drawn, `mixtures.PER_PERSON`.

    Args:
      samplers: models by name, all trained on the same people; or one. The figure of amounts shows the first.
      output: a folder for scores.json, table.md and figures; made if missing.
      data_dir: the data folder; else the environment variable CDAAE_DATA. TFDS sets can do without.
      judges: the folder of the judge networks (`make judges`); None leaves out all that needs one.
      manifests: other pictures to reach, see `edits.held_out_task`; labels that the models do not know are left out.

    Returns:
      Figures with intervals over people by name, for the models and what stands beside them.

    Raises:
      UserError: models of different data, missing data or judges, or a folder that cannot be written. Nothing is
        written then, unless it is the writing that failed.
    """
    if isinstance(samplers, Sampler):
        samplers = {samplers.meta["config"]["model"]["name"]: samplers}
    first = next(iter(samplers.values()))
    for name, sampler in samplers.items():
        if name in (CEILING, FLOOR, edits.OTHER):
            raise UserError(f"a model is named {name!r}, which stands beside the models; give it another name")
        ours = (sampler.labels, sampler.image_size, sampler.meta["config"]["data"]["held_out"])
        if ours != (first.labels, first.image_size, first.meta["config"]["data"]["held_out"]):
            raise UserError(f"{name} has other labels, size or held-out people than the rest; compare like with like")
    root = datasets.root(data_dir)
    data = _data(first)
    task = edits.in_space(edits.held_out_task(data, root, first.image_size, manifests), first.labels)
    drawn = is_drawn((*data.manifests, *manifests))
    panel = Panel.load(judges, data, root, first.image_size, drawn) if judges else Panel()

    measured = {name: measure(task, panel, made) for name, made in _outputs(samplers, task).items()}
    people = np.asarray(task.person)
    scores = {name: with_intervals(one.statistics, people) for name, one in measured.items()}
    sheets = {
        "people.png": figures.by_label(samplers, task, num_people=4 if len(samplers) < 3 else 2),
        "amounts.png": figures.by_amount(first, task),
    }
    shown = [*samplers, CEILING]
    confusion = {name: measured[name].confusion for name in [*shown, FLOOR] if measured[name].confusion}
    if confusion:
        sheets["confusion.png"] = charts.confusion({name: confusion[name] for name in shown})
    if panel.meter:
        names = panel.meter.names
        requested = requested_aus(task.label, task.space, names)
        aus = {name: measured[name].aus for name in shown}
        sheets["action_units.png"] = charts.action_units(requested, aus, names, task.person)
    path_task = interpolation.held_out_paths(task, panel, drawn)
    if path_task:
        sheets["paths.png"] = _add_paths(scores, samplers, path_task, panel)
    # Small sets are the first people of larger ones: what the first model has not seen, another one may have.
    seen = [edits.training_labels(_data(sampler), root, first.image_size) for sampler in samplers.values()]
    num_unseen = _add_unseen(scores, samplers, task, panel, measured, np.concatenate(seen), drawn)

    path_unit = interpolation.unit(panel) if path_task else None
    facts = {
        "people": sorted(set(task.person)),
        "edits": len(task.person),
        "unseen_edits": num_unseen,
        "path_intensity": path_unit,
        "steps": {name: sampler.meta["step"] for name, sampler in samplers.items()},
        "seed": SEED,
        "repeats": REPEATS,
        "level": LEVEL,
        "scores": {name: {key: one.as_json() for key, one in row.items()} for name, row in scores.items()},
        "confusion": confusion,
        "judges": panel.facts,
    }
    _write(pathlib.Path(output), facts, report(scores, confusion, panel.titles(), path_unit), sheets)
    return scores


def _data(sampler: Sampler) -> Data:
    return data_from_dict(sampler.meta["config"]["data"])


def _outputs(samplers: Mapping[str, Sampler], task: Task) -> dict[str, np.ndarray]:
    made = {name: sampler.edit(task.source, list(task.label)) for name, sampler in samplers.items()}
    return made | {CEILING: task.target, FLOOR: task.source} | edits.other_person(task)


def _add_paths(
    scores: dict[str, Row], samplers: Mapping[str, Sampler], task: interpolation.PathTask, panel: Panel
) -> np.ndarray:
    """Adds the figures of paths to the rows, and returns their chart."""
    made = {name: interpolation.draw(sampler, task) for name, sampler in samplers.items()}
    measured = {name: interpolation.intensity(task, panel, one) for name, one in made.items()}
    measured[CEILING] = interpolation.true_intensity(task, panel)
    if task.truth is not None:
        made[CEILING] = task.truth
    for name, one in made.items():
        statistics = interpolation.statistics(task, panel, one, measured[name])
        scores[name] |= with_intervals(statistics, np.asarray(task.person))
    return charts.paths(measured, task.person, interpolation.AMOUNTS, interpolation.unit(panel))


def _add_unseen(
    scores: dict[str, Row],
    samplers: Mapping[str, Sampler],
    task: Task,
    panel: Panel,
    measured: Mapping[str, Measured],
    seen: np.ndarray,
    drawn: bool,
) -> int:
    """Adds the figures of mixtures never seen in training to the rows, and returns how many edits they are of."""
    drawn_task = mixtures.drawn_task(task, seen) if drawn else None
    if drawn_task:
        task = drawn_task
        measured = {name: measure(task, panel, made) for name, made in _outputs(samplers, task).items()}
    rows = np.array(mixtures.rows_of_new_kind(task.label, seen, task.space), int)
    if len(rows):
        for name, one in measured.items():
            row = with_intervals(one.statistics, np.asarray(task.person), rows)
            scores[name] |= {f"unseen_{key}": figure for key, figure in row.items()}
    return len(rows)


def _write(folder: pathlib.Path, facts: dict[str, Any], text: str, sheets: Mapping[str, np.ndarray]) -> None:
    for name, sheet in sheets.items():
        images.write(folder / name, sheet)
    files.write_text(folder / "table.md", text)
    files.write_text(folder / "scores.json", json.dumps(facts, indent=2, allow_nan=False) + "\n")
