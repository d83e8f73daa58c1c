"""What edits are good for: an expression classifier, trained on few people with and without pictures made by CDAAE.

    python -m studies.augmentation --checkpoint=WORKDIR --output=FOLDER --data_dir=DATA

A small classifier (expression_classifier.py) learns from pictures of the N people whom the model
was trained on, and is tested on true pictures of the people kept out: accuracy, mean over the expressions. Every row
of the table has the same network, number of steps and plain changes (mirroring, shifts, colours); what differs are
the pictures that it learns from. What the model makes of a person, for each label, the label being its class:

  edits       each of the person's true pictures changed to the label
  variations  the neutral photo changed to the label at an amount of 0.7 to 1.3, with 0 to 0.2 of one other expression
              (the label neutral: only that other expression)

Classes are drawn equally often; a class that has true and made pictures gives half of its draws to each. These
choices were made before the first result was seen.

Written are augmentation.json, augmentation.md and augmentation.png. Under 4 minutes on one core.
"""

import argparse
import dataclasses
import json
import pathlib
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import matplotlib
import numpy as np

from cdaae_jax import files, images, memory
from cdaae_jax.config_fields import data_from_dict
from cdaae_jax.data import dataset as datasets
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.measures.statistics import bootstrap_interval
from cdaae_jax.labels import LabelSpace
from cdaae_jax.sampling import Sampler
from studies.expression_classifier import BATCH_SIZE, balanced_accuracy, balanced_weights, train_classifier

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (the backend without a screen comes first)

VARIATIONS = 4  # of each person and label
AMOUNTS = (0.7, 1.3)
ADMIXTURE = 0.2
SHARE_MADE = 0.5  # of the draws of a class that has both true and made pictures
NOTE = """
Tested on {pictures} true pictures of {tested} people whom neither model nor classifier has seen; accuracy: mean
over expressions. Every classifier: {steps} steps of {batch} pictures, the same plain changes; means of {seeds} seeds,
each of other k people. Intervals: 95 %, bootstrap over the people tested; *by seed*: the lowest and the highest.
*gain*: over "true pictures of k" for the two rows below it, over the first row for all others; same people.

The model learnt from **every true expression of {known} people** and passes that on: a classifier with pictures made
of their neutral photos has their expressions indirectly, so the first row, which has them directly, is its fair
comparison. Rows with "more" people (there, if the model was trained on some people only) are free of this: nothing
has seen an expression of these people, save for the last row.
"""


class Pictures(NamedTuple):
    """Pictures with what is known of them, n of each.

    Attributes:
      images: uint8 [n, s, s, 3].
      label: [n], class numbers.
      person: [n], who it is, numbered alike in all sets.
      from_neutral: [n], whether it is a neutral photo, or made from one.
    """

    images: np.ndarray
    label: np.ndarray
    person: np.ndarray
    from_neutral: np.ndarray

    def of(self, chosen: np.ndarray) -> "Pictures":
        """The pictures at these indices, or where a mask is true."""
        return Pictures(*(array[chosen] for array in self))


class Row(NamedTuple):
    """One line of the table: what a classifier learns from.

    Attributes: what the table says; which of the true and of the made pictures are used; the row it is compared with.
    """

    text: str
    true: np.ndarray
    made: np.ndarray
    beside: str | None = None


def true_pictures(people: datasets.FaceDataset, side: int) -> Pictures:
    """The photos of these people, each with the expression that its label has most of."""
    label = people.labels.argmax(axis=1)
    neutral = np.isin(np.arange(len(people)), people.most_neutral())
    return Pictures(np.stack([images.fit(r.load(), side) for r in people.records]), label, people.person, neutral)


def make_pictures(sampler: Sampler, true: Pictures, edited: np.ndarray, seed: int = 0) -> Pictures:
    """What the model makes of people: edits of the photos `edited`, and variations of every neutral photo."""
    rng = np.random.default_rng(seed)
    sources, vectors, classes = [], [], []
    neutral = np.flatnonzero(true.from_neutral)
    for wanted, name in enumerate(sampler.labels.names):
        sources += [*edited, *np.repeat(neutral, VARIATIONS)]
        vectors += [sampler.labels.parse({name: 1.0})] * len(edited)
        vectors += [_variation(sampler.labels, wanted, rng) for _ in range(VARIATIONS * len(neutral))]
        classes += [wanted] * (len(edited) + VARIATIONS * len(neutral))
    made = sampler.edit(true.images[sources], vectors)
    return Pictures(made, np.array(classes), true.person[sources], true.from_neutral[sources])


def _variation(space: LabelSpace, wanted: int, rng: np.random.Generator) -> np.ndarray:
    amounts = np.zeros(space.size, np.float32)
    expressive = [i for i, name in enumerate(space.names) if name not in ("neutral", space.names[wanted])]
    if expressive:
        amounts[rng.choice(expressive)] = rng.uniform(0.0, ADMIXTURE)
    if space.names[wanted] != "neutral":
        amounts[wanted] = rng.uniform(*AMOUNTS)
    if "neutral" in space.names:
        amounts[space.names.index("neutral")] = 1.0 - amounts.sum()
    return amounts


