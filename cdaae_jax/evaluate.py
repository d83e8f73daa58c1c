"""Measures models on people kept out of training: JSON, a Markdown table and figures."""

import json
import os
import pathlib
from collections.abc import Mapping

import numpy as np

from cdaae_jax import files, images
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation import edits, figures
from cdaae_jax.evaluation.scores import Row, Scorer
from cdaae_jax.sampling import Sampler

# What the table shows: the name of a score, how it is headed, how it is printed.
COLUMNS = (
    ("l1", "L1", "{:.4f}"),
    ("ssim", "SSIM", "{:.3f}"),
    ("psnr", "PSNR, dB", "{:.1f}"),
    ("sharpness", "sharpness", "{:.2f}"),
    ("identity_distance", "identity distance", "{:.3f}"),
    ("same_person", "same person", "{:.0%}"),
    ("read_as_requested", "read as requested", "{:.0%}"),
)


def evaluate(
    samplers: Mapping[str, Sampler] | Sampler,
    output: str | os.PathLike,
    data_dir: str | os.PathLike | None = None,
    judges: str | os.PathLike | None = None,
) -> dict[str, Row]:
    """Measures models on the people whom their own configuration holds out.

    Every held-out person's most neutral photo is changed to the label of each of the person's other photos, and
    compared with it. "copy the source" and "true target" stand beside the models, as floor and ceiling.

    Args:
      samplers: models by name, all trained on the same data; or one.
      output: a folder for scores.json, table.md and people.png; made if missing.
      data_dir: the data folder; else the environment variable CDAAE_DATA. TFDS sets can do without.
      judges: the folder of the judge networks (`make judges`); None leaves identity and expression out.

    Returns:
      Scores (see `Scorer.row`) by name.

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
    scores = {name: scorer.row(sampler.edit(task.source, list(task.label))) for name, sampler in samplers.items()}
    scores |= {"copy the source": scorer.row(task.source), "true target": scorer.row(task.target)}

    folder = pathlib.Path(output)
    facts = {
        "people": sorted(set(task.person)),
        "edits": len(task.person),
        "steps": {name: sampler.meta["step"] for name, sampler in samplers.items()},
    }
    files.write_text(folder / "scores.json", json.dumps(facts | {"scores": scores}, indent=2) + "\n")
    files.write_text(folder / "table.md", table(scores))
    images.write(folder / "people.png", figures.by_label(samplers, task))
    for name, sampler in samplers.items():
        images.write(folder / f"amounts_{name}.png", figures.by_amount(sampler, task))
    return scores


def table(scores: Mapping[str, Row]) -> str:
    """Returns the scores as a Markdown table, one line per model."""
    used = [column for column in COLUMNS if any(column[0] in row for row in scores.values())]
    lines = ["| | " + " | ".join(heading for _, heading, _ in used) + " |", "| --- |" + " ---: |" * len(used)]
    for name, row in scores.items():
        cells = [form.format(row[key]) if np.isfinite(row.get(key, np.nan)) else "-" for key, _, form in used]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
