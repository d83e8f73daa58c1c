"""Photos in files: one or a folder of them, edited beside the originals, which stay as they are.

Nothing is overwritten unless asked for, and a file appears whole or not at all.
"""

import dataclasses
import pathlib
import sys

import tqdm

from cdaae_jax import edited_names, files, photo_strips
from cdaae_jax.errors import UserError
from cdaae_jax.photos import editing, formats
from cdaae_jax.sampling import Sampler

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".bmp", ".gif")
_SAME = {".jpg": (".jpg", ".jpeg"), ".jpeg": (".jpg", ".jpeg"), ".heic": (".heic", ".heif"), ".heif": (".heic", ".heif")}


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be done to each photo.

    Attributes:
      label: the expression, as people write it.
      to: the other end of a strip; None for a photo like the one that came in.
      steps: pictures of a strip from one end to the other.
      amount: 0 to 1.5, how much of the change.
      face: "largest", "all", or an index, 0 being the largest.
      side_by_side: show the photo as it was on the left.
      mark: say in the file's metadata that it was edited.
      overwrite: replace files of the names to be written.
    """

    label: str
    to: str | None = None
    steps: int = 9
    amount: float = 1.0
    face: str | int = "largest"
    side_by_side: bool = False
    mark: bool = True
    overwrite: bool = False

    @property
    def name(self) -> str:
        """What goes into the names of edited files."""
        return edited_names.suffix_of(self.label, self.to, self.amount, self.face, self.side_by_side)


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
        kept = f"; {self.kept} were edited before (--overwrite edits them again)" if self.kept else ""
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
        target = _default_target(photo, request, output)
    else:
        target = output
        _check_ending(target, photo, request)
    if target.exists() and not request.overwrite:
        raise UserError(f"{target} is there already; --overwrite replaces it, --output names another file")
    _write(target, _edited(sampler, photo, request, target.suffix))
    return target


def edit_folder(sampler: Sampler, folder: pathlib.Path, request: Request, output: pathlib.Path | None = None) -> Edited:
    """Edits all photos of a folder; one that cannot be edited is logged, and the rest is done.

    Edits of earlier runs are not edited again, and photos that have theirs are left out, so a stopped run goes on.

    Args:
      sampler: the model.
      folder: with photos; folders in it are not entered.
      request: what to do.
      output: the folder to write to; the same if not given.

    Raises:
      UserError: there are no photos, none of them can be edited, or a file cannot be written.
    """
    photos = _photos(folder, sampler)
    sampler.labels.parse(request.label)  # a mistake there is not the photos'
    written: list[pathlib.Path] = []
    failed: dict[pathlib.Path, str] = {}
    for photo in tqdm.tqdm(photos, unit=" photos", disable=None):
        target = _default_target(photo, request, output)
        if target.exists() and not request.overwrite:
            continue
        try:
            content = _edited(sampler, photo, request, target.suffix)
        except UserError as error:
            failed[photo] = str(error)
            tqdm.tqdm.write(f"{photo.name}: {error}", file=sys.stderr)
            continue
        _write(target, content)
        written.append(target)
    if len(failed) == len(photos):
        raise UserError(f"none of the {len(photos)} photos in {folder} can be edited (first: {failed[photos[0]]})")
    return Edited(written, len(photos) - len(written) - len(failed), failed)


def _photos(folder: pathlib.Path, sampler: Sampler) -> list[pathlib.Path]:
    """Returns the photos of a folder, without those that are edits of others."""
    photos = sorted(
        file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    )
    stems = {photo.stem for photo in photos}
    originals = [photo for photo in photos if not edited_names.is_edited(photo, stems, sampler.labels.names)]
    if not originals:
        raise UserError(f"{folder} holds no photos; allowed: {', '.join(SUFFIXES)} files")
    return originals


def _default_target(photo: pathlib.Path, request: Request, folder: pathlib.Path | None) -> pathlib.Path:
    return edited_names.beside(photo, request.name, folder, photo_strips.ENDINGS[0] if request.to else None)


def _check_ending(target: pathlib.Path, photo: pathlib.Path, request: Request) -> None:
    own = photo.suffix.lower()
    allowed = photo_strips.ENDINGS if request.to is not None else _SAME.get(own, (own,))
    if target.suffix.lower() not in allowed:
        what = "a strip" if request.to is not None else f"the edited {photo.name}"
        raise UserError(f"--output={target} cannot be written: the name of {what} must end in {' or '.join(allowed)}")


def _edited(sampler: Sampler, photo: pathlib.Path, request: Request, ending: str) -> bytes:
    """Returns the content of the new file."""
    opened = formats.open_photo(photo)
    faces = editing.chosen_faces(editing.shared_finder(), opened.pixels, request.face, opened.name)
    if request.to is not None:
        return photo_strips.strip(sampler, opened.pixels, faces, request, ending)
    edited = editing.edit_faces(sampler, opened.pixels, faces, request.label, request.amount)
    if request.side_by_side:
        return photo_strips.side_by_side(opened, edited, request.mark)
    return editing.encoded(opened, formats.put_back(opened, edited), request.mark)


def _write(target: pathlib.Path, content: bytes) -> None:
    with files.replacing(target) as temporary:
        temporary.write_bytes(content)
