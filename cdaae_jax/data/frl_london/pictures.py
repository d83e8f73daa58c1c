"""Finds the London set's pictures and what is known of them, in a folder or in the files as published.

There are two layouts: aligned pictures with metadata.csv, and the original photos with london_faces_info.csv. The
README next to this file shows both.
"""

import csv
import dataclasses
import importlib.resources
import io
import logging
import pathlib
import zipfile
from collections.abc import Iterator, Mapping

import numpy as np
from PIL import Image

from cdaae_jax import images
from cdaae_jax.data import alignment
from cdaae_jax.errors import UserError
from cdaae_jax.files import ARCHIVE_DAMAGE

# The set's own words, and the project's words for them.
EXPRESSIONS = {"neutral": "neutral", "smiling": "happy"}

UNKNOWN_AGE = -1

METADATA_FILE = "metadata.csv"
METADATA_COLUMNS = ("file", "subject", "expression", "age", "gender", "ethnicity")

PEOPLE_FILE = "london_faces_info.csv"
PEOPLE_COLUMNS = ("face_id", "face_age", "face_gender", "face_eth")
# Photo 3 of a person is the neutral front view, photo 8 the smiling one: 001_03.jpg, 001_08.jpg.
PHOTO_NUMBERS = {"neutral": "03", "smiling": "08"}

LAYOUTS = (
    f"either {METADATA_FILE} and the pictures it names, or {PEOPLE_FILE} with neutral_front and "
    "smiling_front (folders, or the .zip files as downloaded)"
)

# Aligned photos are written as the ready aligned pictures were: JPEG quality 92, full colour resolution.
JPEG_QUALITY = 92

# A file in a folder or in a zip archive: both read the same way.
File = pathlib.Path | zipfile.Path
Eyes = tuple[alignment.Point, alignment.Point]


@dataclasses.dataclass(frozen=True)
class Picture:
    """One picture and what is known of it.

    Attributes:
      file: the picture, in a folder or a zip archive.
      subject: the set's id of the person.
      expression: the set's word for it.
      age: in years; UNKNOWN_AGE if unknown.
      gender: the set's word.
      ethnicity: the set's word.
      eyes: the pupil centres as fractions of width and height, the smaller x first, if the photo still has to be
        aligned; None for a picture that is aligned.
    """

    file: File
    subject: str
    expression: str
    age: int
    gender: str
    ethnicity: str
    eyes: Eyes | None = None

    @property
    def name(self) -> str:
        """The picture's name in the aligned layout, whichever layout it came in: 001_smiling.jpg."""
        return f"{self.subject}_{self.expression}.jpg"

    def jpeg(self) -> str | io.BytesIO:
        """Returns the aligned 256x256 picture for TFDS: the path of an aligned one, else an encoded JPEG.

        Raises:
          UserError: the photo cannot be read, or the eyes do not lie in it.
        """
        if self.eyes is None:
            return str(self.file)
        photo = _read_photo(self.file)
        height, width = photo.shape[:2]
        left_eye, right_eye = ((x * width, y * height) for x, y in self.eyes)
        encoded = io.BytesIO()
        aligned = Image.fromarray(alignment.align(photo, left_eye, right_eye))
        aligned.save(encoded, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        encoded.seek(0)
        return encoded


def holds_the_set(folder: pathlib.Path) -> bool:
    """Returns whether a folder has the files of one of the two layouts; does not open them."""
    originals = (folder / PEOPLE_FILE).exists() and all(_photos_of(folder, word) for word in EXPRESSIONS)
    return (folder / METADATA_FILE).exists() or originals


def from_folder(folder: pathlib.Path) -> list[Picture]:
    """Returns the pictures of a folder for which `holds_the_set` is true.

    Raises:
      UserError: as in `aligned_pictures` and `original_pictures`.
    """
    if (folder / METADATA_FILE).exists():
        return aligned_pictures(folder)
    parts = {word: part for word in EXPRESSIONS if (part := _photos_of(folder, word))}
    return original_pictures(folder / PEOPLE_FILE, parts)


def aligned_pictures(folder: pathlib.Path) -> list[Picture]:
    """Returns the aligned 256x256 pictures that metadata.csv in `folder` names.

    Raises:
      UserError: a column or a picture is missing, an expression is unknown, an age is not a whole number, or a picture
        has another size.
    """
    table = folder / METADATA_FILE
    found = []
    for row in _rows(table, METADATA_COLUMNS):
        if row["expression"] not in EXPRESSIONS:
            raise UserError(
                f"{table} says expression {row['expression']!r} of {row['file']}; allowed: "
                f"{', '.join(EXPRESSIONS)}; correct the row."
            )
        file = folder / row["file"]
        _check_size(file, table)
        age = _age(row["age"], table)
        found.append(Picture(file, row["subject"], row["expression"], age, row["gender"], row["ethnicity"]))
    return found


def original_pictures(people: pathlib.Path, parts: Mapping[str, pathlib.Path]) -> list[Picture]:
    """Returns the original photos of everybody whose pupil centres are known in both photos.

    The pupils come from this package's pupils.csv, else from a .tem file next to each photo. People who have neither
    are left out and named in the log.

    Args:
      people: the path of london_faces_info.csv.
      parts: the folder or zip archive of the neutral and of the smiling photos.

    Raises:
      UserError: a column or a photo is missing, an age, an archive or a .tem file cannot be read, or nobody is left.
    """
    known_eyes = _known_eyes()
    files = {word: dict(_files(part)) for word, part in parts.items()}
    found, left_out = [], []
    for row in _rows(people, PEOPLE_COLUMNS):
        subject = row["face_id"]
        stems = {word: f"{subject}_{number}" for word, number in PHOTO_NUMBERS.items()}
        templates = {word: part for word, stem in stems.items() if (part := files[word].get(f"{stem}.tem"))}
        # Both photos of a person need the same method, or they would be shifted against each other.
        is_known = all((subject, word) in known_eyes for word in stems)
        if not is_known and len(templates) < len(stems):
            left_out.append(subject)
            continue
        age = _age(row["face_age"], people)
        for word, stem in stems.items():
            photo = files[word].get(f"{stem}.jpg")
            if photo is None:
                raise UserError(
                    f"{stem}.jpg is missing in {parts[word]}, though {people.name} lists {subject}; fetch "
                    f"the {word} photos again, or take the person out of {people.name}."
                )
            eyes = known_eyes[subject, word] if is_known else _template_eyes(templates[word], photo)
            found.append(Picture(photo, subject, word, age, row["face_gender"], row["face_eth"], eyes))
    if left_out:
        logging.warning("Left out, as the pupil centres are not known in both photos: %s.", " ".join(left_out))
    if not found:
        raise UserError(
            f"{people} lists nobody whose pupil centres are known: expected people of the London set, or a "
            ".tem file (WebMorph template) next to both photos; check that the files belong together."
        )
    return found


def _photos_of(folder: pathlib.Path, word: str) -> pathlib.Path | None:
    candidates = (folder / f"{word}_front", folder / f"{word}_front.zip")
    return next((path for path in candidates if path.exists()), None)


def _files(part: pathlib.Path) -> Iterator[tuple[str, File]]:
    """Yields the name and the file of everything in a folder or zip archive, at any depth."""
    if part.is_dir():
        yield from ((path.name, path) for path in part.rglob("*"))
        return
    try:
        archive = zipfile.ZipFile(part)
    except ARCHIVE_DAMAGE as error:
        raise UserError(
            f"{part} is not a zip archive, so its download failed; delete it and fetch it again."
        ) from error
    # macOS adds a "__MACOSX/._001_03.jpg" for every file; it is listed under that other name and so never asked for.
    yield from ((pathlib.PurePosixPath(name).name, zipfile.Path(archive, name)) for name in archive.namelist())


def _rows(table: pathlib.Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines(), restval=""))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{table} cannot be read as a table; fetch it again.") from error
    missing = [column for column in columns if not rows or column not in rows[0]]
    if missing:
        raise UserError(
            f"{table} lacks {', '.join(missing)} or has no rows; it needs the columns {', '.join(columns)}; "
            "take the table that belongs to the set."
        )
    return rows