def make_rows(true: Pictures, made: Pictures, num_training: int, few: np.ndarray) -> dict[str, Row]:
    """The table's lines by name; the first `num_training` people taught the model, `few` are k of them."""
    known, known_made = true.person < num_training, made.person < num_training
    of_few, of_few_made = np.isin(true.person, few), np.isin(made.person, few)
    nothing, neutral, from_neutral = np.zeros(len(made.person), bool), true.from_neutral, made.from_neutral
    n, k, strangers = num_training, len(few), int((neutral & ~known).sum())
    rows = {
        "all": Row(f"true pictures of {n} people", known, nothing),
        "all_made": Row("the same, and made of them", known, known_made, "all"),
        "only_made": Row(
            f"neutral photos of the {n}, expressions only made", known & neutral, known_made & from_neutral, "all"
        ),
    }
    if k < n:
        both, of_others = of_few | known & neutral, known_made & from_neutral & ~of_few_made
        rows |= {
            "few": Row(f"true pictures of {k} of the {n}", of_few, nothing),
            "few_neutral": Row(f"the same, and neutral photos of the other {n - k}", both, nothing, "few"),
            "few_made": Row(f"the same, and made of these {n - k} neutral photos", both, of_others, "few"),
        }
    if strangers:
        both, of_strangers = known | neutral, from_neutral & ~known_made
        rows |= {
            "more_neutral": Row(f"true pictures of {n}, neutral photos of {strangers} more", both, nothing, "all"),
            "more_made": Row(f"the same, and made of these {strangers} neutral photos", both, of_strangers, "all"),
            "more": Row(f"true pictures of all {n + strangers}", known | ~known, nothing, "all"),
        }
    return rows


def study(
    sampler: Sampler, data_dir: str | None, num_few: int, seeds: Sequence[int], steps: int
) -> tuple[dict, Pictures]:
    """Trains and tests every row's classifiers; returns what the JSON file holds, and the made pictures.

    Raises:
      UserError: a model of action units, nobody held out, or data that cannot be read.
    """
    if sampler.labels.kind != "emotion":
        raise UserError("this model takes action units; the study needs one that takes emotions")
    data = data_from_dict(sampler.meta["config"]["data"])
    everybody = datasets.load(data, datasets.root(data_dir), sampler.image_size)
    if everybody.space != sampler.labels:
        raise UserError(f"the data's expressions are {everybody.space.names}, the model's {sampler.labels.names}")
    pool, _, held_out = datasets.split(everybody, dataclasses.replace(data, max_people=0))
    if not len(held_out):
        raise UserError("the model's training held out nobody; train with config.data.held_out of at least 2")
    num_training = min(data.max_people or len(pool.people), len(pool.people))
    true, test = true_pictures(pool, sampler.image_size), true_pictures(held_out, sampler.image_size)
    made = make_pictures(sampler, true, np.flatnonzero((true.person < num_training) | true.from_neutral))

    hits: dict[str, list[np.ndarray]] = {}
    for seed in seeds:
        few = np.random.default_rng(seed).permutation(num_training)[:num_few]
        rows = make_rows(true, made, num_training, few)
        for name, row in rows.items():
            began = time.monotonic()
            seen = Pictures(*map(np.concatenate, zip(true.of(row.true), made.of(row.made), strict=True)))
            if len(np.unique(seen.label)) < sampler.labels.size:
                raise UserError(f"{row.text}: an expression has no picture; choose more people with --few")
            is_made = np.arange(len(seen.label)) >= row.true.sum()
            weights = balanced_weights(seen.label, is_made, SHARE_MADE)
            classifier = train_classifier(seen.images, seen.label, seed, steps, weights)
            hits.setdefault(name, []).append(classifier.probabilities(test.images).argmax(axis=1) == test.label)
            share, seconds = hits[name][-1].mean(), time.monotonic() - began
            print(f"seed {seed}: {share:.3f} right in {seconds:.0f} s: {row.text}", file=sys.stderr, flush=True)
    return {
        "rows": {name: _results(name, row, hits, test, sampler.labels.names) for name, row in rows.items()},
        "people": {
            "known_to_the_model": list(pool.people[:num_training]), "unknown": list(pool.people[num_training:]),
            "tested": list(held_out.people),
        },
        "pictures_tested": len(test.label), "model_step": sampler.meta["step"], "manifests": list(data.manifests),
        "seeds": list(seeds), "steps": steps, "batch_size": BATCH_SIZE, "share_made": SHARE_MADE,
        "variations": VARIATIONS, "amounts": list(AMOUNTS), "admixture": ADMIXTURE,
    }, made  # fmt: skip


