"""Figures of held-out people, with headings, from samplers and a task."""

import itertools
import json
import pathlib
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from cdaae_jax import images
from cdaae_jax.evaluation.edits import Task
from cdaae_jax.sampling import Sampler

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (the backend without a screen comes first)

Picture = UInt8[np.ndarray, "h w 3"]
AMOUNTS = (0.0, 0.5, 1.0, 1.3)


def by_amount(sampler: Sampler, task: Task, num_people: int = 8) -> Picture:
    """One row per edit: the source, the label at each of `AMOUNTS` (from neutral), the true target."""
    neutral = sampler.labels.parse("neutral=1" if "neutral" in sampler.labels.names else np.zeros(sampler.labels.size))
    rows = []
    for i in _first_of_each_person(task, num_people):
        vectors = [sampler.labels.mix(neutral, task.label[i], amount) for amount in AMOUNTS]
        rows.append([task.source[i], *sampler.edit(task.source[i], vectors), task.target[i]])
    return with_headings(rows, ["source", *(f"x {amount:g}" for amount in AMOUNTS), "target"])


def by_label(samplers: Mapping[str, Sampler], task: Task, num_people: int = 4) -> Picture:
    """Per person a row of true pictures, then one for each model: the source, then every label of the task."""
    rows, marks = [], []
    for person in dict.fromkeys(task.person):
        if len(rows) >= num_people * (1 + len(samplers)):
            break
        mine = [i for i, other in enumerate(task.person) if other == person]
        mine.sort(key=lambda i: tuple(-task.label[i]))
        source = task.source[mine[0]]
        rows.append([source, *task.target[mine]])
        marks.append("true")
        for name, sampler in samplers.items():
            rows.append([source, *sampler.edit(task.source[mine], task.label[mine])])
            marks.append(name)
        headings = ["source", *(task.names[i].removesuffix("=1") for i in mine)]
    return with_headings(rows, headings, marks)


def with_headings(rows: Sequence[Sequence[Picture]], columns: Sequence[str], lines: Sequence[str] = ()) -> Picture:
    """Lays out pictures at twice their size under column headings, each row with its name on the left."""
    rows = [[images.fit(np.asarray(picture), 2 * picture.shape[0]) for picture in row] for row in rows]
    body = images.grid(rows)
    size, left, top = rows[0][0].shape[0] + 2, 70 if lines else 0, 22
    sheet = Image.new("RGB", (left + body.shape[1], top + body.shape[0]), "white")
    sheet.paste(Image.fromarray(body), (left, top))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for i, text in enumerate(columns):
        pen.text((left + i * size + size // 2, top // 2), text, fill="black", font=font, anchor="mm")
    for i, text in enumerate(lines):
        pen.text((left - 6, top + i * size + size // 2), text, fill="black", font=font, anchor="rm")
    return np.asarray(sheet)


def curve(workdirs: Mapping[str, pathlib.Path], path: pathlib.Path) -> None:
    """Draws the training curves (reconstruction and image discriminator, by step) of several runs to a PNG."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
    for name, workdir in workdirs.items():
        lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
        steps = [line["step"] for line in lines]
        left.plot(steps, [line["reconstruction"] for line in lines], label=name)
        if "image_discriminator/real_right" in lines[0]:
            right.plot(steps, [line["image_discriminator/real_right"] for line in lines], label=f"{name}, real")
            right.plot(steps, [line["image_discriminator/fake_right"] for line in lines], "--", label=f"{name}, made")
    left.set(title="reconstruction loss, training people", xlabel="step", yscale="log")
    right.set(title="image discriminator: share judged right", xlabel="step", ylim=(0, 1))
    for axis in (left, right):
        axis.legend()
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def _first_of_each_person(task: Task, num_people: int) -> list[int]:
    firsts = {person: i for i, person in reversed(list(enumerate(task.person)))}
    return [firsts[person] for person in itertools.islice(dict.fromkeys(task.person), num_people)]
