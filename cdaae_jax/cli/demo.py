"""Edits one photo in every expression that a model knows, and lays the edits out on one sheet.

  python launch/demo.py
  python launch/demo.py --photo=me.jpg --output=runs/demo

Without --photo it edits a drawn face that ships with the package, so nothing is fetched. A photo of your own can be any
photo with a face in it, and stays as it is. Edits of the same name in --output are replaced.
"""

import pathlib

from absl import flags

from cdaae_jax.cli import program

_PHOTO = flags.DEFINE_string("photo", None, "A photo with a face in it; else a drawn face.")
_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "A workdir, checkpoint, export or name; else emotion.")
_OUTPUT = flags.DEFINE_string("output", "runs/demo", "The folder for the pictures; made if missing.")


def main() -> None:
    """Reads the flags, writes the pictures, prints where they are."""
    from cdaae_jax import compiling, demonstration, images, memory, pretrained

    photo = pathlib.Path(_PHOTO.value) if _PHOTO.value else None
    if photo:
        images.check_file(photo, smallest=1)
    memory.keep()
    compiling.hurry()
    edits, sheet = demonstration.show(pretrained.open_model(_CHECKPOINT.value), photo, pathlib.Path(_OUTPUT.value))
    print("Written:")
    for path in (*edits, sheet):
        print(f"  {path}")


def run() -> None:
    """The program of launch/demo.py."""
    program.run(main, __name__)
