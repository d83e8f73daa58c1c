"""Makes an aligned set of any photos: what `cdaae-prepare` does.

The output folder receives
  faces.csv            the manifest that training reads: the input's columns, `file` being the aligned picture
  pictures/            the aligned pictures, PNG
  contact_sheet_1.jpg  all of them, small, each with its line in faces.csv; and so on
  landmarks.npz        MediaPipe's landmarks in the aligned pictures, for config.data.registered
  rejected.csv         the photos that cannot be used, and why
"""

import csv
import dataclasses
import io
import logging
import os
import pathlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import tqdm

from cdaae_jax import cores, files
from cdaae_jax.data import aligning, alignment, contact_sheets, registration, unaligned
from cdaae_jax.data.aligning import Aligner
from cdaae_jax.data.journal import NAME as JOURNAL
from cdaae_jax.data.journal import Journal
from cdaae_jax.data.unaligned import Unaligned
from cdaae_jax.errors import UserError
from cdaae_jax.workdir import hold

MANIFEST, REJECTED = "faces.csv", "rejected.csv"
SMALL_FACE = 48  # pixels; smaller faces are blurred once they are enlarged
_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What a run of `prepare` came to.

    Attributes:
      folder: the output folder.
      photos: how many the input names.
      aligned: how many of them have an aligned picture now.
      earlier: how many of these an earlier run had made.
      people: how many there are in the manifest.
      label_kind: what the manifest says of the photos, "emotion" or "au", as config.data.label_kind.
      rejected: why, by the name of the photo.
    """

    folder: pathlib.Path
    photos: int
    aligned: int
    earlier: int
    people: int
    label_kind: str
    rejected: dict[str, str]

    def __str__(self) -> str:
        earlier = f", {self.earlier} of them in an earlier run" if self.earlier else ""
        rejected = f"; {len(self.rejected)} rejected, see {self.folder / REJECTED}" if self.rejected else ""
        return f"aligned {self.aligned} of {self.photos} photos, {self.people} people{earlier}{rejected}"


def prepare(
    source: str | os.PathLike,
    output: str | os.PathLike,
    size: int = alignment.SIZE,
    workers: int | None = None,
    load_aligner: Callable[[], Aligner] = aligning.FaceAligner.load,
) -> Prepared:
    """Aligns the largest face of each photo; what an earlier run has done is kept where the photo is unchanged.

    Args:
      source: a folder with the layout subject/expression/picture, or a CSV (see `data.folder`).
      output: a folder that is missing, empty, or was filled from here. Runs that were stopped go on.
      size: pixels of the aligned pictures' sides.
      workers: processes; as many as there are processors if not given. 1 works in this process.
      load_aligner: called once in each process.

    Returns:
      What was done. Photos that cannot be used are counted and named there and in rejected.csv.

    Raises:
      UserError: source or output cannot be used, another run fills the output, or no photo can be used.
    """
    source, output = pathlib.Path(source), pathlib.Path(output)
    columns, photos = unaligned.read(source)
    _refuse_foreign(output)
    load_aligner()  # what it lacks is said once, before anything is written
    with hold(output, "--output", "preparing"):
        eyes = [alignment.LEFT_EYE_X, alignment.RIGHT_EYE_X, alignment.EYES_Y]
        journal = Journal(output, {"size": size, "eyes": eyes})
        different = list({photo.name: photo for photo in photos}.values())  # a manifest may name a file twice
        to_do = [photo for photo in different if not journal.knows(photo)]
        rejected = _align(to_do, journal, output, size, workers or cores.usable(), len(different), load_aligner)
        aligned = [photo for photo in photos if photo.name not in rejected]
        files.write_text(output / REJECTED, _csv(("file", "why"), rejected.items()))
        if not aligned:
            raise UserError(
                f"none of the {len(photos)} photos in {source} can be used (first: {next(iter(rejected.values()))}); "
                f"see {output / REJECTED}"
            )
        manifest = _csv(columns, ([photo.aligned, *photo.cells.values()] for photo in aligned))
        if to_do or not _says(output / MANIFEST, manifest):
            contact_sheets.write(output, [output / photo.aligned for photo in aligned])
        files.write_bytes(output / registration.FILE, _landmarks(aligned, journal, size))
        # Last, so that a manifest never names a picture that is not there.
        files.write_text(output / MANIFEST, manifest)
    _warn_of_small_faces(aligned, journal)
    return Prepared(
        folder=output,
        photos=len(different),
        aligned=len(different) - len(rejected),
        earlier=len(different) - len(to_do),
        people=len({photo.cells["subject"].strip() for photo in aligned}),
        label_kind="emotion" if "expression" in columns else "au",
        rejected=rejected,
    )


def _align(
    to_do: Sequence[Unaligned],
    journal: Journal,
    output: pathlib.Path,
    size: int,
    workers: int,
    total: int,
    load_aligner: Callable[[], Aligner],
) -> dict[str, str]:
    """Aligns the photos, notes each in the journal, and returns why those that cannot be used were rejected."""
    rejected = {}
    progress = tqdm.tqdm(total=total, initial=total - len(to_do), unit=" photos", disable=None)
    with journal.writing(), progress:
        for outcome in aligning.align_all(to_do, output, size, workers, load_aligner):
            if outcome.points is not None:
                journal.add(outcome.photo, outcome.was, outcome.face_size, outcome.points)
            else:
                rejected[outcome.photo.name] = str(outcome.why)
            progress.update()
    return {photo.name: rejected[photo.name] for photo in to_do if photo.name in rejected}


def _landmarks(photos: Sequence[Unaligned], journal: Journal, size: int) -> bytes:
    """Returns the file that `data.registration` reads."""
    content = io.BytesIO()
    names = [pathlib.PurePath(photo.aligned).with_suffix("").as_posix() for photo in photos]
    points = np.stack([journal.points(photo) for photo in photos]) * size
    np.savez_compressed(content, names=np.array(names), mediapipe478=points.astype(np.float32))
    return content.getvalue()


def _refuse_foreign(output: pathlib.Path) -> None:
    """Refuses to write among somebody's files, the photos themselves above all."""
    if output.exists() and not output.is_dir():
        raise UserError(f"--output {output} is a file; name a folder")
    if output.is_dir() and not (output / JOURNAL).exists():
        others = sorted(path.name for path in output.iterdir() if path.name != ".lock")
        if others:
            raise UserError(
                f"--output {output} holds other files ({others[0]}); name a folder that is missing, empty, or was made "
                "by cdaae-prepare"
            )


def _warn_of_small_faces(photos: Sequence[Unaligned], journal: Journal) -> None:
    small = [photo.name for photo in photos if journal.face_size(photo) < SMALL_FACE]
    if small:
        _LOG.warning(
            "%d faces are under %d pixels, so their pictures are blurred (first: %s)", len(small), SMALL_FACE, small[0]
        )


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()


def _says(path: pathlib.Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
