"""A video in a file, edited beside the original, which stays as it is."""

import pathlib

from cdaae_jax.errors import UserError
from cdaae_jax.photos import names
from cdaae_jax.photos.request import Request
from cdaae_jax.provenance import Credentials
from cdaae_jax.sampling import Sampler
from cdaae_jax.video import clip, editing


def edit_video(
    sampler: Sampler, video: pathlib.Path, request: Request, output: pathlib.Path | None = None
) -> pathlib.Path:
    """Edits a video and returns the path of the new file.

    Args:
      sampler: the model.
      video: the file.
      request: what to do; strips, pictures side by side, numbered faces and signatures are for photos alone.
      output: the file to write, or a folder for it; beside the video if not given.

    Raises:
      UserError: the video or the request cannot be used, the file is there already, or it cannot be written.
    """
    for flag, given in (
        ("--to", request.to is not None),
        ("--side_by_side", request.side_by_side),
        ("--certificate", isinstance(request.mark, Credentials)),
    ):
        if given:
            raise UserError(f"{flag} cannot be used with a video; leave it out")
    target = output
    if target is None or target.is_dir():
        target = names.beside(video, request.name, output, clip.target_ending(video))
    if target.exists() and not request.overwrite:
        raise UserError(f"{target} is there already; --overwrite replaces it, --output names another file")
    editing.edit_video(
        sampler, video, target, request.label, request.amount, str(request.face), mark=bool(request.mark)
    )
    return target
