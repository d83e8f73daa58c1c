"""Scores as Markdown: a main table, then one for each thing that was measured."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from cdaae_jax.evaluation.scores import LEVEL, REPEATS, SEED, Figure, Row


class Column(NamedTuple):
    """One figure in a table: its name in a row, its heading, the digits of its value, whether it is a share."""

    name: str
    heading: str
    digits: int
    percent: bool = False

    def text(self, figure: Figure | None) -> str:
        """Returns "0.467 [0.44, 0.49]"; the interval has a digit less, and is left out where it is undefined."""
        if figure is None or not math.isfinite(figure.value):
            return "-"
        if self.percent:
            figure = Figure(*(100 * number for number in figure))
        value = f"{figure.value:.{self.digits}f}" + "%" * self.percent
        if not (math.isfinite(figure.low) and math.isfinite(figure.high)):
            return value
        digits = max(self.digits - 1, 0)
        return f"{value} [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"


MAIN = (
    Column("l1", "L1", 4),
    Column("ssim", "SSIM", 3),
    Column("psnr", "PSNR, dB", 1),
    Column("sharpness", "sharpness", 2),
    Column("identity_distance", "identity distance", 3),
    Column("same_person", "same person", 0, percent=True),
    Column("read_as_requested", "read as requested", 0, percent=True),
)


def table(scores: Mapping[str, Row], columns: tuple[Column, ...] = MAIN) -> str:
    """Returns a Markdown table: a line per model, the columns that any of them has; "" where none has any."""
    used = [column for column in columns if any(column.name in row for row in scores.values())]
    rows = {name: row for name, row in scores.items() if any(column.name in row for column in used)}
    cells = [[name, *(column.text(row.get(column.name)) for column in used)] for name, row in rows.items()]
    return lay_out(["", *(column.heading for column in used)], cells) if cells else ""


def lay_out(headings: list[str], cells: list[list[str]]) -> str:
    """Returns a Markdown table whose first column is names, the others numbers."""
    lines = [headings, ["---"] + ["---:"] * (len(headings) - 1), *cells]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines).replace("|  |", "| |")


def report(scores: Mapping[str, Row], confusion: Mapping[str, Mapping[str, Mapping[str, int]]]) -> str:
    """Returns the whole report."""
    parts = [
        f"[low, high]: {LEVEL:.0%} bootstrap interval over people, {REPEATS} repeats, seed {SEED}.\n",
        table(scores),
    ]
    classes = dict.fromkeys(name for row in scores.values() for name in row if name.startswith("read_as_"))
    per_class = tuple(
        Column(name, name.removeprefix("read_as_"), 0, percent=True) for name in classes if name != "read_as_requested"
    )
    if per_class:
        parts += ["## Expression: read as requested\n", table(scores, per_class)]
    for name, matrix in confusion.items():
        read = list(next(iter(matrix.values())))
        cells = [[requested, *(str(counts[one]) for one in read)] for requested, counts in matrix.items()]
        parts += [f"### {name}: requested (lines), read (columns), pictures\n", lay_out(["", *read], cells)]
    return "\n".join(parts)
