"""Scores of groups of people, and how far the groups lie apart."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from cdaae_jax.data import folder
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.measures.scores import Row, Score, with_intervals
from cdaae_jax.evaluation.measures.statistics import Statistic

Statistics = Mapping[str, Statistic]

ATTRIBUTES = ("gender", "ethnicity")
UNKNOWN = "not stated"
FEWEST = 2  # people whom a group needs to be compared with others: one person is no group


class Group(NamedTuple):
    """People who share an attribute, and the rows of their edits."""

    attribute: str
    value: str
    people: int
    rows: Int[np.ndarray, " m"]

    @property
    def name(self) -> str:
        """For tables: "black, 3 people"."""
        return f"{self.value.replace('_', ' ')}, {self.people} {'person' if self.people == 1 else 'people'}"


class Gap(NamedTuple):
    """Two groups of one attribute, and how much higher a score is in the second, with its interval over people."""

    low: Group
    high: Group
    score: Score


def groups(table: pathlib.Path, person: Sequence[str]) -> list[Group]:
    """Returns the groups of the people judged, by gender, then by ethnicity.

    Args:
      table: a CSV with the columns subject, gender and ethnicity; an empty cell is a group of its own.
      person: [n], who each edit is of.

    Raises:
      UserError: the table cannot be read, or lacks a column or one of the people.
    """
    columns, lines = folder.read_table(table)
    for column in ("subject", *ATTRIBUTES):
        if column not in columns:
            raise UserError(f"{table} has no column {column!r}; it has {', '.join(columns)}")
    by_person = {line["subject"]: line for line in lines}
    if missing := sorted({*person} - {*by_person}):
        raise UserError(f"{table} does not name {missing[0]}, who is judged; name a table of everybody with --people")
    made = []
    for attribute in ATTRIBUTES:
        values = np.array([by_person[one][attribute] or UNKNOWN for one in person])
        for value in sorted({*values.tolist()}):
            rows = np.flatnonzero(values == value)
            made.append(Group(attribute, value, len({person[int(i)] for i in rows}), rows))
    return made


def scores(statistics: Statistics, person: Sequence[str], group: Group) -> Row:
    """Returns a group's scores; of a single person there is no interval."""
    row = with_intervals(statistics, np.asarray(person), group.rows)
    nothing = float("nan")
    return row if group.people > 1 else {name: Score(one.value, nothing, nothing) for name, one in row.items()}


def largest_gap(statistic: Statistic, person: Sequence[str], of: Sequence[Group]) -> Gap | None:
    """Returns the two groups of one attribute that lie farthest apart; None where there are no two to compare.

    The interval is that of these two groups. Being the largest of several, a gap is large by chance, too.
    """
    best: Gap | None = None
    for attribute in ATTRIBUTES:
        values = [
            (float(statistic(group.rows)), group)
            for group in of
            if group.attribute == attribute and group.people >= FEWEST
        ]
        values = [pair for pair in values if np.isfinite(pair[0])]
        if len(values) < 2:
            continue
        (low, lowest), (high, highest) = min(values, key=lambda one: one[0]), max(values, key=lambda one: one[0])
        if best is None or high - low > best.score.value:
            best = Gap(lowest, highest, between(statistic, person, lowest, highest))
    return best


def between(statistic: Statistic, person: Sequence[str], low: Group, high: Group) -> Score:
    """Returns how much higher a score is in one group than in another; the groups share nobody."""
    is_low, is_high = (np.isin(np.arange(len(person)), group.rows) for group in (low, high))

    def difference(rows: Int[np.ndarray, " rows"]) -> float:
        first, second = rows[is_low[rows]], rows[is_high[rows]]
        # A draw of people may have nobody of a group.
        return statistic(second) - statistic(first) if len(first) and len(second) else float("nan")

    both = np.concatenate([low.rows, high.rows])
    return with_intervals({"gap": difference}, np.asarray(person), both)["gap"]
