"""A model as a folder: weights, what they mean, and a card that people read.

    model.safetensors   the generator's parameters, see `pretrained.weights`
    meta.json           format, kind, configuration, labels, picture size, people of the split, step, versions,
                        fingerprint of the data, licence, attribution, citations; and of the weights type and SHA-256
    README.md           the model card, see `exporting.card`

`cdaae-export` writes one, and `Sampler` opens it without orbax and without unpickling anything. Such a folder can be
moved, renamed and copied; nothing in it says where it lies.
"""

import json
import pathlib
from typing import Any

from cdaae_jax.errors import UserError
from cdaae_jax.pretrained import weights

WEIGHTS, META, CARD = "model.safetensors", "meta.json", "README.md"
FILES = (WEIGHTS, META, CARD)
FORMAT = 1  # of meta.json; another one is refused
KIND = "weights"  # exports for other programs are folders with a meta.json too, of another kind


def is_model(path: pathlib.Path) -> bool:
    """Whether a folder holds such a model, or what is left of one; a training's workdir does not."""
    return (path / META).is_file() or (path / WEIGHTS).is_file()


def read_meta(path: pathlib.Path) -> dict[str, Any]:
    """Returns what meta.json holds.

    Raises:
      UserError: it is missing, cannot be read, is damaged, or is of another format.
    """
    file = path / META
    try:
        meta = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror or error}; restore the file from a copy") from error
    except ValueError as error:
        raise UserError(f"{file} is damaged ({error}); restore the file from a copy, or export it again") from error
    if not isinstance(meta, dict) or "format" not in meta or "kind" not in meta:
        raise UserError(
            f"{file} is not from cdaae-export; give the --output of cdaae-export, or a training's --workdir"
        )
    if meta["format"] != FORMAT:
        versions = meta.get("versions")
        writer = versions.get("cdaae_jax") if isinstance(versions, dict) else "of another version"
        raise UserError(
            f"{path} is of format {meta['format']}, and this version reads {FORMAT}: use cdaae_jax {writer}, which "
            "wrote it, or export it again"
        )
    return meta


def read(path: pathlib.Path) -> tuple[weights.Tree, dict[str, Any]]:
    """Returns a model's parameters (numpy, float32) and its meta.

    Raises:
      UserError: see `read_meta` and `weights.read`; or the folder is an export for other programs.
    """
    meta = read_meta(path)
    if meta["kind"] != KIND:
        raise UserError(
            f"{path} holds a {meta['kind']} export, which other programs run; this one opens a training's --workdir, "
            "or what cdaae-export writes with --format=safetensors"
        )
    written = meta.get("weights")
    if not isinstance(written, dict) or not isinstance(written.get("sha256"), str):
        raise UserError(f"{path / META} does not say the check sum of {WEIGHTS}; export the model again")
    return weights.read(path / WEIGHTS, written["sha256"]), meta


def write_meta(path: pathlib.Path, meta: dict[str, Any]) -> None:
    """Writes meta.json."""
    (path / META).write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")
