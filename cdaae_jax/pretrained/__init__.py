"""Models that ship with the package, one folder each, and how a model is found by name, on a hub, or in a folder.

`portraits/` beside them are drawn faces that models are tried on.
"""

import os
import pathlib
from typing import TYPE_CHECKING, Any

from cdaae_jax.buckets import is_address
from cdaae_jax.errors import UserError
from cdaae_jax.pretrained import model_folder
from cdaae_jax.workdir_in_bucket import model_at_hand

if TYPE_CHECKING:
    from cdaae_jax.sampling import Sampler

DEFAULT = "emotion"
PLACE = pathlib.Path(__file__).parent
PORTRAITS = PLACE / "portraits"
_HUB = "hub:"  # in --checkpoint


def names() -> list[str]:
    """Returns the names of the models that this copy of the package holds."""
    return sorted(path.name for path in PLACE.iterdir() if model_folder.is_model(path))


def find(name: str | os.PathLike) -> pathlib.Path:
    """Returns the folder of a model.

    Args:
      name: of a model that ships ("emotion"); or a folder; or an address such as gs://bucket/run; or, if it has a "/"
        and is no folder, a model on the Hugging Face hub: "owner/model", "owner/model@revision".

    Raises:
      UserError: there is no such model, or the hub cannot be asked.
    """
    shipped, path = names(), pathlib.Path(name)
    if str(name) in shipped:
        return PLACE / name
    if path.is_dir():
        return path
    if is_address(name):
        return model_at_hand(name)
    text = str(name)
    if text.count("/") == 1 and all(text.split("/")):
        # A mistyped folder should not go over the network: "runs/lodnon" is not asked for where there is a folder runs.
        if path.parent.is_dir():
            raise UserError(f"there is no folder {text}; check the name")
        from cdaae_jax.pretrained import hub

        return hub.download(text)
    there = f"it has {', '.join(shipped)}" if shipped else "it has none"
    raise UserError(
        f"there is no folder {text}, and this copy of the package has no model of that name: {there}; give one of "
        "these, a folder, or owner/model of the Hugging Face hub"
    )


def read(path: pathlib.Path) -> tuple[Any, dict[str, Any]]:
    """Returns the generator's parameters (numpy) and the meta of what a folder holds.

    Args:
      path: what `cdaae-export` wrote, a training's workdir (its newest checkpoint), or a single checkpoint.

    Raises:
      UserError: there is none, or it is damaged, of another format, or cannot be read.
    """
    if model_folder.is_model(path):
        return model_folder.read(path)
    from cdaae_jax import checkpoint  # orbax takes a third of a second to import, and exports do without

    return checkpoint.read_model(path)


def open_model(name_or_path: str | None) -> "Sampler":
    """Opens what --checkpoint names.

    Args:
      name_or_path: a training's workdir, one of its checkpoints, or what cdaae-export wrote; or the name of a model
        that ships; or "hub:owner/model" on the Hugging Face hub. None is the model `DEFAULT`.

    Raises:
      UserError: see `find` and `Sampler.from_checkpoint`.
    """
    from cdaae_jax.sampling import Sampler

    text = DEFAULT if name_or_path is None else name_or_path
    if text.startswith(_HUB):
        return Sampler.from_pretrained(text.removeprefix(_HUB))
    # A folder comes first here, as --checkpoint meant one before models had names; and a path, even a wrong one, never
    # goes over the network.
    is_name = name_or_path is None or not (pathlib.Path(text).is_dir() or "/" in text or "\\" in text)
    return Sampler.from_pretrained(text) if is_name else Sampler.from_checkpoint(text)
