"""Measures models on people kept out of training: JSON, Markdown tables, charts, and sheets of pictures."""

import dataclasses
import logging
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax.config import Data
from cdaae_jax.config_fields import data_from_dict
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data.dataset import FaceDataset
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges import path_outputs
from cdaae_jax.evaluation.judges.outputs import Measured, measure
from cdaae_jax.evaluation.judges.panel import Panel
from cdaae_jax.evaluation.measures.scores import LEVEL, REPEATS, SEED, Row, with_intervals
from cdaae_jax.evaluation.report import charts, sheets
from cdaae_jax.evaluation.report.folder import Report
from cdaae_jax.evaluation.report.tables import report
from cdaae_jax.evaluation.tasks import mixtures, one_kind, paths
from cdaae_jax.evaluation.tasks.calibration import photos_to_calibrate_on
from cdaae_jax.evaluation.tasks.drawn import truth_of
from cdaae_jax.evaluation.tasks.edits import OTHER, Task, Truth, held_out_task, in_space, other_person
from cdaae_jax.evaluation.tasks.people import people_to_judge, refuse_moved_data
from cdaae_jax.sampling import Sampler

CEILING, FLOOR = "true target", "copy the source"

_LOG = logging.getLogger(__name__)
Samplers = Mapping[str, Sampler]
Picture = UInt8[np.ndarray, "h w 3"]


def evaluate(
    samplers: Samplers | Sampler,
    output: str | os.PathLike,
    data_dir: str | os.PathLike | None = None,
    judges: str | os.PathLike | None = None,
    manifests: Sequence[str] = (),
    split: str = "test",
    size: int | None = None,
) -> dict[str, Row]:
    """Measures models on people whom none of them was trained on.

    Each of these people's most neutral photo is changed to the label of each of the person's other photos, and
    compared with it; see `outputs.measure`. For comparison, the same
    is measured of "true target" (the ceiling), "copy the source" (the floor for the expression) and "other person",
    another judged person's source (the floor for the identity).
    With judges, models are also measured along paths from neutral to a label (`path_...`, see `measures.growth`); and
    on mixtures of labels that training never saw (`unseen_...`): those of the judged photos, or, of the package's
    synthetic faces, whose true pictures can be drawn, `mixtures.PER_PERSON`.
    Models that know emotions and action units together are judged twice: on the pictures that have emotions, and on
    those that have action units.

    Args:
      samplers: models by name, all trained on people of the same data; or one. The sheet of amounts shows the first.
      output: a folder for scores.json, table.md, charts and sheets; made if missing. Models of both kinds of labels
        get two folders in it, "emotion" and "au".
      data_dir: the data folder; else the environment variable CDAAE_DATA. TFDS sets need none.
      judges: the folder of the judge networks (`make judges`); None leaves out everything that needs one.
      manifests: other pictures to reach, see `edits.held_out_task`, written as `data.manifests`; labels that the models
        do not know are left out.
      size: pixels of the pictures to judge; None takes what the models write. Any model can be applied at any size.
      split: whom to judge, of the first model's data: "test", or "validation" for decisions during development.

    Returns:
      Scores with intervals over people by name, for the models and what stands beside them. Models of both kinds have
      two rows: "NAME, emotions" and "NAME, action units".

    Raises:
      UserError: models of different labels or data, models whose training used somebody who would be judged, old
        checkpoints that do not say so, missing or changed data, missing judges, or a folder that cannot be written.
        Nothing is written then, unless the writing itself failed.
    """
    if isinstance(samplers, Sampler):
        samplers = {samplers.meta["config"]["model"]["name"]: samplers}
    if size is not None:
        samplers = {name: dataclasses.replace(sampler, image_size=size) for name, sampler in samplers.items()}
    first = next(iter(samplers.values()))
    _refuse_unlike(samplers)
    metas = {name: sampler.meta for name, sampler in samplers.items()}
    judged = people_to_judge(metas, split)
    config, root, size = data_from_dict(first.meta["config"]["data"]), datasets.root(data_dir), first.image_size
    data = datasets.load(config, root, size)
    refuse_moved_data(metas, data)
    others = _load_others(config, manifests, root, size) if manifests else None
    asked = _Asked(config, root, size, judges, split, tuple(manifests))
    output = pathlib.Path(output)
    if first.labels.kind != "both":
        reports = {output: _judge(samplers, data, judged, others, asked)}
        scores = reports[output].scores
    else:
        by_kind = _judge_kinds(samplers, data, judged, others, asked)
        reports = {output / kind: found for kind, found in by_kind.items()}
        scores = {
            f"{name}, {one_kind.KINDS[kind]}": row
            for kind, found in by_kind.items()
            for name, row in found.scores.items()
        }
    for folder, found in reports.items():
        found.write(folder)
    return scores


