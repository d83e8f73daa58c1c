"""Measures models on people kept out of training: JSON, a Markdown table and figures."""

import json
import os
import pathlib
from collections.abc import Mapping

from cdaae_jax import files, images
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation import edits, figures
from cdaae_jax.evaluation.measures import Scorer
from cdaae_jax.evaluation.report import report
from cdaae_jax.evaluation.scores import LEVEL, REPEATS, SEED, Row
from cdaae_jax.sampling import Sampler


def evaluate(
    samplers: Mapping[str, Sampler] | Sampler,
    output: str | os.PathLike,
    data_dir: str | os.PathLike | None = None,
    judges: str | os.PathLike | None = None,
) -> dict[str, Row]:
    """Measures models on the people whom their own configuration holds out.

    Every held-out person's most neutral photo is changed to the label of each of the person's other photos, and
    compared with it. Beside the models stand "true target" (the ceiling), "copy the source" (the floor for the
    expression) and "other person", another held-out person's source (the floor for the identity).

    Args:
      samplers: models by name, all trained on the same data; or one.
      output: a folder for scores.json, table.md and people.png; made if missing.
      data_dir: the data folder; else the environment variable CDAAE_DATA. TFDS sets can do without.
      judges: the folder of the judge networks (`make judges`); None leaves identity and expression out.

    Returns:
      Figures with intervals (see `Scorer.row`) by name: of the models, "true target", "copy the source" and, where
      more than one person is held out, "other person".

    Raises:
      UserError: models of different data, missing data or judges, or a folder that cannot be written.
    """
    if isinstance(samplers, Sampler):
        samplers = {samplers.meta["config"]["model"]["name"]: samplers}
    first = next(iter(samplers.values()))
    for name, sampler in samplers.items():
        ours = (sampler.labels, sampler.image_size, sampler.meta["config"]["data"]["held_out"])
        if ours != (first.labels, first.image_size, first.meta["config"]["data"]["held_out"]):
            raise UserError(f"{name} has other labels, size or held-out people than the rest; compare like with like")
    fields = first.meta["config"]["data"]
    data = Data(**{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()})
    task = edits.held_out_task(data, datasets.root(data_dir), first.image_size)
    scorer = Scorer(task, pathlib.Path(judges) if judges else None)
    outputs = {name: sampler.edit(task.source, list(task.label)) for name, sampler in samplers.items()}
    outputs |= {"true target": task.target, "copy the source": task.source} | edits.other_person(task)
    scores = {name: scorer.row(output) for name, output in outputs.items()}
    confusion = {name: scorer.confusion(outputs[name]) for name in (*samplers, "true target", "copy the source")}
    confusion = {name: matrix for name, matrix in confusion.items() if matrix}
    # Everything is made before anything is written: an error leaves no half of a report.
    sheets = {"people.png": figures.by_label(samplers, task)}
    sheets |= {f"amounts_{name}.png": figures.by_amount(sampler, task) for name, sampler in samplers.items()}

    facts = {
        "people": sorted(set(task.person)),
        "edits": len(task.person),
        "steps": {name: sampler.meta["step"] for name, sampler in samplers.items()},
        "seed": SEED,
        "repeats": REPEATS,
        "level": LEVEL,
        "scores": {name: {figure: found.as_json() for figure, found in row.items()} for name, row in scores.items()},
        "confusion": confusion,
        "judges": scorer.facts(),
    }
    folder = pathlib.Path(output)
    files.write_text(folder / "scores.json", json.dumps(facts, indent=2, allow_nan=False) + "\n")
    files.write_text(folder / "table.md", report(scores, confusion))
    for name, sheet in sheets.items():
        images.write(folder / name, sheet)
    return scores
