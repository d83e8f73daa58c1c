"""Reads one entry of config.data.manifests, whatever it names: a CSV, a folder, or a TFDS builder."""

import dataclasses
import pathlib

from cdaae_jax.config import Data
from cdaae_jax.data import folder
from cdaae_jax.data.records import Record, Skipped
from cdaae_jax.errors import UserError

TFDS_PREFIX = "tfds:"


def read(spec: str, data: Data, root: pathlib.Path | None, image_size: int, skipped: Skipped) -> list[Record]:
    """Returns the records of a manifest, with labels as it gives them.

    Args:
      spec: one of `data.manifests`.
      data: the configuration.
      root: the data folder; only TFDS builders need none.
      image_size: photos smaller than this are left out.
      skipped: counts what is left out.

    Raises:
      UserError: it cannot be read.
    """
    if spec.startswith(TFDS_PREFIX):
        from cdaae_jax.data import tfds_source  # importing TFDS takes seconds, so do it only if it is needed

        records = tfds_source.read(spec.removeprefix(TFDS_PREFIX), root, image_size, skipped)
    elif root is None:
        raise UserError("no data folder; name it with --data_dir or the environment variable CDAAE_DATA")
    else:
        records = folder.read(spec, root, data.label_kind, image_size, skipped)
    return [_named_by_set(record, spec) for record in records] if data.separate_sets else records


def _named_by_set(record: Record, spec: str) -> Record:
    path, _, _ = spec.partition("?")
    if path.startswith(TFDS_PREFIX):
        name = path.removeprefix(TFDS_PREFIX).partition("/")[0]
    else:  # of a manifest its folder, of a folder of photos the folder itself
        name = (path.rstrip("/").rpartition("/")[0] if path.lower().endswith(".csv") else path.rstrip("/")) or "."
    if record.subject.startswith(f"{name}-"):
        return record
    return dataclasses.replace(record, subject=f"{name}-{record.subject}")