class _Asked(NamedTuple):
    """What is asked of an evaluation; `kind` is what models of both kinds of labels are judged on."""

    config: Data
    root: pathlib.Path | None
    size: int
    judges: str | os.PathLike | None
    split: str
    manifests: tuple[str, ...]
    kind: str = ""


def _judge_kinds(
    samplers: Samplers, data: FaceDataset, judged: Sequence[str], others: FaceDataset | None, asked: _Asked
) -> dict[str, Report]:
    """Judges models of both kinds on each kind for which there are pictures."""
    reports = {}
    for kind, what in one_kind.KINDS.items():
        photos = one_kind.photos_of(data, kind)
        targets = one_kind.photos_of(others, kind) if others else photos
        whom = [person for person in judged if photos and person in photos.people]
        if photos is None or targets is None or not whom:
            _LOG.warning("not judged on %s: nobody of split %s has pictures with such labels", what, asked.split)
            continue
        one = {name: one_kind.asked_for(sampler, kind) for name, sampler in samplers.items()}
        config = dataclasses.replace(asked.config, label_kind=kind, label_names=photos.space.names)
        reports[kind] = _judge(one, photos, whom, targets if others else None, asked._replace(config=config, kind=what))
    if not reports:
        raise UserError(
            f"nobody of split {asked.split} has a picture with a label that the model knows; name other pictures with "
            "--manifests, or judge the other split"
        )
    return reports


