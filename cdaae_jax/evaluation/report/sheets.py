"""Sheets of pictures of the people judged, with headings, from samplers and a task."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from cdaae_jax import images
from cdaae_jax.evaluation.tasks.edits import Task, neutral_label
from cdaae_jax.sampling import Sampler

Picture = UInt8[np.ndarray, "h w 3"]
AMOUNTS = (0.0, 0.5, 1.0, 1.3)
MOST_LABELS = 10  # of a person in one line


def by_amount(sampler: Sampler, task: Task, num_people: int = 8) -> Picture:
    """A row per person, each with another label: the source, the label at `AMOUNTS` (from neutral), the true target."""
    neutral = neutral_label(sampler.labels)
    rows, marks = [], []
    for k, mine in enumerate(_rows_by_person(task, num_people)):
        i = mine[k % len(mine)]
        vectors = [sampler.labels.mix(neutral, task.label[i], amount) for amount in AMOUNTS]
        rows.append([task.source[i], *sampler.edit(task.source[i], vectors), task.target[i]])
        marks.append(_text(task, i))
    return with_headings(rows, ["source", *(f"x {amount:g}" for amount in AMOUNTS), "target"], marks)


def by_label(samplers: Mapping[str, Sampler], task: Task, num_people: int = 4) -> Picture:
    """Per person a row of true pictures, then one for each model: the source, then the labels of the task.

    At most `MOST_LABELS` of them, spread evenly.
    """
    blocks: list[tuple[list[str], list[list[Picture]], list[str]]] = []
    for mine in _rows_by_person(task, num_people):
        mine = [mine[i] for i in np.unique(np.linspace(0, len(mine) - 1, min(MOST_LABELS, len(mine))).astype(int))]
        source, headings = task.source[mine[0]], ["source", *(_text(task, i) for i in mine)]
        rows = [[source, *task.target[mine]]]
        rows += [[source, *sampler.edit(task.source[mine], task.label[mine])] for sampler in samplers.values()]
        if not blocks or blocks[-1][0] != headings:  # a block with other labels gets headings of its own
            blocks.append((headings, [], []))
        blocks[-1][1].extend(rows)
        blocks[-1][2].extend(["true", *samplers])
    sheets = [with_headings(rows, headings, marks) for headings, rows, marks in blocks]
    width = max(sheet.shape[1] for sheet in sheets)
    padded = [np.pad(sheet, [(0, 0), (0, width - sheet.shape[1]), (0, 0)], constant_values=255) for sheet in sheets]
    return np.concatenate(padded)


def with_headings(
    rows: Sequence[Sequence[Picture]], columns: Sequence[str], lines: Sequence[str] = (), scale: int = 2
) -> Picture:
    """Lays out pictures, `scale` times as large, under column headings, each row with its name on the left."""
    rows = [[images.fit(np.asarray(picture), scale * picture.shape[0]) for picture in row] for row in rows]
    body = images.grid(rows)
    font = ImageFont.load_default(14)
    longest = max((font.getlength(word) for line in lines for word in line.splitlines()), default=0)
    size, left = rows[0][0].shape[0] + 2, max(70, int(longest) + 14) if lines else 0
    top = 4 + 18 * max(text.count("\n") + 1 for text in columns)
    sheet = Image.new("RGB", (left + body.shape[1], top + body.shape[0]), "white")
    sheet.paste(Image.fromarray(body), (left, top))
    pen = ImageDraw.Draw(sheet)
    for i, text in enumerate(columns):
        pen.text((left + i * size + size // 2, top // 2), text, fill="black", font=font, anchor="mm", align="center")
    for i, text in enumerate(lines):
        pen.text((left - 6, top + i * size + size // 2), text, fill="black", font=font, anchor="rm", align="right")
    return np.asarray(sheet)


def _text(task: Task, i: int) -> str:
    """A label with one name per line, as several action units on one line would be wider than a picture."""
    full = "=1" if task.space.kind == "emotion" else ""  # AU15=1 is weak, so the number is shown
    return task.names[i].removesuffix(full).replace(",", "\n")


def _rows_by_person(task: Task, num_people: int) -> list[list[int]]:
    """The rows of each of the first people, in the order of the label's names."""
    rows: dict[str, list[int]] = {}
    for i, person in enumerate(task.person):
        rows.setdefault(person, []).append(i)
    return [sorted(mine, key=lambda i: tuple(-task.label[i])) for mine in itertools.islice(rows.values(), num_people)]
