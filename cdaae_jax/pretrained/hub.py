"""Models on the Hugging Face hub: downloaded once into its own cache, and opened from there."""

import pathlib

from cdaae_jax.errors import UserError
from cdaae_jax.pretrained import model_folder


def download(name: str) -> pathlib.Path:
    """Returns the folder of a model of the hub; only the three files of a model are fetched.

    Args:
      name: "owner/model", or "owner/model@revision" for a branch, a tag or a commit.

    Raises:
      UserError: the package huggingface_hub is missing, or the hub has no such model or cannot be reached and the model
        is not in the cache.
    """
    try:
        import huggingface_hub
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ModuleNotFoundError as error:
        raise UserError(
            f"there is no folder {name}, and to look for it on the Hugging Face hub the package huggingface_hub is "
            'missing; check the name, or install it: pip install "cdaae_jax[hub]"'
        ) from error
    repository, _, revision = name.partition("@")
    try:
        folder = huggingface_hub.snapshot_download(
            repository, revision=revision or None, allow_patterns=list(model_folder.FILES)
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"there is no folder {name}, and the Hugging Face hub did not give a model of this name ({reason}); check "
            "the name and the network"
        ) from error
    return pathlib.Path(folder)
