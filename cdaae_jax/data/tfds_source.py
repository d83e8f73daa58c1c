"""Reads the project's TFDS builders as records, without TensorFlow; builds a set that is not built yet."""

import contextlib
import importlib
import io
import logging
import pathlib
import sys
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow_datasets as tfds
from absl import logging as absl_logging

from cdaae_jax.data.records import Record, Skipped, split_named
from cdaae_jax.data.stored_examples import StoredPicture, small_fields
from cdaae_jax.errors import UserError
from cdaae_jax.labels import nearest

# Each builder lives in cdaae_jax/data/<name>/; importing its module registers it with TFDS. A module may have
# `config_of(name, options)`, which returns the BuilderConfig for "NAME/name?option=value&...".
BUILDERS = {
    name: f"cdaae_jax.data.{name}.{name}_dataset_builder"
    for name in (
        "ck_plus",
        "crema_d",
        "disfa",
        "frl_london",
        "kdef",
        "manyfaces",
        "rafd",
        "ravdess",
        "synthetic_faces",
    )
}


def read(spec: str, root: pathlib.Path | None, smallest: int, skipped: Skipped) -> list[Record]:
    """Returns all records of a builder, from TFDS's own data folder (TFDS_DATA_DIR).

    The expression and the FACS intensities are those of the features `expression` (text, "" if there is none) and
    `aus` (a number per action unit), where the set has them. `amount` says how much of the expression is shown,
    `aus_coded` which units are known, `split` where a person belongs.

    Args:
      spec: a key of `BUILDERS`, for some with a configuration and options: "synthetic_faces/128?people=40&seed=7".
      root: the data folder. A set that is not built yet is built from root/<name> if that folder exists; otherwise
        it is downloaded, or drawn by a builder that draws its pictures.
      smallest: photos smaller than this are left out and counted.
      skipped: counts them.

    Raises:
      UserError: an unknown name, option or split, or the set can neither be read nor built.
    """
    with _quiet_tfds():
        builder = _builder(spec)
        if not builder.is_prepared():
            _build(builder, root)
            builder = _builder(spec)
    if min(builder.info.features["image"].shape[:2]) < smallest:
        skipped.add(f"TFDS set with pictures smaller than {smallest} px", spec)
        return []
    # The small fields are read now; a picture is decoded when it is asked for.
    source = builder.as_data_source(split="all").data_source
    full_name = builder.info.full_name
    return [
        Record(
            name=f"{spec}[{i}]",
            subject=sys.intern(example["subject"]),
            expression=sys.intern(example["expression"]) or None,
            aus=_coded(example),
            load=StoredPicture(source, i, spec),
            amount=float(example.get("amount", 1.0)),
            split=split_named(example["split"], f"{spec}[{i}]") if "split" in example else None,
            key=f"{full_name}[{i}]",
            num_bytes=example["num_bytes"],
        )
        for i, example in enumerate(small_fields(source, spec))
    ]


def build(spec: str, root: pathlib.Path | None, beam: Sequence[str]) -> None:
    """Builds a set with Apache Beam, if it is not built yet.

    Args:
      spec: as for `read`.
      root: as for `read`.
      beam: Beam's options without dashes, the runner among them: ("runner=DirectRunner", "direct_num_workers=2").

    Raises:
      UserError: as `read`; apache-beam is missing; options lack the runner; or the set is not aligned when it is built.
    """
    with _quiet_tfds():
        builder = _builder(spec)
        if not builder.is_prepared():
            _build(builder, root, beam)


def _builder(spec: str) -> tfds.core.DatasetBuilder:
    path, _, query = spec.partition("?")
    name, slash, config = path.partition("/")
    if name not in BUILDERS:
        raise UserError(f"unknown TFDS builder {name!r}; known: {', '.join(nearest(name, list(BUILDERS)))}")
    module = importlib.import_module(BUILDERS[name])
    if not hasattr(module, "config_of"):
        if slash or query:
            raise UserError(f"{name} has neither configurations nor options; write tfds:{name}, not tfds:{spec}")
        return tfds.builder(name)
    try:
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise UserError(
            f"tfds:{spec}: ?{query} is not a list of options; write for example ?option=1&other=2"
        ) from None
    options = dict(pairs)
    if len(options) < len(pairs):
        raise UserError(f"tfds:{spec} gives an option twice; give it once")
    return tfds.builder(name, config=module.config_of(config, options))


def _build(builder: tfds.core.DatasetBuilder, root: pathlib.Path | None, beam: Sequence[str] = ()) -> None:
    folder = root / builder.name if root and (root / builder.name).is_dir() else None
    source = f" from {folder}" if folder else ""
    what = f" ({builder.builder_config.description})" if builder.builder_config else ""
    logging.getLogger(__name__).info("building %s%s%s in %s", builder.info.full_name, what, source, builder.data_dir)
    try:
        download_config = tfds.download.DownloadConfig(manual_dir=folder, **_beam_fields(builder, beam))
        # TFDS prints that it downloads something of unknown size, whatever it does.
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare(download_config=download_config, file_format="array_record")
    except OSError:
        # If several processes start at once, each builds in a folder of its own, and the first to finish gives its
        # folder the final name. All build the same, so the others can read that one.
        if not builder.is_prepared():
            raise


def _beam_fields(builder: tfds.core.DatasetBuilder, options: Sequence[str]) -> dict[str, Any]:
    """Returns the fields of DownloadConfig that hand a build to Beam; none without options."""
    if not options:
        return {}
    from cdaae_jax.data.building.builder import AlignedSet, on_cluster

    if not isinstance(builder, AlignedSet):
        raise UserError(f"{builder.name} is built in this process alone; leave --beam out")
    return on_cluster().download_fields(options)


@contextlib.contextmanager
def _quiet_tfds() -> Iterator[None]:
    """Hides warnings of TFDS about what is intended: a configuration that is new to it, a folder not yet filled."""
    verbosity = absl_logging.get_verbosity()
    absl_logging.set_verbosity(absl_logging.ERROR)
    try:
        yield
    finally:
        absl_logging.set_verbosity(verbosity)


def _coded(example: dict[str, Any]) -> dict[str, float] | None:
    """Returns the intensities of the action units that are known of a picture; None if none is."""
    known = example.get("aus_coded")
    aus = {name: float(amount) for name, amount in sorted(example.get("aus", {}).items()) if not known or known[name]}
    return aus or None
