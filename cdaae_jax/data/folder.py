"""Reads any folder of face photos: a CSV manifest, or the layout subject/expression/picture.

A manifest has a row per photo and the columns
  file        path of the photo, relative to the manifest
  subject     who it is
  expression  what is shown (see `cdaae_jax.labels`), and / or
  AU1, AU2 …  FACS intensities 0..5; empty means 0
and may have
  amount      how much of the expression is shown, 0..1.5: 0.5 is half of it and half neutral; empty means 1
  split       train, validation or test: where the person belongs, the same in all of the person's rows
Other columns are ignored, but can be filtered on.
"""

import concurrent.futures
import contextlib
import csv
import dataclasses
import functools
import os
import pathlib
import re
import types
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from cdaae_jax import images
from cdaae_jax.data.records import Record, Skipped, split_named
from cdaae_jax.errors import UserError
from cdaae_jax.labels import MAX_AU, MAX_EMOTION, canonical_emotion, nearest

_PART = 64  # records that a thread looks at in one go
_WAITING = 16  # threads
_Answer = TypeVar("_Answer")

_AU_COLUMN = re.compile(r"AU\d+[LR]?$", re.IGNORECASE)


def read(spec: str, root: pathlib.Path, label_kind: str, smallest: int, skipped: Skipped) -> list[Record]:
    """Reads the records of one manifest or folder.

    Args:
      spec: path relative to `root`, with an optional row filter: "people.csv?expression=neutral,happy". A path that
        is a folder is read by its layout.
      root: the data folder.
      label_kind: "emotion", "au" or "both" (either will do): the columns that are needed.
      smallest: the minimum of a photo's height and width.
      skipped: counts photos that cannot be read, are too small or have no usable colours.

    Raises:
      UserError: the file or a needed column is missing, a value cannot be read, a photo that the manifest names is
        missing, or nothing is left.
    """
    name, _, query = spec.partition("?")
    path = root / name
    if not path.exists():
        raise UserError(f"there is no {path}; name the data folder with --data_dir or CDAAE_DATA")
    if path.is_dir():
        if query:
            raise UserError(f"{spec}: rows can be chosen from a CSV only, and {path} is a folder; leave ?{query} out")
        if label_kind == "au":
            raise UserError(f"{path} is a folder of expressions and has no AU intensities; use a CSV with AU columns")
        records = _read_layout(path)
    else:
        records = _read_manifest(path, _wanted(spec, query), label_kind)
    if not records:
        raise UserError(
            f"{spec} holds no photos; expected "
            + (f"subject/expression/picture with {', '.join(images.SUFFIXES)}" if path.is_dir() else "a row per photo")
            + (f" and rows that have {query}" if query else "")
        )
    usable = []
    for record, size, reason in zip(records, *_look_at(records, smallest), strict=True):
        if reason is None:
            usable.append(dataclasses.replace(record, num_bytes=size))
        else:
            skipped.add("picture that cannot be used", reason)
    return usable


