"""Changes the expression of faces with a trained model.

  cdaae-sample --checkpoint=runs/london --input=face.jpg --label=happy --output=happy.png
  cdaae-sample --checkpoint=runs/london --input=faces/ --label="happy=0.7,neutral=0.3" --output=out/
  cdaae-sample --checkpoint=runs/london --input=face.jpg --label=neutral --to=happy --steps=9 --output=strip.png

The face must be cropped and aligned as the model's training pictures were. A folder as input makes one picture for
each picture in it, under the same name; --to makes a strip from one expression to the other.
"""

import pathlib

from absl import flags

from cdaae_jax.cli import program

_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "A workdir, checkpoint, export or name; else emotion.")
_INPUT = flags.DEFINE_string("input", None, "A picture, or a folder of pictures.")
_LABEL = flags.DEFINE_string("label", None, 'What to show: "happy", "happy=0.7,surprised=0.3", "AU12=3,AU6=2".')
_TO = flags.DEFINE_string("to", None, "Interpolate from --label to this label.")
_STEPS = flags.DEFINE_integer("steps", 9, "Pictures of an interpolation, both ends included.", lower_bound=2)
_OUTPUT = flags.DEFINE_string("output", None, "The picture to write, or the folder if --input is one.")


def main() -> None:
    """Reads the flags and writes the pictures."""
    import numpy as np

    from cdaae_jax import compiling, images, memory, pretrained
    from cdaae_jax.errors import UserError

    for flag in (_INPUT, _LABEL, _OUTPUT):
        if flag.value is None:
            raise UserError(f"--{flag.name} is missing; write --{flag.name}=..., see --help")
    source, output = pathlib.Path(_INPUT.value), pathlib.Path(_OUTPUT.value)
    files, outputs = [source], [output]
    if source.is_dir():
        files = sorted(file for file in source.iterdir() if file.suffix.lower() in images.SUFFIXES)
        outputs = [output / file.name for file in files]
        if not files:
            raise UserError(f"{source} holds no pictures; allowed: {', '.join(images.SUFFIXES)} files")
    elif output.suffix.lower() not in images.SUFFIXES:
        raise UserError(f"--output={output} names no picture; it must end in {', '.join(images.SUFFIXES)}")
    for file in files:
        images.check_file(file, smallest=1)  # a mistyped name should not have to wait for the checkpoint
    memory.keep()
    compiling.hurry()
    sampler = pretrained.open_model(_CHECKPOINT.value)
    # Everything is read and checked before the first picture is written.
    pictures = [images.fit(images.read(file, sampler.image_size), sampler.image_size) for file in files]
    if _TO.value is None:
        results = list(sampler.edit(np.stack(pictures), _LABEL.value))
    else:
        strips = [sampler.interpolate(picture, _LABEL.value, _TO.value, _STEPS.value) for picture in pictures]
        results = [images.grid([list(strip)]) for strip in strips]
    for path, result in zip(outputs, results, strict=True):
        images.write(path, result)


def run() -> None:
    """The console script `cdaae-sample`."""
    program.run(main, __name__)