def _judge(
    samplers: Samplers, data: FaceDataset, judged: Sequence[str], others: FaceDataset | None, asked: _Asked
) -> Report:
    """Judges models of one kind of label."""
    config, root, size, judges, split, manifests, kind = asked
    metas = {name: sampler.meta for name, sampler in samplers.items()}
    first = next(iter(samplers.values()))
    truth = truth_of((*config.manifests, *manifests))
    task = in_space(held_out_task(data, judged, size, others, truth), first.labels)
    panel = Panel()
    if judges:
        calibration = _load_calibration(data, others, config, truth, root, size, first.meta)
        panel = Panel.load(judges, config.label_kind, size, calibration)

    measured = {name: measure(task, panel, made) for name, made in _outputs(samplers, task).items()}
    people = np.asarray(task.person)
    scores = {name: with_intervals(one.statistics, people) for name, one in measured.items()}
    shown = [*samplers, CEILING]
    confusion = {name: table for name in [*shown, FLOOR] if (table := measured[name].confusion)}
    pictures = _draw(samplers, task, panel, {name: measured[name] for name in shown})
    path_task = paths.held_out_paths(task, path_outputs.measurable(task, panel))
    if path_task:
        pictures["paths.png"] = _add_paths(scores, samplers, path_task, panel)
    # A model trained on more people may have seen mixtures that the first model has not.
    seen = [data.of(tuple(meta["people"]["train"])).labels for meta in metas.values()]
    num_unseen = _add_unseen(scores, samplers, task, panel, measured, np.concatenate(seen))

    path_unit = path_outputs.unit(panel) if path_task else None
    facts = {
        "people": sorted(set(task.person)),
        "split": split,
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
    whom = _whom(len(set(task.person)), split, manifests, kind)
    return Report(scores, facts, report(scores, confusion, whom, panel.titles(), path_unit), pictures)


def _refuse_unlike(samplers: Samplers) -> None:
    (first_name, first), *_ = samplers.items()
    for name, sampler in samplers.items():
        if name in (CEILING, FLOOR, OTHER):
            raise UserError(f"a model is named {name!r}, which stands beside the models; give it another name")
        if (sampler.labels, sampler.image_size) != (first.labels, first.image_size):
            raise UserError(
                f"{name} has other labels or another image size than {first_name}; compare models that have the same"
            )


def _load_others(config: Data, manifests: Sequence[str], root: pathlib.Path | None, size: int) -> FaceDataset:
    others = dataclasses.replace(config, manifests=tuple(manifests), label_names=())
    # A person may have a single picture in this set, as the source comes from the other set.
    return datasets.load(others, root, size, varied=False)


def _load_calibration(
    data: FaceDataset,
    others: FaceDataset | None,
    config: Data,
    truth: Truth | None,
    root: pathlib.Path | None,
    size: int,
    meta: Mapping[str, Any],
) -> FaceDataset | None:
    """Returns the photos to calibrate the AU meter on; None if AUs cannot be judged, as of photographed emotions."""
    if config.label_kind == "au":
        return photos_to_calibrate_on(data, others, meta)
    if truth is None:
        return None
    # Drawn people have other pictures for AUs than for emotions.
    units = datasets.load(dataclasses.replace(config, label_kind="au", label_names=()), root, size)
    return photos_to_calibrate_on(units, None, meta)


def _outputs(samplers: Samplers, task: Task) -> dict[str, UInt8[np.ndarray, "n s s 3"]]:
    made = {name: sampler.edit(task.source, list(task.label)) for name, sampler in samplers.items()}
    return made | {CEILING: task.target, FLOOR: task.source} | other_person(task)


def _draw(samplers: Samplers, task: Task, panel: Panel, measured: Mapping[str, Measured]) -> dict[str, Picture]:
    """Returns the sheets of pictures, and the charts of the judgements on edits, by file name."""
    first = next(iter(samplers.values()))
    drawn = {
        "people.png": sheets.by_label(samplers, task, num_people=4 if len(samplers) < 3 else 2),
        "amounts.png": sheets.by_amount(first, task),
    }
    tables = {name: one.confusion for name, one in measured.items() if one.confusion}
    if len(tables) == len(measured):
        drawn["confusion.png"] = charts.confusion(tables)
    if panel.meter:
        names = panel.meter.names
        aus = {name: one.aus for name, one in measured.items() if one.aus is not None}
        requested = np.where(task.knows_aus(names), task.requested_aus(names), np.nan)
        drawn["action_units.png"] = charts.action_units(requested, aus, names, task.person)
    return drawn


def _add_paths(scores: dict[str, Row], samplers: Samplers, task: paths.PathTask, panel: Panel) -> Picture:
    """Adds the scores of paths to the rows, and returns their chart."""
    made = {name: paths.draw(sampler, task) for name, sampler in samplers.items()}
    measured = {name: path_outputs.intensity(task, panel, one) for name, one in made.items()}
    measured[CEILING] = path_outputs.true_intensity(task, panel)
    if task.true is not None:
        made[CEILING] = task.true
    for name, one in made.items():
        statistics = path_outputs.path_statistics(task, panel, one, measured[name])
        scores[name] |= with_intervals(statistics, np.asarray(task.ends.person))
    return charts.paths(measured, task.ends.person, paths.AMOUNTS, path_outputs.unit(panel))


def _add_unseen(
    scores: dict[str, Row],
    samplers: Samplers,
    task: Task,
    panel: Panel,
    measured: Mapping[str, Measured],
    seen: Float[np.ndarray, "m l"],
) -> int:
    """Adds the scores of mixtures never seen in training to the rows, and returns how many edits they are of."""
    drawn_task = mixtures.drawn_task(task, seen)
    if drawn_task:
        task = drawn_task
        measured = {name: measure(task, panel, made) for name, made in _outputs(samplers, task).items()}
    rows = np.array(mixtures.rows_of_new_kind(task.label, seen, task.space), int)
    if len(rows):
        for name, one in measured.items():
            row = with_intervals(one.statistics, np.asarray(task.person), rows)
            scores[name] |= {f"unseen_{key}": score for key, score in row.items()}
    return len(rows)


def _whom(num_people: int, split: str, manifests: Sequence[str], kind: str) -> str:
    pictures = f" in {', '.join(manifests)}" if manifests else ""
    labels = f"Judged on {kind}, on" if kind else "Judged on"
    return f"{labels} {num_people} people{pictures} who were not trained on (split {split})."
