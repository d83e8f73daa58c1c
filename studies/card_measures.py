"""What the page of a model measures beyond the harness: amounts, real smiles, portraits from outside the studio."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from cdaae_jax.chunks import in_chunks
from cdaae_jax.config import Data
from cdaae_jax.config_fields import data_from_dict
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import folder
from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges.landmarks import Landmarker
from cdaae_jax.evaluation.judges.outputs import measure
from cdaae_jax.evaluation.judges.panel import Panel
from cdaae_jax.evaluation.measures.statistics import Statistic
from cdaae_jax.evaluation.tasks.calibration import photos_to_calibrate_on
from cdaae_jax.evaluation.tasks.edits import Task, held_out_task, in_space
from cdaae_jax.evaluation.tasks.people import people_to_judge, refuse_moved_data
from cdaae_jax.labels import LabelSpace, canonical_emotion
from cdaae_jax.sampling import Sampler
from studies import anywhere

Images = UInt8[np.ndarray, "n s s 3"]
Recipes = Mapping[str, Mapping[str, float]]

AMOUNTS = (0.8, 1.0, 1.15, 1.3)
LONDON = "frl_london/metadata.csv"
# What compares an edit with the person's true picture, which a portrait has none of.
TRUTH = ("l1", "ssim", "psnr", "sharpness", "expression_gain", "kept_and_expression_gain")
CHUNK = 32  # edits at once, which bounds memory


class Asked(NamedTuple):
    """What was asked for and what came out, in the task's order."""

    task: Task
    edited: Images


def recipes(table: pathlib.Path) -> dict[str, dict[str, float]]:
    """Returns the action units (FACS 0..5) of each full emotion in a set's manifest; neutral has none and is left out.

    Raises:
      UserError: the manifest cannot be read or has no emotion with action units.
    """
    columns, rows = folder.read_table(table)
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        if float(row.get("amount") or 1) == 1:
            units = {name: float(row[name] or 0) for name in folder.au_columns(columns)}
            found.setdefault(canonical_emotion(row.get("expression") or ""), {k: v for k, v in units.items() if v})
    known = {emotion: units for emotion, units in found.items() if emotion and units}
    if not known:
        raise UserError(f"{table} has no emotion with action units; name a manifest that has, with --recipes")
    return known


def held_out(
    sampler: Sampler, root: pathlib.Path, judges: pathlib.Path, manifests: Sequence[str], split: str
) -> tuple[Task, Panel]:
    """Returns the harness's task for a model, and the judges of this page, who leave out LPIPS and Frechet distance.

    Raises:
      UserError: as `evaluate`.
    """
    config, size = data_from_dict(sampler.meta["config"]["data"]), sampler.image_size
    metas = {"the model": sampler.meta}
    judged = people_to_judge(metas, split)
    data = datasets.load(config, root, size)
    refuse_moved_data(metas, data)
    named = dataclasses.replace(config, manifests=tuple(manifests), label_names=())
    others = datasets.load(named, root, size, varied=False) if manifests else None
    task = in_space(held_out_task(data, judged, size, others), sampler.labels)
    is_au = sampler.labels.kind == "au"
    calibration = photos_to_calibrate_on(data, others, sampler.meta) if is_au else None
    # A model of action units is also asked for emotions, by their recipes, so the expression network is always there.
    return task, panel_of(judges, size, calibration)


def panel_of(judges: pathlib.Path, size: int, calibration: datasets.FaceDataset | None = None) -> Panel:
    """Returns the judges of expressions and identity, and of action units if there are photos to calibrate them on."""
    return dataclasses.replace(Panel.load(judges, "emotion", size, calibration), lpips=None, features=None)


def statistics_of(asked: Asked, panel: Panel) -> dict[str, Statistic]:
    """Returns the statistics of edits: emotions are read by the expression network, action units by the meter."""
    is_au = asked.task.space.kind == "au"
    judges = dataclasses.replace(panel, expressions=None) if is_au else dataclasses.replace(panel, meter=None)
    return measure(asked.task, judges, asked.edited).statistics


def without_truth(statistics: Mapping[str, Statistic]) -> dict[str, Statistic]:
    """Returns the statistics that need no true picture."""
    return {name: statistic for name, statistic in statistics.items() if name not in TRUTH}


def edits(
    sampler: Sampler, source: Images, labels: Float[np.ndarray, "n l"], amounts: Sequence[float] = (1.0,)
) -> list[Images]:
    """Returns the photos with their changes made by each amount; the network is asked only once."""

    def make(photos: np.ndarray, vectors: np.ndarray) -> list[np.ndarray]:
        change = sampler.change(photos, vectors)
        return [change.apply(photos, amount) for amount in amounts]

    return in_chunks(make, source, labels, most=CHUNK)


def smiles(sampler: Sampler, root: pathlib.Path, split: str, known: Recipes) -> Asked | None:
    """Returns neutral photos of the split's London people made to smile, and their true smiles; None without any."""
    london = datasets.load(Data(manifests=(LONDON,), label_kind="emotion"), root, sampler.image_size)
    people = tuple(person for person in london.people if person in sampler.meta["people"][split])
    if not people:
        return None
    task = held_out_task(london, people, sampler.image_size)
    labels = np.stack([_request(sampler.labels, "happy", known)] * len(task.person))
    return Asked(task, edits(sampler, task.source, labels)[0])


def portraits(
    sampler: Sampler, landmarker: Landmarker, photos: Mapping[str, np.ndarray], known: Recipes
) -> tuple[Asked, list[str]]:
    """Returns portraits, aligned, in every emotion, and the names of those in which no face was found.

    Raises:
      UserError: no face in any of them.
    """
    found = {name: anywhere.aligned(landmarker, photo) for name, photo in photos.items()}
    faces = {name: face for name, face in found.items() if face is not None}
    if not faces:
        raise UserError("there is no face in any of the portraits; give photos in which one face is large and upright")
    return in_every_emotion(sampler, faces, known), [name for name, face in found.items() if face is None]


def in_every_emotion(sampler: Sampler, faces: Mapping[str, np.ndarray], known: Recipes) -> Asked:
    """Returns aligned faces in every emotion but neutral, face by face.

    There are no true pictures: the targets are the faces themselves.
    """
    emotions = emotions_of(sampler.labels, known)
    source = np.repeat(np.stack(list(faces.values())), len(emotions), axis=0)
    task = Task(
        source=source,
        target=source,
        label=np.tile(np.eye(len(emotions), dtype=np.float32), (len(faces), 1)),
        person=tuple(np.repeat(list(faces), len(emotions)).tolist()),
        space=LabelSpace("emotion", emotions),
    )
    labels = np.tile(np.stack([_request(sampler.labels, name, known) for name in emotions]), (len(faces), 1))
    return Asked(task, edits(sampler, source, labels)[0])


def emotions_of(space: LabelSpace, known: Recipes) -> tuple[str, ...]:
    """Returns the emotions but neutral that a model can be asked for, of action units by their recipes."""
    return tuple(name for name in (known if space.kind == "au" else space.names) if name != "neutral")


def _request(space: LabelSpace, emotion: str, known: Recipes) -> Float[np.ndarray, " l"]:
    return space.parse(known[emotion] if space.kind == "au" else {emotion: 1.0})