def _wanted(spec: str, query: str) -> dict[str, set[str | float]]:
    """Returns the allowed values of each column named in a row filter."""
    try:
        chosen = urllib.parse.parse_qs(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise UserError(f"{spec}: ?{query} is no row filter; write for example ?expression=neutral,happy") from None
    return {column: {_comparable(column, v) for v in ",".join(values).split(",")} for column, values in chosen.items()}


def _comparable(column: str, text: str) -> str | float:
    """Returns a cell as row filters compare it: an amount of 1 is one of 1.0, "Happiness" is happy."""
    if column == "amount" or _AU_COLUMN.match(column.strip()):
        with contextlib.suppress(ValueError):
            return float(text)
    return canonical_emotion(text)


def _read_layout(folder: pathlib.Path) -> list[Record]:
    files = sorted(file for file in folder.glob("*/*/*") if file.suffix.lower() in images.SUFFIXES)
    return [
        Record(
            name=str(file),
            subject=file.parent.parent.name.strip(),
            expression=canonical_emotion(file.parent.name),
            aus=None,
            load=functools.partial(images.read, file),
            key=file.relative_to(folder).as_posix(),
        )
        for file in files
    ]


def _read_manifest(path: pathlib.Path, wanted: Mapping[str, set[str | float]], label_kind: str) -> list[Record]:
    records = parse(path, *read_table(path), label_kind, wanted)
    there = _in_threads(lambda record: os.path.exists(record.name), records)
    missing = [record.name for record, exists in zip(records, there, strict=True) if not exists]
    if missing:
        raise UserError(
            f"{path} names {len(missing)} of {len(records)} pictures that do not exist (first: {missing[0]}); "
            "paths in it are relative to the manifest's own folder"
        )
    return records


def read_table(path: pathlib.Path) -> tuple[list[str], list[dict[str, str]]]:
    """Returns the columns and the rows of a CSV file, as they are written.

    Raises:
      UserError: it cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            return list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as a CSV file in UTF-8 ({error}); write it anew") from error


def au_columns(columns: Sequence[str]) -> list[str]:
    """Returns those of a table's columns that hold action units."""
    return [column for column in columns if _AU_COLUMN.match(column.strip())]


def parse(
    path: pathlib.Path,
    columns: Sequence[str],
    rows: Sequence[Mapping[str, str]],
    label_kind: str,
    wanted: Mapping[str, set[str | float]] = types.MappingProxyType({}),
) -> list[Record]:
    """Returns the records of a manifest's rows; whether their photos exist is not looked at.

    Args:
      path: the manifest, which the photos' names are relative to.
      columns: of the table.
      rows: as `read_table` returns them.
      label_kind: "emotion", "au" or "both" (either will do): the columns that are needed.
      wanted: the allowed values of columns; other rows are left out.

    Raises:
      UserError: a needed column is missing, or a value cannot be read; the message says the line.
    """
    coded = au_columns(columns)
    for column in ("file", "subject", *(("expression",) if label_kind == "emotion" else ()), *wanted):
        if column not in columns:
            raise UserError(f"{path} has no column {column!r}; its columns: {', '.join(nearest(column, columns))}")
    if label_kind == "both" and not coded and "expression" not in columns:
        raise UserError(
            f"{path} has neither an expression nor AU columns (AU1, ...); its columns: {', '.join(columns)}"
        )
    if label_kind == "au" and not coded:
        raise UserError(f"{path} has no AU columns (AU1, AU12, ...); its columns: {', '.join(columns)}")
    records = []
    for line, row in enumerate(rows, start=2):
        if any(_comparable(column, row[column] or "") not in values for column, values in wanted.items()):
            continue
        if not row["file"] or not row["subject"]:
            raise UserError(f"{path} line {line}: file and subject must not be empty")
        if "\0" in row["file"]:
            raise UserError(
                f"{path} line {line}: the file's name holds a null character, which no name can; correct it"
            )
        expression = canonical_emotion(row.get("expression") or "") or None
        if label_kind == "emotion" and expression is None:
            raise UserError(f"{path} line {line}: the expression is empty; write what the photo shows")
        # In a set of emotions the AU columns may hold something else (rig weights), so they are read only if asked for.
        aus = (
            {column.strip().upper(): _intensity(row[column], column, path, line) for column in coded}
            if label_kind != "emotion" and coded
            else None
        )
        photo = path.parent / row["file"]
        records.append(
            Record(
                name=str(photo),
                subject=row["subject"].strip(),
                expression=expression,
                aus=aus,
                load=functools.partial(images.read, photo),
                split=split_named(row["split"] or "", f"{path} line {line}") if "split" in columns else None,
                amount=_amount(row.get("amount"), path, line) if label_kind != "au" else 1.0,
                key=_key(row["file"]),
            )
        )
    return records


def _intensity(text: str | None, column: str, path: pathlib.Path, line: int) -> float:
    try:
        intensity = float(text or 0)
    except ValueError:
        raise UserError(f"{path} line {line}: {column} is {text!r}, not a number") from None
    if not 0 <= intensity <= MAX_AU:
        raise UserError(f"{path} line {line}: {column} is {intensity:g}; FACS intensities go from 0 to 5")
    return intensity


def _amount(text: str | None, path: pathlib.Path, line: int) -> float:
    if text is None or not text.strip():
        return 1.0
    try:
        amount = float(text)
    except ValueError:
        raise UserError(f"{path} line {line}: amount is {text!r}, not a number") from None
    if not 0 <= amount <= MAX_EMOTION:
        raise UserError(f"{path} line {line}: amount is {amount:g}; amounts go from 0 to {MAX_EMOTION}")
    return amount


def _key(file: str) -> str:
    # An absolute path changes when the data moves; its last part does not.
    path = pathlib.PurePath(file)
    return path.name if path.is_absolute() else path.as_posix()


def _look_at(records: Sequence[Record], smallest: int) -> tuple[list[int], list[str | None]]:
    """Returns the size of each photo's file in bytes, and why it cannot be used; None where it can."""

    def look(record: Record) -> tuple[int, str | None]:
        try:
            images.check_file(pathlib.Path(record.name), smallest)
            return os.stat(record.name).st_size, None
        except UserError as error:
            return 0, str(error)

    looks = _in_threads(look, records)
    return [size for size, _ in looks], [reason for _, reason in looks]


def _in_threads(ask: Callable[[Record], _Answer], records: Sequence[Record]) -> list[_Answer]:
    """Returns an answer for each record. Many wait for the file system together, which over a network takes long."""
    parts = [records[first : first + _PART] for first in range(0, len(records), _PART)]
    with concurrent.futures.ThreadPoolExecutor(_WAITING) as pool:
        return [answer for part in pool.map(lambda part: [ask(record) for record in part], parts) for answer in part]
