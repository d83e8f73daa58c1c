"""Measures one model that ships, or a checkpoint, and writes a page about it: card.md, card.json and pictures.

python -m studies.pretrained --model=emotion --data_dir=DATA --judges=JUDGES --output=docs/results/pretrained/emotion

What `cdaae-export --report` puts into the model card is in results.md.

On people kept out of training: the harness's report, the scores by gender and ethnicity, real smiles, amounts; and with
--portraits, photos from outside the studio. --split=validation is for development; a page that is published says test.
Where a training's pictures show half expressions, too, name full ones to judge, as only these are read as emotions:
--manifests="frl_rig2/emotion.csv?expression=happy,sad,surprised,fearful,disgusted,angry,contemptuous"
"""

import argparse
import dataclasses
import json
import pathlib
import re
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from cdaae_jax import evaluate, files, images
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.harness import CEILING, FLOOR
from cdaae_jax.evaluation.judges.landmarks import Landmarker
from cdaae_jax.evaluation.judges.panel import Panel
from cdaae_jax.evaluation.measures.scores import LEVEL, REPEATS, Row, Score, with_intervals
from cdaae_jax.evaluation.measures.statistics import Statistic
from cdaae_jax.evaluation.report.sheets import with_headings
from cdaae_jax.evaluation.report.tables import Column, lay_out, section, table
from cdaae_jax.evaluation.tasks.people import SPLITS
from cdaae_jax.sampling import Sampler
from studies import card_groups, card_measures, program
from studies.card_measures import AMOUNTS, Asked

SIZE = 256
GREY_LEVELS = 255
MOST_SMILES = 8  # people on the sheet of smiles
LARGE = ("people.png", "amounts.png")  # the harness's sheets, 10 MB each at 256 px: too much for a repository
SHOWN = 192  # pixels of a portrait on its sheet

