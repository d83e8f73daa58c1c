"""Exports a trained model: as a folder to keep and to share, or as programs that run without this package.

  cdaae-export --checkpoint=runs/emotion --output=emotion
  cdaae-export --checkpoint=runs/emotion --output=emotion_onnx --format=onnx --size=256

The default format, safetensors, writes what Sampler.from_pretrained and --checkpoint open: weights (half precision, if
no edit then differs by more than one grey level), meta.json, and a model card (README.md) to be read before it is
shared. stablehlo and onnx write two programs, "change" and "apply" for pictures of --size; see the card beside them.
What was written is read back and compared with the model on photos, and the largest difference is printed. --output
appears whole or not at all.
"""

import pathlib

from absl import flags

from cdaae_jax.cli import program

_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "A workdir, a checkpoint, an export, or a model's name.")
_OUTPUT = flags.DEFINE_string("output", None, "The folder to make.")
_FORMAT = flags.DEFINE_enum("format", "safetensors", ["safetensors", "stablehlo", "onnx"], "What to write.")
_SIZE = flags.DEFINE_integer("size", None, "Pixels of pictures in apply; else the training's.", lower_bound=32)
_NAME = flags.DEFINE_string("name", None, "The model's name in its card; else that of the output folder.")
_LICENCE = flags.DEFINE_string("licence", "", 'Of the weights, as an SPDX identifier: "cc-by-4.0".')
_ATTRIBUTION = flags.DEFINE_string("attribution", None, "A text file: who made the training pictures, which licence.")
_REPORT = flags.DEFINE_string("report", None, "A folder with results.md or table.md, for the card.")
_PHOTOS = flags.DEFINE_string("photos", None, "A folder of aligned photos to compare on; else drawn ones.")
_SHIFT_GAIN = flags.DEFINE_float("shift_gain", 1.0, "How much stronger to shift colours: folds and shadows.")
_FLOW_GAIN = flags.DEFINE_float("flow_gain", 1.0, "How much farther to move what moves.")
_LABEL_GAINS = flags.DEFINE_string("label_gains", "", 'How much more a label asks for: "angry=1.2,sad=1.1".')
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace an earlier export.")


def main() -> None:
    """Reads the flags, exports, prints what was measured."""
    from cdaae_jax import compiling, memory
    from cdaae_jax.errors import UserError
    from cdaae_jax.exporting import exports, model, programs
    from cdaae_jax.exporting.gains import Gains, label_gains

    for flag in (_CHECKPOINT, _OUTPUT):
        if flag.value is None:
            raise UserError(f"--{flag.name} is missing; write --{flag.name}=..., see --help")
    if _REPORT.value and _FORMAT.value != "safetensors":
        raise UserError("--report is for --format=safetensors, whose card has results")
    output = pathlib.Path(_OUTPUT.value)
    about = model.Provenance(
        name=_NAME.value or output.absolute().name,
        licence=_LICENCE.value,
        attribution=_text(_ATTRIBUTION.value, ""),
        results=_results(_REPORT.value),
    )
    memory.keep()
    compiling.hurry()
    photos = pathlib.Path(_PHOTOS.value) if _PHOTOS.value else None
    try:
        said = exports.export(
            *(_CHECKPOINT.value, output, about, _FORMAT.value, _SIZE.value, photos, _OVERWRITE.value),
            Gains(_SHIFT_GAIN.value, _FLOW_GAIN.value, label_gains(_LABEL_GAINS.value)),
        )
    except programs.Unlike as unlike:
        program.failed(f"nothing was written, as the exported programs differ from the model: {unlike}")
    print(f"{output}: {said}")


def _results(report: str | None) -> str:
    """Returns what a report has for a model card: results.md where there is one, else its table."""
    short = report and (pathlib.Path(report) / "results.md").is_file()
    return _text(report, "results.md" if short else "table.md")


def _text(path: str | None, inside: str) -> str:
    """Returns a text file, or one in a folder; "" if no path is given."""
    from cdaae_jax.errors import UserError

    if not path:
        return ""
    try:
        return (pathlib.Path(path) / inside).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {pathlib.Path(path) / inside}: {error}; check the name") from error


def run() -> None:
    """The console script `cdaae-export`."""
    program.run(main, __name__)
