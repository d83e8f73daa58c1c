"""Changes the expression of faces with a trained model.

Any photo, which comes back with everything but the face as it was (pip install "cdaae_jax[photo]"):
  cdaae-sample --checkpoint=runs/emotion --photo=me.jpg --label=happy                     writes me.happy.jpg
  cdaae-sample --checkpoint=runs/emotion --photo=photos/ --label=happy --output=edited/
  cdaae-sample --checkpoint=runs/emotion --photo=me.jpg --label=neutral --to=happy        writes me.neutral_to_happy.gif
  cdaae-sample --checkpoint=runs/emotion --photo=clip.mp4 --label=happy                   a video, with its sound

Pictures that are cropped and aligned as the model's training pictures were:
  cdaae-sample --checkpoint=runs/london --input=face.png --label=happy --output=happy.png
  cdaae-sample --checkpoint=runs/london --input=faces/ --label="happy=0.7,neutral=0.3" --output=out/
  cdaae-sample --checkpoint=runs/london --input=face.png --label=neutral --to=happy --steps=9 --output=strip.png

A folder makes one picture for each in it. Photos without a face are named and left out; edits of earlier runs are not
edited again, and nothing is overwritten without --overwrite. --to goes from one expression to the other: an animated
GIF or WebP of a photo, a row of pictures of an aligned one.

Edited photos and videos say so in their metadata; --no_mark leaves that out, and what you do with them then is your
responsibility. Edit photos of people who agree to it.
"""

import pathlib
from typing import TYPE_CHECKING

from absl import flags

from cdaae_jax.cli import program

if TYPE_CHECKING:
    from cdaae_jax.photos.request import Request

_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "A workdir, checkpoint, export or name; else emotion.")
_PHOTO = flags.DEFINE_string("photo", None, "A photo, a folder of photos, or a video.")
_INPUT = flags.DEFINE_string("input", None, "An aligned picture, or a folder of them.")
_LABEL = flags.DEFINE_string("label", None, 'What to show: "happy", "happy=0.7,surprised=0.3", "AU12=3,AU6=2".')
_TO = flags.DEFINE_string("to", None, "Go from --label to this label.")
_STEPS = flags.DEFINE_integer("steps", 9, "Pictures from --label to --to, both ends included.", lower_bound=2)
_OUTPUT = flags.DEFINE_string("output", None, "The file to write, or a folder; beside --photo if not given.")
_AMOUNT = flags.DEFINE_float("amount", 1.0, "How much of the change, 0 to 1.5.", lower_bound=0.0, upper_bound=1.5)
_FACE = flags.DEFINE_string("face", "largest", 'Of a --photo: "largest", "all", or a number, 0 being the largest.')
_SIDE_BY_SIDE = flags.DEFINE_bool("side_by_side", False, "Show the --photo as it was on the left.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace files that are there already.")
_NO_MARK = flags.DEFINE_bool("no_mark", False, "Do not say in the metadata that an algorithm changed the photo.")
_CERTIFICATE = flags.DEFINE_string("certificate", None, "PEM file: sign photos with C2PA, with your own certificate.")
_KEY = flags.DEFINE_string("key", None, "PEM file: the certificate's private key.")

_FOR_PHOTOS = (_AMOUNT, _FACE, _SIDE_BY_SIDE, _OVERWRITE, _NO_MARK, _CERTIFICATE, _KEY)


def main() -> None:
    """Reads the flags and writes the pictures."""
    from cdaae_jax.errors import UserError

    if _PHOTO.value is not None and _INPUT.value is not None:
        raise UserError("--photo and --input are two ways to name pictures; give one of them")
    if _PHOTO.value is None and _INPUT.value is None:
        raise UserError("--photo is missing; write --photo=..., or --input=... for aligned pictures, see --help")
    for flag in (_LABEL,) if _PHOTO.value is not None else (_LABEL, _OUTPUT):
        if flag.value is None:
            raise UserError(f"--{flag.name} is missing; write --{flag.name}=..., see --help")
    if _PHOTO.value is not None:
        _edit_photos(pathlib.Path(_PHOTO.value))
        return
    for photo_flag in _FOR_PHOTOS:
        if photo_flag.present:
            raise UserError(f"--{photo_flag.name} is for --photo; leave it out, or name the picture with --photo")
    _edit_aligned(pathlib.Path(_INPUT.value), pathlib.Path(_OUTPUT.value))


def _edit_photos(source: pathlib.Path) -> None:
    from cdaae_jax import compiling, memory, pretrained
    from cdaae_jax.errors import UserError
    from cdaae_jax.photos import in_files
    from cdaae_jax.video import clip
    from cdaae_jax.video import in_files as videos

    request = _request()
    output = pathlib.Path(_OUTPUT.value) if _OUTPUT.value else None
    if not source.exists():
        raise UserError(f"there is no photo {source}; check the name")
    memory.keep()
    compiling.hurry()
    sampler = pretrained.open_model(_CHECKPOINT.value)
    if source.is_dir():
        print(in_files.edit_folder(sampler, source, request, output))
    elif source.suffix.lower() in clip.SUFFIXES:
        print(videos.edit_video(sampler, source, request, output))
    else:
        print(in_files.edit_photo(sampler, source, request, output))


def _request() -> "Request":
    from cdaae_jax.errors import UserError
    from cdaae_jax.photos.request import Request
    from cdaae_jax.provenance import Credentials

    face = _FACE.value
    if face not in ("largest", "all") and not face.isdecimal():
        raise UserError(
            f"--face={face} cannot be used; allowed: largest, all, or a number from 0, the largest face first"
        )
    if _TO.value is not None and _SIDE_BY_SIDE.value:
        raise UserError("--to and --side_by_side make two kinds of files; leave one of them out")
    if (_CERTIFICATE.value is None) != (_KEY.value is None):
        raise UserError("--certificate and --key belong together; give both or none")
    for flag, given in (("to", _TO.value), ("side_by_side", _SIDE_BY_SIDE.value), ("no_mark", _NO_MARK.value)):
        if _CERTIFICATE.value is not None and given:
            raise UserError(f"--certificate signs edited photos alone, not with --{flag}; leave one of them out")
    return Request(
        label=_LABEL.value,
        to=_TO.value,
        steps=_STEPS.value,
        amount=_AMOUNT.value,
        face=int(face) if face.isdecimal() else face,
        side_by_side=_SIDE_BY_SIDE.value,
        mark=Credentials(_CERTIFICATE.value, _KEY.value) if _CERTIFICATE.value else not _NO_MARK.value,
        overwrite=_OVERWRITE.value,
    )


def _edit_aligned(source: pathlib.Path, output: pathlib.Path) -> None:
    import numpy as np

    from cdaae_jax import compiling, images, memory, pretrained
    from cdaae_jax.errors import UserError

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
    program.be_brief()
    program.run(main, __name__)
