"""Reads the project's TFDS builders as records, without TensorFlow; builds a set that is not built yet."""

import functools
import importlib
import logging
import pathlib

import numpy as np
import tensorflow_datasets as tfds

from cdaae_jax.data.records import Record, Skipped
from cdaae_jax.errors import UserError
from cdaae_jax.labels import nearest

# Each builder lives in cdaae_jax/data/<name>/; importing its module registers it with TFDS.
BUILDERS = {"frl_london": "cdaae_jax.data.frl_london.frl_london_dataset_builder"}


def read(name: str, root: pathlib.Path | None, smallest: int, skipped: Skipped) -> list[Record]:
    """Returns all records of a builder, from TFDS's own data folder (TFDS_DATA_DIR).

    Args:
      name: a key of `BUILDERS`.
      root: the data folder; a set that is not built yet is built from root/<name> if that is there, else downloaded.
      smallest: photos smaller than this are left out and counted.
      skipped: takes the count.

    Raises:
      UserError: an unknown name, or the set can neither be read nor built.
    """
    if name not in BUILDERS:
        raise UserError(f"unknown TFDS builder {name!r}; known: {', '.join(nearest(name, list(BUILDERS)))}")
    importlib.import_module(BUILDERS[name])
    builder = tfds.builder(name)
    if not builder.is_prepared():
        folder = root / name if root and (root / name).is_dir() else None
        logging.getLogger(__name__).info("building %s from %s", name, folder or "its web site")
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(manual_dir=folder), file_format="array_record"
        )
    if min(builder.info.features["image"].shape[:2]) < smallest:
        skipped.add(f"TFDS set with pictures smaller than {smallest} px", name)
        return []
    # The small fields are read now, the pictures when they are asked for.
    fields = builder.as_data_source(split="all", decoders={"image": tfds.decode.SkipDecoding()})
    pictures = builder.as_data_source(split="all")
    return [
        Record(
            name=f"{name}[{i}]",
            subject=_text(example["subject"]),
            expression=_text(example["expression"]),
            aus=None,
            load=functools.partial(_image, pictures, i),
        )
        for i, example in enumerate(fields)
    ]


def _image(pictures, i: int) -> np.ndarray:
    return pictures[i]["image"]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
