"""Photos that show a smile already, made to show every other expression: whether it gives way. A table and sheets.

python -m studies.from_smiles --models=RUN,emotion --data_dir=DATA --judges=runs/judges --output=runs/from_smiles

The smiles are those of the manifests, "A.csv;B.csv", by default the real ones of the London set and the drawn ones of
frl_rig2, of people that the first model was not trained on (--split). Each model's edits are read by the judges of
`studies.pretrained`; there are no true pictures of these. OUTPUT gets table.md, and a sheet of each model and manifest.
"""

import argparse
import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np

from cdaae_jax import files, images
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.measures.scores import Row, with_intervals
from cdaae_jax.evaluation.report.tables import Column, table
from cdaae_jax.evaluation.tasks.people import SPLITS
from cdaae_jax.sampling import Sampler
from studies import card_measures, pretrained, program
from studies.card_measures import LONDON

MANIFESTS = f"{LONDON};frl_rig2/emotion.csv"
MOST_SHOWN = 8  # people on a sheet


def smiles_of(manifest: str, root: pathlib.Path, people: Sequence[str]) -> dict[str, np.ndarray]:
    """Returns these people's full smiles, aligned, by person.

    Raises:
      UserError: the manifest cannot be read, or has none.
    """
    found = datasets.load(Data(manifests=(manifest,), label_kind="emotion"), root, pretrained.SIZE)
    happy = found.labels @ np.array([name == "happy" for name in found.space.names])
    smiling = [r for r, share in zip(found.records, happy, strict=True) if share == 1 and r.subject in people]
    if not smiling:
        raise UserError(f"{manifest} has no smile of the people to judge; name other manifests or another --split")
    return {record.subject: images.fit(record.load(), pretrained.SIZE) for record in smiling}


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line, measures, and writes the table and the sheets.

    Raises:
      UserError: a model, the data or the judges cannot be used.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=lambda text: text.split(","), required=True, help="names or folders")
    for name in ("data_dir", "judges", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--split", choices=SPLITS, default="validation", help="whom to judge")
    parser.add_argument("--manifests", type=lambda text: text.split(";"), default=MANIFESTS.split(";"))
    parser.add_argument("--recipes", type=pathlib.Path, help="as of `studies.pretrained`")
    given = parser.parse_args(arguments)
    known = card_measures.recipes(given.recipes or given.data_dir / "frl_rig2" / "emotion.csv")
    samplers = {
        pathlib.Path(name).name: dataclasses.replace(Sampler.from_pretrained(name), image_size=pretrained.SIZE)
        for name in given.models
    }
    people = next(iter(samplers.values())).meta["people"][given.split]
    sources = {manifest: smiles_of(manifest, given.data_dir, people) for manifest in given.manifests}
    panel = card_measures.panel_of(given.judges, pretrained.SIZE)
    rows: dict[str, Row] = {}
    for number, (manifest, faces) in enumerate(sources.items()):
        for name, sampler in samplers.items():
            asked = card_measures.in_every_emotion(sampler, faces, known)
            statistics = card_measures.without_truth(card_measures.statistics_of(asked, panel))
            rows[f"{manifest}, {len(faces)} people: {name}"] = with_intervals(statistics, np.asarray(asked.task.person))
            images.write(given.output / f"{name}_{number}.png", pretrained.portrait_sheet(asked, MOST_SHOWN))
    prefix = "read_as_"
    emotions = [name for name in next(iter(rows.values())) if name.startswith(prefix) and name != pretrained.READ.name]
    columns = [
        *(*pretrained.identity_columns(panel), pretrained.READ),
        *(Column(name, name.removeprefix(prefix), 0, True) for name in emotions),
    ]
    files.write_text(given.output / "table.md", table(rows, columns))


if __name__ == "__main__":
    program.run(main)