def _age(text: str, table: pathlib.Path) -> int:
    # The published table writes NA, the aligned layout leaves the field empty.
    if text in ("", "NA"):
        return UNKNOWN_AGE
    if not text.isdecimal():
        raise UserError(f"{table} says age {text!r}; allowed: whole years, NA or nothing; correct the row.")
    return int(text)


def _check_size(file: pathlib.Path, table: pathlib.Path) -> None:
    try:
        with Image.open(file) as picture:
            width, height = picture.size
    except OSError as error:
        raise UserError(
            f"{file}, named in {table}, is missing or not a picture; put it there or drop its row."
        ) from error
    side = alignment.SIZE
    if (width, height) != (side, side):
        raise UserError(f"{file} is {width}x{height} pixels; allowed: {side}x{side}, aligned; align it first.")


def _read_photo(file: File) -> alignment.Photo:
    try:
        with file.open("rb") as stream:
            return np.asarray(Image.open(stream).convert("RGB"))
    except (*images.DAMAGE, *ARCHIVE_DAMAGE) as error:
        raise UserError(f"{file} cannot be read as a picture; fetch it again.") from error


def _known_eyes() -> dict[tuple[str, str], Eyes]:
    table = importlib.resources.files(__package__) / "pupils.csv"
    with table.open(encoding="utf-8") as stream:
        return {
            (row["subject"], row["expression"]): (
                (float(row["left_eye_x"]), float(row["left_eye_y"])),
                (float(row["right_eye_x"]), float(row["right_eye_y"])),
            )
            for row in csv.DictReader(stream)
        }


def _template_eyes(template: File, photo: File) -> Eyes:
    """Returns the pupil centres of a WebMorph template, as fractions of width and height.

    A template has a line with the number of points, then a line "x y" for each, in pixels of the photo; the first two
    are the pupils.
    """
    try:
        lines = template.read_text(encoding="utf-8").splitlines()
        # "#" begins a comment: the R package facefuns (convert_tem_to_tps) reads these files so.
        words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
        int(words[0][0])
        pupils = [(float(x), float(y)) for x, y in words[1:3]]
        first, second = pupils
    except (IndexError, *ARCHIVE_DAMAGE) as error:
        raise UserError(
            f"{template} is not a WebMorph template: expected the number of points, then one x and y per line, "
            "the pupils first; fetch it again."
        ) from error
    height, width = _read_photo(photo).shape[:2]
    left_eye, right_eye = sorted([first, second])
    return (left_eye[0] / width, left_eye[1] / height), (right_eye[0] / width, right_eye[1] / height)
