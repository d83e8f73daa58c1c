"""The whole way of an export: what was asked for is checked, written, read back, compared, and put in its place."""

import pathlib

from cdaae_jax import pretrained
from cdaae_jax.errors import UserError
from cdaae_jax.exporting import model, output_folder, program_folder, trial
from cdaae_jax.exporting.gains import UNCHANGED, Gains, with_gains

FORMATS = ("safetensors", *program_folder.FORMATS)


def export(
    checkpoint: str,
    output: pathlib.Path,
    about: model.Provenance,
    kind: str = "safetensors",
    size: int | None = None,
    photos: pathlib.Path | None = None,
    overwrite: bool = False,
    gains: Gains = UNCHANGED,
) -> str:
    """Writes an export, whole or not at all.

    Args:
      checkpoint: as in `pretrained.open_model`.
      output: the folder to make.
      about: what to say of the model.
      kind: one of `FORMATS`.
      size: pixels of the pictures that the program `apply` changes; by default the training's. For programs only.
      photos: a folder of aligned photos to compare on; by default drawn ones.
      overwrite: whether `output` may be an earlier export, which is then replaced.
      gains: how much stronger than the model's the export's changes are.

    Returns:
      What was written and measured, in words.

    Raises:
      UserError: the model, the output folder, the size, a gain or the photos cannot be used.
      programs.Unlike: the written programs do not do what the model does. Nothing is left.
    """
    if size and kind == "safetensors":
        raise UserError("--size is for --format=stablehlo and --format=onnx; weights work at any size")
    output_folder.refuse_foreign(output, overwrite)  # nobody should have to wait for that
    sampler = with_gains(pretrained.open_model(checkpoint), gains)
    size = size or sampler.image_size
    if size < sampler.network_size:
        raise UserError(f"--size={size} is less than the {sampler.network_size} px that the network sees; choose more")
    compared = trial.faces(photos, size)
    with output_folder.writing(output, overwrite) as folder:
        if kind == "safetensors":
            return model.write(folder, sampler, about, compared)
        return program_folder.write(folder, sampler, about, compared, kind)
