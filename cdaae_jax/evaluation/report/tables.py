"""Scores as Markdown: a main table, then one for each thing that was measured."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cdaae_jax.evaluation.measures.scores import LEVEL, REPEATS, SEED, Row, Score

Confusion = Mapping[str, Mapping[str, Mapping[str, int]]]


class Column(NamedTuple):
    """One score in a table: its name in a row, its heading, the digits of its value, whether it is a share."""

    name: str
    heading: str
    digits: int
    percent: bool = False

    def text(self, score: Score | None) -> str:
        """Returns "0.467 [0.44, 0.49]"; no interval where it is undefined, "-" where the score is."""
        if score is None or not math.isfinite(score.value):
            return "-"
        if self.percent:
            score = Score(*(100 * number for number in score))
        value = f"{score.value:.{self.digits}f}" + "%" * self.percent
        if not (math.isfinite(score.low) and math.isfinite(score.high)):
            return value
        digits = self.digits - (self.digits > 2)  # three digits are more than the intervals are worth
        return f"{value} [{score.low:.{digits}f}, {score.high:.{digits}f}]"


_L1, _SSIM, _PSNR = Column("l1", "L1", 4), Column("ssim", "SSIM", 3), Column("psnr", "PSNR, dB", 1)
_LPIPS, _SHARPNESS = Column("lpips", "LPIPS", 4), Column("sharpness", "sharpness", 2)
_IDENTITY, _VERIFIED = Column("identity_distance", "identity distance", 3), Column("verified", "verified", 0, True)
_READ = Column("read_as_requested", "read as requested", 0, True)
_GAIN = Column("expression_gain", "expression gain", 2)
_BOTH = Column("kept_and_expression_gain", "harmonic mean with verified, strict", 2)
_AU_GAIN = Column("au_gain", "AU gain", 2)
_ICC = Column("au_icc", "AU ICC(3,1)", 2)

MAIN = (_L1, _SSIM, _LPIPS, _SHARPNESS, _IDENTITY, _VERIFIED, _READ, _GAIN, _BOTH, _ICC, _AU_GAIN)
IDENTITY = (
    *(_IDENTITY, Column("identity_cosine", "cosine", 3), _VERIFIED),
    Column("verified_strict", "verified, strict", 0, True),
    Column("verified_at_1_in_1000", "verified at 0.1 % false accepts", 0, True),
    Column("rank_one", "rank 1", 0, True),
)
PICTURE = (
    *(_L1, _SSIM, _PSNR, _LPIPS, _SHARPNESS),
    Column("frechet", "Frechet, VGG16 features", 1),
    Column("outside_face", "change outside the face", 4),
)
ACTION_UNITS = (
    Column("au_mse", "squared error", 2),
    Column("au_pearson", "Pearson's r", 2),
    *(_ICC, _AU_GAIN, Column("kept_and_au_gain", "harmonic mean with verified, strict", 2)),
    Column("au_found", "face found", 0, True),
)
PATHS = (
    Column("path_monotone", "steps up", 0, True),
    Column("path_spearman", "Spearman", 2),
    Column("path_evenness", "evenness", 2),
    Column("path_straightness", "straightness", 2),
    Column("path_range", "range", 2),
    Column("path_l1", "L1 to the true path", 4),
    Column("path_l1_between", "between its ends", 4),
    Column("path_lpips", "LPIPS to the true path", 4),
    Column("path_lpips_between", "between its ends", 4),
)
PER_UNIT = {"icc": "ICC(3,1)", "pearson": "Pearson's r", "mse": "squared error, FACS intensities"}


def report(
    scores: Mapping[str, Row],
    confusion: Confusion,
    judged: str,
    identities: Sequence[tuple[str, str]] = (),
    path_unit: str | None = None,
) -> str:
    """Returns the whole report.

    Args:
      scores: by name, for each model and what stands beside the models.
      confusion: pictures by requested and read expression, for some of them.
      judged: whom the scores are of, a sentence.
      identities: of each identity network what to call it, and what its scores' names begin with.
      path_unit: what was measured along the paths.
    """
    drawn = f"{LEVEL:.0%} bootstrap interval over people, {REPEATS} repeats, seed {SEED}"
    biased = (
        " That of the Frechet distance lies too high: a repeat has fewer different pictures; as a set, other people's"
        " sources are the sources."
    )
    parts = [
        f"{judged} [low, high]: {drawn}.{biased if any('frechet' in row for row in scores.values()) else ''}\n",
        table(scores, MAIN),
        *(section(f"Identity: {judge}", table(scores, _prefixed(prefix, IDENTITY))) for judge, prefix in identities),
        section("Expression: read as requested", table(scores, (_READ, _GAIN, _BOTH, *_per_class(scores)))),
        *(
            section(f"{name}: requested (lines), read as (columns), pictures", _counts(matrix), level=3)
            for name, matrix in confusion.items()
        ),
        section("Action units, means", table(scores, ACTION_UNITS)),
        *(section(f"Action units: {heading}", _per_unit(scores, key), 3) for key, heading in PER_UNIT.items()),
        section("Picture", table(scores, PICTURE)),
        section(f"Interpolation: {path_unit}", table(scores, PATHS)),
        section("Mixtures never seen in training", table(scores, _prefixed("unseen_", MAIN))),
    ]
    return "\n".join(part for part in parts if part)


def section(heading: str, body: str, level: int = 2) -> str:
    """Returns a part of the report; "" if it is empty."""
    return f"{'#' * level} {heading}\n\n{body}" if body else ""


def table(scores: Mapping[str, Row], columns: Sequence[Column] = MAIN) -> str:
    """Returns a Markdown table: a line per model, the columns that any of them has; "" where none has any."""
    used = [column for column in columns if any(column.name in row for row in scores.values())]
    rows = {name: row for name, row in scores.items() if any(column.name in row for column in used)}
    cells = [[name, *(column.text(row.get(column.name)) for column in used)] for name, row in rows.items()]
    return lay_out(["", *(column.heading for column in used)], cells) if cells else ""


def lay_out(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Returns a Markdown table whose first column is names, the others numbers."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *cells]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines).replace("|  |", "| |")


def _prefixed(prefix: str, columns: Sequence[Column]) -> list[Column]:
    return [column._replace(name=prefix + column.name) for column in columns]


def _per_class(scores: Mapping[str, Row]) -> list[Column]:
    prefix = "read_as_"
    names = dict.fromkeys(name for row in scores.values() for name in row if name.startswith(prefix))
    return [Column(name, name.removeprefix(prefix), 0, True) for name in names if name != _READ.name]


def _per_unit(scores: Mapping[str, Row], key: str) -> str:
    """A line per action unit, a column per model."""
    prefix = f"{key}_AU"
    rows = {name: row for name, row in scores.items() if any(score.startswith(prefix) for score in row)}
    names = dict.fromkeys(score for row in rows.values() for score in row if score.startswith(prefix))
    cells = [
        [name.removeprefix(f"{key}_"), *(Column(name, "", 2).text(row.get(name)) for row in rows.values())]
        for name in names
    ]
    return lay_out(["", *rows], cells) if cells else ""


def _counts(matrix: Mapping[str, Mapping[str, int]]) -> str:
    read = list(next(iter(matrix.values())))
    cells = [[requested, *(str(counts[one]) for one in read)] for requested, counts in matrix.items()]
    return lay_out(["", *read], cells)
