"""Exports a sampler's weights, its meta and its card, in half precision where nobody can see the difference."""

import dataclasses
import pathlib
from typing import Any

import jax
import numpy as np
from jaxtyping import UInt8

from cdaae_jax.exporting import card, trial
from cdaae_jax.pretrained import model_folder, weights
from cdaae_jax.sampling import Sampler

CITATIONS = [
    "Zhou & Shi 2017, Photorealistic Facial Expression Synthesis by the Conditional Difference Adversarial "
    "Autoencoder, ACII 2017, arXiv 1708.09126"
]
_LARGEST_DIFFERENCE = 1  # grey levels
# What a checkpoint's meta says of itself and of the training state, which an export does not have.
_OF_CHECKPOINTS = ("format", "structure", "crc32")


@dataclasses.dataclass(frozen=True)
class Provenance:
    """What the network itself does not know, for meta.json and the card.

    Attributes:
      name: what the model is called.
      licence: an SPDX identifier in lower case, as the hub writes it ("cc-by-4.0"); empty keeps what an export that is
        exported again says, else "other".
      attribution: who made the pictures that it was trained on, and under which licence; empty likewise.
      results: a table in Markdown; empty if there is none.
    """

    name: str
    licence: str = ""
    attribution: str = ""
    results: str = ""


def write(folder: pathlib.Path, sampler: Sampler, about: Provenance, photos: UInt8[np.ndarray, "n s s 3"]) -> str:
    """Writes model.safetensors, meta.json and README.md.

    Weights are stored in half precision if every edit of the photos then stays within one grey level, else in single.

    Args:
      folder: empty.
      sampler: what to export.
      about: what else to say of it.
      photos: aligned, to compare on.

    Returns:
      What was written and measured, in one line.
    """
    dtype, apart = choose_precision(sampler, photos)
    sha256 = weights.write(folder / model_folder.WEIGHTS, jax.device_get(sampler.params), dtype)
    stored = {"dtype": dtype, "sha256": sha256, "grey_levels_from_float32": apart}
    described = meta(sampler, about, model_folder.KIND) | {"weights": stored}
    model_folder.write_meta(folder, described)
    (folder / model_folder.CARD).write_text(card.of_model(described, about.results), encoding="utf-8")
    # Read back from disk: what is wrong is found now, not by who opens it.
    read = dataclasses.replace(sampler, params=jax.device_put(model_folder.read(folder)[0]))
    measured = _apart(sampler, read, photos)
    size = (folder / model_folder.WEIGHTS).stat().st_size / 1e6
    return (
        f"{size:.1f} MB of {dtype}; edits of {len(photos)} photos with {sampler.labels.size} labels each are at most "
        f"{measured} of 255 grey levels from the model's"
    )


def choose_precision(sampler: Sampler, photos: UInt8[np.ndarray, "n s s 3"]) -> tuple[str, int]:
    """Returns the type to store weights in, and how many grey levels its edits of the photos are from float32's."""
    halved = jax.tree.map(lambda leaf: leaf.astype(np.float32), weights.stored(sampler.params, "float16"))
    apart = _apart(sampler, dataclasses.replace(sampler, params=halved), photos)
    return ("float16", apart) if apart <= _LARGEST_DIFFERENCE else ("float32", 0)


def meta(sampler: Sampler, about: Provenance, kind: str) -> dict[str, Any]:
    """Returns what meta.json says of every kind of export."""
    kept = {name: value for name, value in sampler.meta.items() if name not in _OF_CHECKPOINTS}
    ours = {
        "format": model_folder.FORMAT,
        "kind": kind,
        "name": about.name,
        "licence": about.licence or kept.get("licence", "other"),
        "attribution": about.attribution or kept.get("attribution", ""),
        "citations": CITATIONS,
        "network_size": sampler.network_size,
        "picture_size": sampler.image_size,
    }
    described = ours | {name: value for name, value in kept.items() if name not in {*ours, "weights", "files"}}
    return _without_folders(described)


def _without_folders(meta: dict[str, Any]) -> dict[str, Any]:
    """Returns meta in which the training started from a name and not from a path, which is nobody else's business."""
    if not meta.get("origin"):
        return meta
    origin = meta["origin"] | {"checkpoint": pathlib.PurePath(meta["origin"]["checkpoint"]).name}
    run = meta["config"]["run"] | {"start_from": origin["checkpoint"]}
    return meta | {"origin": origin, "config": meta["config"] | {"run": run}}


def _apart(sampler: Sampler, other: Sampler, photos: UInt8[np.ndarray, "n s s 3"]) -> int:
    pictures, vectors = trial.each_with_every_label(photos, sampler.labels.size)
    return trial.grey_levels_apart(sampler.edit(pictures, vectors), other.edit(pictures, vectors))