OUTSIDE = Column("grey_levels_outside", "outside the face, grey levels", 2)
READ = Column("read_as_requested", "read as requested", 0, True)
GAINED = (
    *(READ, Column("expression_gain", "expression gain", 2)),
    *(Column("au_pearson", "AU mean r", 2), Column("au_gain", "AU gain", 2)),
)
BOTH = (
    *(Column("kept_and_expression_gain", "harmonic mean with verified, strict", 2),),
    *(Column("kept_and_au_gain", "harmonic mean with verified, strict", 2),),
)
STEPS_UP = Column("path_monotone", "interpolation: steps up", 0, True)


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line, measures, and writes the page.

    Raises:
      UserError: the model, the data, the judges or a table cannot be used, or something cannot be written.
    """
    given = _parsed(arguments)
    sampler = dataclasses.replace(Sampler.from_pretrained(given.model), image_size=SIZE)
    # What is missing is to be said before the hours of measuring, not after.
    people = given.people or given.data_dir.parent / "rig" / "people.csv"
    known = card_measures.recipes(given.recipes or given.data_dir / "frl_rig2" / "emotion.csv")
    task, panel = card_measures.held_out(sampler, given.data_dir, given.judges, given.manifests, given.split)
    groups = card_groups.groups(people, task.person)
    photos = _photos(given.portraits) if given.portraits else {}

    name = pathlib.Path(given.model).resolve().name
    scores = evaluate({name: sampler}, given.output, given.data_dir, given.judges, given.manifests, given.split, SIZE)
    for sheet in LARGE:
        _shrink(given.output / sheet)
    made = card_measures.edits(sampler, task.source, task.label, AMOUNTS)
    by_amount = {
        amount: card_measures.statistics_of(Asked(task, one), panel) for amount, one in zip(AMOUNTS, made, strict=True)
    }
    true = card_measures.statistics_of(Asked(task, task.target), panel)
    smiles = card_measures.smiles(sampler, given.data_dir, given.split, known)
    rows = {
        "held_out": {key: scores[key] for key in (name, CEILING, FLOOR)},
        "amounts": {f"x {amount:g}": _row(one, task.person) for amount, one in by_amount.items()},
        "groups": _group_rows(by_amount[1.0], true, task.person, groups, panel),
    }
    gaps = _gaps(by_amount[1.0], true, task.person, groups, panel)
    if smiles:
        rows["smiles"] = _smile_rows(smiles, panel)
        images.write(given.output / "smiles.jpg", _smile_sheet(smiles))
    faceless: list[str] = []
    if photos:
        asked, faceless = card_measures.portraits(sampler, Landmarker.load(given.judges), photos, known)
        statistics = card_measures.without_truth(card_measures.statistics_of(asked, panel))
        rows["portraits"] = {"edits": _row(statistics, asked.task.person)}
        images.write(given.output / "portraits.jpg", portrait_sheet(asked))
    facts = {
        part: {line: {key: one.as_json() for key, one in row.items()} for line, row in lines.items()}
        for part, lines in rows.items()
    }
    whom = f"{len({*task.person})} people kept out of training (split {given.split}), {len(task.person)} edits"
    files.write_text(given.output / "card.json", json.dumps(facts, indent=2, allow_nan=False) + "\n")
    card = page(name, whom, rows, gaps, panel, faceless)
    files.write_text(given.output / "card.md", card)
    files.write_text(given.output / "results.md", for_model_card(card))


def page(
    name: str,
    whom: str,
    rows: Mapping[str, Mapping[str, Row]],
    gaps: str,
    panel: Panel,
    faceless: Sequence[str] = (),
) -> str:
    """Returns the page in Markdown; parts that were not measured are left out."""
    identity = identity_columns(panel)
    shown = {part: {line: _in_grey_levels(row) for line, row in lines.items()} for part, lines in rows.items()}
    per_emotion = [
        Column(key, key.removeprefix("read_as_"), 0, True)
        for key in next(iter(shown.get("portraits", {}).values()), {})
        if key.startswith("read_as_") and key != READ.name
    ]
    parts = [
        f"# {name}\n\n{whom}, {SIZE} px. [low, high]: {LEVEL:.0%} bootstrap interval over people, {REPEATS} repeats.\n",
        section(
            "People kept out",
            table(shown["held_out"], (*identity, *GAINED, *BOTH, STEPS_UP, OUTSIDE))
            + "\nEverything that was measured: [table.md](table.md).\n"
            + "\n![Edits of people kept out](people.jpg)\n",
        ),
        section("By group, with the same people's true pictures", table(shown["groups"], (*identity, *GAINED))),
        section(f"The largest gap between two groups of at least {card_groups.FEWEST} people", gaps),
        section("Amounts", table(shown["amounts"], (*identity, *GAINED, *BOTH, OUTSIDE))),
    ]
    if "smiles" in shown:
        parts.append(
            section("Real smiles: London people, neutral to happy", table(shown["smiles"], (*identity, READ)))
            + "\n![Real smiles](smiles.jpg)\n\nThe neutral photo, the edit, the person's true smile.\n"
        )
    if "portraits" in shown:
        left_out = f"\nNo face was found in {', '.join(faceless)}.\n" if faceless else ""
        parts.append(
            section("Portraits from anywhere", table(shown["portraits"], (*identity, READ, *per_emotion, OUTSIDE)))
            + f"\n![Portraits](portraits.jpg)\n{left_out}"
        )
    return "\n".join(part for part in parts if part)


def for_model_card(card: str) -> str:
    """Returns the page as a model card can hold it: without title and what lies beside it, headings one level lower."""
    beside = ("# ", "![", "Everything that was measured", "The neutral photo, the edit")
    lines = [line for line in card.splitlines() if not line.startswith(beside)]
    text = "\n".join(f"#{line}" if line.startswith("## ") else line for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def identity_columns(panel: Panel) -> list[Column]:
    """Returns the columns of each identity network: the distance, and the share verified at each threshold."""
    columns = []
    for number, judge in enumerate(panel.identities):
        prefix, of = panel.prefix(number), f", {judge.name}" if number else ""
        columns.append(Column(f"{prefix}identity_distance", f"identity distance{of}", 3))
        columns += [
            Column(prefix + name, f"verified at {limit:g}{of}", 0, True) for name, limit in judge.thresholds.items()
        ]
    return columns


def _group_rows(
    made: Mapping[str, Statistic],
    true: Mapping[str, Statistic],
    person: Sequence[str],
    groups: Sequence[card_groups.Group],
    panel: Panel,
) -> dict[str, Row]:
    names = [column.name for column in (*identity_columns(panel), *GAINED)]
    rows = {}
    for group in groups:
        for suffix, statistics in (("", made), (": true", true)):
            chosen = {name: statistics[name] for name in names if name in statistics}
            rows[group.name + suffix] = card_groups.scores(chosen, person, group)
    return rows


def _gaps(
    made: Mapping[str, Statistic],
    true: Mapping[str, Statistic],
    person: Sequence[str],
    groups: Sequence[card_groups.Group],
    panel: Panel,
) -> str:
    """A line per score: the two groups that lie farthest apart, and how far their true pictures do."""
    cells = []
    for column in (*identity_columns(panel), *GAINED):
        gap = card_groups.largest_gap(made[column.name], person, groups) if column.name in made else None
        if gap is None:
            continue
        same = card_groups.between(true[column.name], person, gap.low, gap.high)
        ends = f"{gap.low.name} to {gap.high.name}" if gap.score.value else "none"
        cells.append([column.heading, f"{gap.low.attribute}: {ends}", column.text(gap.score), column.text(same)])
    return lay_out(["", "lowest to highest", "gap, % are points", "gap of their true pictures"], cells) if cells else ""


def _smile_rows(smiles: Asked, panel: Panel) -> dict[str, Row]:
    pictures = {"edits": smiles.edited, "true smiles": smiles.task.target}
    return {
        name: _row(card_measures.statistics_of(Asked(smiles.task, one), panel), smiles.task.person)
        for name, one in pictures.items()
    }


def _smile_sheet(smiles: Asked) -> np.ndarray:
    rows = [
        [smiles.task.source[i], smiles.edited[i], smiles.task.target[i]]
        for i in range(min(MOST_SMILES, len(smiles.edited)))
    ]
    return with_headings(rows, ["neutral photo", "edit", "true smile"], scale=1)


def portrait_sheet(asked: Asked, most: int | None = None) -> np.ndarray:
    """A line per portrait, of the first `most` or of all: the portrait, then its edits."""
    names = asked.task.space.names
    starts = range(0, len(asked.edited), len(names))[:most]
    rows = [
        [images.fit(one, SHOWN) for one in (asked.task.source[i], *asked.edited[i : i + len(names)])] for i in starts
    ]
    return with_headings(rows, ["portrait", *names], scale=1)


def _row(statistics: Mapping[str, Statistic], person: Sequence[str]) -> Row:
    return with_intervals(statistics, np.asarray(person))


def _in_grey_levels(row: Row) -> Row:
    if "outside_face" not in row:
        return row
    return {**row, OUTSIDE.name: Score(*(GREY_LEVELS * number for number in row["outside_face"]))}


def _shrink(sheet: pathlib.Path) -> None:
    """Makes a PNG file a JPEG file of half the width and height."""
    with Image.open(sheet) as picture:
        images.write(sheet.with_suffix(".jpg"), np.asarray(picture.convert("RGB").reduce(2)))
    sheet.unlink()


def _photos(portraits: pathlib.Path) -> dict[str, np.ndarray]:
    found = sorted(file for file in portraits.glob("*") if file.suffix.lower() in images.SUFFIXES)
    if not found:
        raise UserError(f"{portraits} holds no pictures; allowed: {', '.join(images.SUFFIXES)} files")
    return {file.name: images.read(file, smallest=64) for file in found}


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a model that ships, or a folder")
    for name in ("data_dir", "judges", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--split", choices=SPLITS, default="test", help="whom to judge")
    parser.add_argument(
        "--manifests", type=lambda text: text.split(";"), default=(), help="other pictures to judge, a;b"
    )
    parser.add_argument("--portraits", type=pathlib.Path, help="a folder of photos from anywhere")
    parser.add_argument("--people", type=pathlib.Path, help="CSV: subject, gender, ethnicity (DATA/../rig/people.csv)")
    parser.add_argument(
        "--recipes", type=pathlib.Path, help="CSV: each emotion's action units (DATA/frl_rig2/emotion.csv)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    program.run(main)
