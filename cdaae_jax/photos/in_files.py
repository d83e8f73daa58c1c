"""Photos in files: one or a folder of them, edited beside the originals, which stay as they are.

Nothing is overwritten unless asked for, and a file appears whole or not at all.
"""

import dataclasses
import pathlib
import sys
from collections.abc import Sequence

import numpy as np
import tqdm

from cdaae_jax import files
from cdaae_jax.errors import UserError
from cdaae_jax.models.change import LARGEST_AMOUNT
from cdaae_jax.photos import editing, formats, names, strips
from cdaae_jax.photos.request import Request
from cdaae_jax.sampling import Sampler

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".bmp", ".gif")
_SAME = ((".jpg", ".jpeg"), (".heic", ".heif"))  # endings of one format


@dataclasses.dataclass(frozen=True)
class Edited:
    """What became of a folder.

    Attributes:
      written: the new files.
      kept: how many photos had theirs already.
      failed: why, by the photo that could not be edited.
    """

    written: list[pathlib.Path]
    kept: int
    failed: dict[pathlib.Path, str]

    def __str__(self) -> str:
        kept = f"; {self.kept} had theirs already, --overwrite makes them anew" if self.kept else ""
        failed = f"; {len(self.failed)} could not be edited" if self.failed else ""
        return f"edited {len(self.written)} photos{kept}{failed}"


def edit_photo(
    sampler: Sampler, photo: pathlib.Path, request: Request, output: pathlib.Path | None = None
) -> pathlib.Path:
    """Edits a photo and returns the path of the new file.

    Args:
      sampler: the model.
      photo: the file.
      request: what to do.
      output: the file to write, or a folder for it; beside the photo if not given.

    Raises:
      UserError: the photo or the request cannot be used, the file is there already, or it cannot be written.
    """
    if output is None or output.is_dir():
        target = names.beside(photo, request.name, output, _endings(photo, request)[0])
    else:
        target = output
        _check_ending(target, photo, request)
    if target.exists() and not request.overwrite:
        raise UserError(f"{target} is there already; --overwrite replaces it, --output names another file")
    _check_request(sampler, request)
    files.write_bytes(target, _edited(sampler, photo, request, target.suffix))
    return target


def edit_folder(sampler: Sampler, folder: pathlib.Path, request: Request, output: pathlib.Path | None = None) -> Edited:
    """Edits all photos of a folder; one that cannot be edited is named on standard error, and the rest is done.

    Edits of earlier runs are not edited again, and photos that have theirs are left out, so a stopped run goes on.

    Args:
      sampler: the model.
      folder: with photos; folders in it are not entered.
      request: what to do.
      output: the folder to write to; the same if not given.

    Raises:
      UserError: there are no photos, none of them can be edited, the request cannot be used, or a file cannot be
        written.
    """
    if output is not None and output.exists() and not output.is_dir():
        raise UserError(f"--output={output} is a file, but {folder} is a folder; name a folder")
    targets = _targets(_photos(folder, sampler), request, output)
    _check_request(sampler, request)
    editing.shared_finder()  # what it lacks is no fault of a photo
    written: list[pathlib.Path] = []
    failed: dict[pathlib.Path, str] = {}
    for photo, target in tqdm.tqdm(targets.items(), unit=" photos", disable=None):
        if target.exists() and not request.overwrite:
            continue
        try:
            content = _edited(sampler, photo, request, target.suffix)
        except UserError as error:
            failed[photo] = str(error)
            tqdm.tqdm.write(f"{photo.name} is left out: {error}", file=sys.stderr)
            continue
        files.write_bytes(target, content)  # a disk that is full ends the run: the next photo would not fit either
        written.append(target)
    if len(failed) == len(targets):
        raise UserError(f"none of the {len(failed)} photos in {folder} can be edited; they are named above")
    return Edited(written, len(targets) - len(written) - len(failed), failed)


def _photos(folder: pathlib.Path, sampler: Sampler) -> list[pathlib.Path]:
    """Returns the photos of a folder, without those that are edits of others."""
    photos = sorted(
        file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    )
    originals = {photo.stem for photo in photos} | {photo.name for photo in photos}
    chosen = [photo for photo in photos if not names.is_edited(photo, originals, sampler.labels.names)]
    if not chosen:
        raise UserError(f"{folder} holds no photos; allowed: {', '.join(SUFFIXES)} files")
    return chosen


def _targets(
    photos: Sequence[pathlib.Path], request: Request, output: pathlib.Path | None
) -> dict[pathlib.Path, pathlib.Path]:
    """Returns where each photo's edit goes; of me.heic and me.jpg, two GIFs."""
    targets: dict[pathlib.Path, pathlib.Path] = {}
    for photo in photos:
        ending = _endings(photo, request)[0]
        target = names.beside(photo, request.name, output, ending)
        if target in targets.values():
            target = names.beside(photo.with_name(f"{photo.name}{ending}"), request.name, output)
        targets[photo] = target
    return targets


def _check_ending(target: pathlib.Path, photo: pathlib.Path, request: Request) -> None:
    allowed = dict.fromkeys(ending.lower() for ending in _endings(photo, request))
    if target.suffix.lower() not in allowed:
        raise UserError(f"--output={target} cannot be written; its name must end in {' or '.join(allowed)}")


def _endings(photo: pathlib.Path, request: Request) -> Sequence[str]:
    """Returns what an edited photo's name may end in, the default first: like the photo's, where that is possible."""
    own = photo.suffix
    if request.to is not None:
        return strips.ENDINGS
    if request.side_by_side:
        return (own, *strips.BESIDE_ENDINGS) if own.lower() in strips.BESIDE_ENDINGS else strips.BESIDE_ENDINGS
    return (own, *next((same for same in _SAME if own.lower() in same), ()))


def _check_request(sampler: Sampler, request: Request) -> None:
    for label in (request.label, request.to):
        if label is not None:
            sampler.labels.parse(label)
    if not 0 <= request.amount <= LARGEST_AMOUNT:
        raise UserError(f"amount is {request.amount:g}; allowed: 0 to {LARGEST_AMOUNT:g}")


def _edited(sampler: Sampler, photo: pathlib.Path, request: Request, ending: str) -> bytes:
    """Returns the content of the new file."""
    opened = formats.open_photo(photo)
    faces = editing.chosen_faces(editing.shared_finder(), opened.pixels, request.face, opened.name)
    if request.to is not None:
        begin, end = sampler.labels.parse(request.label), sampler.labels.parse(request.to)
        vectors = [sampler.labels.mix(begin, end, share) for share in np.linspace(0.0, 1.0, request.steps)]
        return strips.strip(sampler, opened.pixels, faces, vectors, request.amount, bool(request.mark), ending)
    edited = editing.edit_faces(sampler, opened.pixels, faces, request.label, request.amount)
    if request.side_by_side:
        return strips.side_by_side(opened, edited, bool(request.mark), ending)
    return editing.encoded(opened, formats.put_back(opened, edited), request.mark)
