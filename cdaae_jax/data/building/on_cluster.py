"""Aligning with Apache Beam (extra `beam`), on machines that see the set's folder and TFDS's under the same paths."""

import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from cdaae_jax.data.aligning import Aligner, Outcome
from cdaae_jax.data.building import outcome_notes
from cdaae_jax.data.building.pieces import Piece
from cdaae_jax.errors import UserError

Align = Callable[[Aligner, Piece], list[Outcome]]


def download_fields(options: Sequence[str]) -> dict[str, Any]:
    """Returns the fields of TFDS's DownloadConfig for Beam's options without dashes, such as "runner=FlinkRunner".

    Raises:
      UserError: an option is none of Beam's, or there is no runner among them.
    """
    parsed = PipelineOptions([f"--{option}" for option in options])
    runner = parsed.view_as(StandardOptions).runner
    if not runner:
        raise UserError("--beam lacks the runner; write for example --beam=runner=DirectRunner,direct_num_workers=4")
    return {"beam_runner": runner, "beam_options": parsed}


def align_all(
    work: Sequence[Piece],
    align: Align,
    load_aligner: Callable[[], Aligner],
    output: pathlib.Path,
    runner: Any,
    options: Any,
) -> Iterator[list[Outcome]]:
    """Writes the aligned pictures of all pieces, wherever the runner does it, and yields their outcomes at the end.

    Beam hands on nothing before a pipeline is done. So that a build that is stopped loses little, each piece leaves a
    note; the next run begins with `outcome_notes.take`.

    Args:
      work: the pieces.
      align: does one; can be pickled.
      load_aligner: called once by each thread of each machine.
      output: the folder with the aligned pictures.
      runner: as DownloadConfig's `beam_runner`.
      options: as its `beam_options`.
    """
    with beam.Pipeline(runner=runner, options=options) as pipeline:
        pieces = pipeline | beam.Create(list(work)) | beam.Reshuffle()
        _ = pieces | "align" >> beam.ParDo(_Align(align, load_aligner, output))
    yield from outcome_notes.take(output)


class _Align(beam.DoFn):
    """Aligns and leaves a note."""

    def __init__(self, align: Align, load_aligner: Callable[[], Aligner], output: pathlib.Path):
        self._align = align
        self._load_aligner = load_aligner
        self._output = output

    def setup(self) -> None:
        self._aligner = self._load_aligner()

    def process(self, piece: Piece) -> None:
        outcome_notes.write(self._output, self._align(self._aligner, piece))
