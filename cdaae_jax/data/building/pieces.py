"""What one process aligns in one go: a picture, or the frames of one video, which is decoded once."""

import dataclasses
import functools
import io
import pathlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from PIL import Image

from cdaae_jax import files, images
from cdaae_jax.data.aligning import Aligned, Aligner, Outcome, Photo
from cdaae_jax.data.building import peaks
from cdaae_jax.data.building.found import Found
from cdaae_jax.data.journal import stamp
from cdaae_jax.data.unaligned import PICTURES, Unaligned
from cdaae_jax.errors import UserError
from cdaae_jax.photos.formats import open_photo

# Nearly lossless, at a third of a PNG's size; colours at full resolution.
_JPEG = {"quality": 95, "subsampling": 0}
_PER_PIECE = 200  # frames: a long video is several pieces, so that little is lost when a build is stopped


@dataclasses.dataclass(frozen=True)
class Piece:
    """A piece of work.

    Attributes:
      source: the picture, the video, or a folder of extracted frames.
      photos: what is made of it.
      frames: of each of the photos, which frame it is; empty for a picture and where peaks are looked for.
      peak: the expression whose strongest frames are taken; "" for none.
    """

    source: pathlib.Path
    photos: tuple[Unaligned, ...]
    frames: tuple[int, ...] = ()
    peak: str = ""


def photo_of(found: Found) -> Unaligned:
    """Returns what is aligned, with the place of its picture."""
    return Unaligned(found.source, found.name, f"{PICTURES}/{found.subject}/{found.name}.jpg", {})


def cut(found: Iterable[Found], done: Callable[[Unaligned], bool]) -> list[Piece]:
    """Returns the pieces of work that are left.

    Args:
      found: what the set holds.
      done: says of a photo whether it was aligned before.
    """
    pieces: list[Piece] = []
    videos: dict[tuple[pathlib.Path, str], list[Found]] = {}
    for each in found:
        if each.frame is None:
            photo = photo_of(each)
            if not done(photo):
                pieces.append(Piece(each.source, (photo,)))
        else:
            videos.setdefault((each.source, each.peak), []).append(each)
    for (source, peak), frames in videos.items():
        photos = [(photo_of(each), each.frame or 0) for each in sorted(frames, key=lambda each: each.frame or 0)]
        left = [(photo, number) for photo, number in photos if not done(photo)]
        if peak and left:  # which frames they are is known only when all are looked for
            pieces.append(Piece(source, tuple(photo for photo, _ in photos), peak=peak))
        elif not peak:
            for start in range(0, len(left), _PER_PIECE):
                some = left[start : start + _PER_PIECE]
                pieces.append(Piece(source, tuple(photo for photo, _ in some), tuple(number for _, number in some)))
    return pieces


def align(aligner: Aligner, piece: Piece, output: pathlib.Path, size: int, every: int, apart: int) -> list[Outcome]:
    """Writes the aligned pictures of a piece and returns what became of each of its photos.

    Args:
      aligner: aligns.
      piece: the work.
      output: the folder that `Unaligned.aligned` is relative to.
      size: pixels of the pictures' sides.
      every: for peaks, every so many frames are looked at.
      apart: for peaks, two that are taken are at least so many frames apart.

    Raises:
      UserError: a picture cannot be written. What is wrong with a source is said in the outcomes.
    """
    was = stamp(piece.source)
    if not piece.peak and not piece.frames:
        outcome = _write(piece.photos[0], was, lambda: aligner(open_photo(piece.source).pixels, size), output)
        return [dataclasses.replace(outcome, why=outcome.why and _without(piece.source, outcome.why))]
    outcomes: dict[str, Outcome] = {}
    why = ""
    try:
        numbers: Sequence[int] = piece.frames
        if piece.peak:
            numbers = _peaks(aligner, piece, size, every, apart)
        wanted = dict(zip(numbers, piece.photos, strict=False))  # a short clip has fewer peaks than photos
        last, most = 0, max(numbers, default=0)
        for last, picture in numbered(piece.source, lambda number: number in wanted):
            photo = wanted[last]
            outcome = _write(photo, was, functools.partial(aligner, picture, size), output)
            outcomes[photo.name] = dataclasses.replace(outcome, frame=last)
            if last == most:
                break
        why = "the clip has too few frames with a face" if piece.peak else "the video ends before this frame"
    except UserError as error:
        why = _without(piece.source, error)
    return [outcomes.get(photo.name, Outcome(photo, was, why=why)) for photo in piece.photos]


def numbered(source: pathlib.Path, wanted: Callable[[int], bool]) -> Iterator[tuple[int, Photo]]:
    """Yields the frames of a video, or of a folder of its extracted frames, with their numbers, counted from 1.

    A frame in a folder has the number that its name ends in.

    Args:
      source: the video or folder.
      wanted: says which are to be read.

    Raises:
      UserError: it cannot be read.
    """
    if source.is_dir():
        for number, file in frame_files(source):
            if wanted(number):
                yield number, open_photo(file).pixels
        return
    from cdaae_jax.video import reading  # needs the extra `video`

    yield from reading.frames(source, wanted)


def frame_files(folder: pathlib.Path) -> list[tuple[int, pathlib.Path]]:
    """Returns the pictures of a folder whose names end in a number, by this number."""
    numbers = ((frame_number(path), path) for path in folder.iterdir())
    return sorted((number, path) for number, path in numbers if number is not None)


def frame_number(file: pathlib.Path) -> int | None:
    """Returns the number that the name of an extracted frame ends in; None where it is no picture or has none."""
    match = re.search(r"(\d+)$", file.stem) if file.suffix.lower() in images.SUFFIXES else None
    return int(match[1]) if match else None


def _peaks(aligner: Aligner, piece: Piece, size: int, every: int, apart: int) -> list[int]:
    frames, scores = [], []
    for number, picture in numbered(piece.source, lambda number: number % every == 0):
        try:
            aligned = aligner(picture, size)
        except UserError:  # no face in this frame
            continue
        if aligned.blendshapes is not None:
            frames.append(number)
            scores.append(peaks.score(piece.peak, aligned.blendshapes))
    return peaks.strongest(frames, scores, len(piece.photos), apart) if frames else []


def _write(photo: Unaligned, was: list[int] | None, make: Callable[[], Aligned], output: pathlib.Path) -> Outcome:
    try:
        aligned = make()
    except UserError as error:
        return Outcome(photo, was, why=str(error))
    files.write_bytes(output / photo.aligned, _jpeg(aligned.picture))
    return Outcome(photo, was, aligned.face_size, aligned.points)


def _without(source: pathlib.Path, message: object) -> str:
    """Returns a message without the path that it begins with: reports count equal reasons, and name the file anyway."""
    return str(message).removeprefix(str(source)).strip()


def _jpeg(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", **_JPEG)
    return stream.getvalue()