def _results(name: str, row: Row, hits: dict[str, list[np.ndarray]], test: Pictures, classes: Sequence[str]) -> dict:
    right, every = np.mean(hits[name], axis=0), np.arange(len(test.label))
    return {
        "text": row.text, "true_pictures": int(row.true.sum()), "made_pictures": int(row.made.sum()),
        "accuracy": _with_interval(right, test),
        "accuracy_by_seed": [balanced_accuracy(hit, test.label)(every) for hit in hits[name]],
        "recall": {name: float(right[test.label == i].mean()) for i, name in enumerate(classes) if i in test.label},
        "beside": row.beside,
        "gain": _with_interval(right - np.mean(hits[row.beside], axis=0), test) if row.beside else None,
    }  # fmt: skip


def _with_interval(right: np.ndarray, test: Pictures) -> dict[str, float]:
    statistic = balanced_accuracy(right, test.label)
    low, high = bootstrap_interval(statistic, test.person)
    return {"value": statistic(np.arange(len(right))), "low": low, "high": high}


def table(content: dict) -> str:
    """The result as a Markdown table, and what has to be known to read it."""
    lines = [
        "| learnt from | true pictures | made pictures | accuracy | 95 % interval | by seed | gain | 95 % interval |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in content["rows"].values():
        accuracy, gain, by_seed = row["accuracy"], row["gain"], row["accuracy_by_seed"]
        cells = [row["text"], str(row["true_pictures"]), str(row["made_pictures"])]
        cells += ["{value:.1%}".format(**accuracy), "{low:.1%} to {high:.1%}".format(**accuracy)]
        cells += [f"{min(by_seed):.1%}, {max(by_seed):.1%}"]
        cells += [form.format(**gain) if gain else "" for form in ("{value:+.1%}", "{low:+.1%} to {high:+.1%}")]
        lines.append(f"| {' | '.join(cells)} |")
    people = content["people"]
    lines.append(NOTE.format(
        tested=len(people["tested"]), pictures=content["pictures_tested"], known=len(people["known_to_the_model"]),
        seeds=len(content["seeds"]), steps=content["steps"], batch=content["batch_size"],
    ))  # fmt: skip
    return "\n".join(lines)


def draw(content: dict, made: Pictures, classes: Sequence[str], path: pathlib.Path) -> None:
    """Draws the accuracies with their intervals, and what the model makes of one neutral photo, to a PNG."""
    rows = list(content["rows"].values())
    value, low, high = (np.array([row["accuracy"][key] for row in rows]) for key in ("value", "low", "high"))
    figure, (bars, faces) = pyplot.subplots(2, 1, figsize=(10, 9), layout="constrained", height_ratios=(1, 1.3))
    colours = ["tab:orange" if row["made_pictures"] else "tab:blue" for row in rows]
    # An interval need not hold the value itself.
    errors = np.maximum((value - low, high - value), 0.0)
    bars.barh(range(len(rows)), value, xerr=errors, color=colours, capsize=3)
    bars.set_yticks(range(len(rows)), [row["text"] for row in rows])
    bars.invert_yaxis()
    bars.set(xlim=(0, 1), xlabel="accuracy on people kept out, mean over expressions; orange: with made pictures")
    one = made.of(made.from_neutral & (made.person == made.person[0]))
    columns = [one.images[one.label == i] for i in range(len(classes))]
    faces.imshow(images.grid(list(zip(*columns, strict=True))))
    faces.set_xticks((np.arange(len(classes)) + 0.5) * (one.images.shape[1] + 2), classes)
    faces.set(yticks=[], title="made of one neutral photo: each label, then its variations")
    with files.replacing(path) as temporary:
        figure.savefig(temporary, dpi=100)
    pyplot.close(figure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the flags, runs the study, writes the three files and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True, help="a workdir, or a single checkpoint")
    parser.add_argument("--output", required=True, help="the folder for the results; made if missing")
    parser.add_argument("--data_dir", help="the folder with the data sets; else the environment's CDAAE_DATA")
    parser.add_argument("--few", type=int, default=4, help="k, people of whom every expression is known")
    parser.add_argument("--seeds", type=int, default=3, help="classifiers for each row; each has other k people")
    parser.add_argument("--steps", type=int, default=800, help="training steps of every classifier")
    given = parser.parse_args(arguments)
    try:
        if min(given.few, given.seeds, given.steps) < 1:
            raise UserError("--few, --seeds and --steps must be at least 1")
        memory.keep()
        sampler = Sampler.from_checkpoint(given.checkpoint)
        content, made = study(sampler, given.data_dir, given.few, range(given.seeds), given.steps)
        folder = pathlib.Path(given.output)
        files.write_text(folder / "augmentation.json", json.dumps(content, indent=1, allow_nan=False) + "\n")
        files.write_text(folder / "augmentation.md", table(content))
        draw(content, made, sampler.labels.names, folder / "augmentation.png")
        print(table(content), end="")
    except UserError as error:
        print(f"augmentation: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
