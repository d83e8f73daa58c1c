"""The TFDS builder that the builders of public sets are made of.

It streams: pictures are aligned by processes that each hold one, written to a working folder beside the records, noted
in a journal, and copied from there into array_record shards one at a time (TFDS's ShardBasedBuilder; its
GeneratorBasedBuilder keeps up to a GiB in memory, and needs TensorFlow beyond). The working folder goes when the build
is complete; until then the same command goes on where it was stopped.
"""

import abc
import collections
import functools
import importlib
import pathlib
import shutil
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds
import tqdm

from cdaae_jax import cores
from cdaae_jax.data import alignment
from cdaae_jax.data.aligning import Aligner, FaceAligner, Outcome, run_all
from cdaae_jax.data.building import outcome_notes, people, pieces, report, trees
from cdaae_jax.data.building.found import Found, LeftOut, Scan
from cdaae_jax.data.building.options import SetConfig
from cdaae_jax.data.building.pieces import Piece
from cdaae_jax.data.building.shards import Shard
from cdaae_jax.data.building.trees import Tree
from cdaae_jax.data.journal import Journal
from cdaae_jax.data.records import SPLITS
from cdaae_jax.errors import UserError
from cdaae_jax.workdir import hold

_LANDMARKS = 478
_PER_SHARD = 1000  # pictures


class AlignedSet(tfds.core.ShardBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Builds a set from files as published.

    A set is a subclass with these attributes and `scan`.

    Attributes:
      LAYOUT: what the folder must hold, for messages: "Rafd090_01_..._frontal.jpg, at any depth, or archives".
      WHERE: where to get the set: an address, and what to do there.
      PEOPLE: the ids of all people of the set as published, where known.
      AUS: the action units that the set codes; without them its examples have no `aus`.
      CLIPS: (every, apart), in frames: how many frames of a clip are looked at for its peaks, and how far they are
        apart at least.
      load_aligner: returns what aligns in each process; tests put another in its place.
    """

    VERSION = tfds.core.Version("1.0.0")
    # TFDS hands out its manual folder only if this is set.
    MANUAL_DOWNLOAD_INSTRUCTIONS = "See the README.md of the set; the folder bears the set's name."
    LAYOUT: ClassVar[str]
    WHERE: ClassVar[str]
    LICENCE: ClassVar[str]
    HOMEPAGE: ClassVar[str]
    PEOPLE: ClassVar[tuple[str, ...]] = ()
    AUS: ClassVar[tuple[str, ...]] = ()
    CLIPS: ClassVar[tuple[int, int]] = (3, 6)
    load_aligner: Callable[[alignment.Geometry], Aligner] = FaceAligner.load

    def __init__(self, *, file_format: str | None = None, workers: int | None = None, **kwargs: Any):
        """Takes TFDS's arguments, and how many processes align; as many as there are processors if not given."""
        super().__init__(file_format=file_format or "array_record", **kwargs)
        self._workers = workers or cores.usable()
        self._work = pathlib.Path(self.data_dir).parent / f".building-{self.version}"
        self._folder: pathlib.Path | None = None
        self._beam: tuple[Any, Any] | None = None

    @abc.abstractmethod
    def scan(self, tree: Tree) -> Scan:
        """Returns what the files are, by their names; pictures are not opened.

        Raises:
          UserError: a file with labels cannot be read.
        """

    def download(self, dl_manager: tfds.download.DownloadManager) -> Sequence[pathlib.Path]:
        """Returns downloaded archives, of sets that may be downloaded.

        Raises:
          UserError: this one may not, or the download failed.
        """
        raise UserError(
            f"{self.name} cannot be downloaded: {self.WHERE}. Then put its files into DATA/{self.name} and name DATA "
            f"with --data_dir (in Python: DownloadConfig(manual_dir=...)); expected {self.LAYOUT}"
        )

    def download_and_prepare(self, *, download_config: tfds.download.DownloadConfig | None = None, **kwargs) -> None:
        """Builds the set from the folder that `download_config.manual_dir` names.

        Of several processes that build the same set in the same place, one does and the others wait, and then read what
        it has built. If it fails or is killed, the next one goes on where it was. With a `beam_runner`, Beam aligns the
        pictures and writes the records (`on_cluster`).

        Raises:
          UserError: the folder is missing or is not the set, or nothing in it can be used.
        """
        config = self.builder_config
        assert isinstance(config, SetConfig)
        named = download_config and download_config.manual_dir
        self._folder = pathlib.Path(named).expanduser() if named else None
        if download_config and download_config.beam_runner:
            self._beam = download_config.beam_runner, download_config.beam_options
        if self._folder and not self._folder.is_dir():
            raise UserError(f"there is no folder {self._folder}; it must hold {self.LAYOUT}")
        with hold(self._work, "data_dir", "building", wait=True):
            if self.is_prepared():  # by the process that was waited for
                self.info.read_from_directory(self.data_dir)
            # What builds that were killed had begun; nobody else is at work here.
            for left in self._work.parent.glob(f"incomplete.*_{self.version}"):
                shutil.rmtree(left)
            super().download_and_prepare(download_config=download_config, **kwargs)
            shutil.rmtree(self._work, ignore_errors=True)

    def _info(self) -> tfds.core.DatasetInfo:
        config = self.builder_config
        assert isinstance(config, SetConfig)
        features = tfds.features
        number = functools.partial(features.Scalar, np.float32)
        fields: dict[str, Any] = {
            "image": features.Image(shape=(config.size, config.size, 3), dtype=np.uint8, encoding_format="jpeg"),
            "subject": features.Text(doc="The set's name and the person's id in it: rafd-05."),
            "expression": features.Text(doc="The project's word; empty if not known."),
            "amount": number(doc="How much of the expression is shown; 1 is all of it."),
            "camera": features.Text(doc="frontal, or from where else the person is seen."),
            "gaze": features.Text(),
            "intensity": features.Text(doc="The set's own word."),
            "age": features.Scalar(np.int32, doc="Years; -1 if unknown."),
            "gender": features.Text(),
            "split": features.Text(doc="train, validation or test; by person."),
            "frame": features.Scalar(np.int32, doc="Of a video, counted from 1; 0 for a picture."),
            "landmarks": features.Tensor(
                shape=(_LANDMARKS, 2), dtype=np.float32, doc="MediaPipe's, (x, y) in sides of the picture."
            ),
            "id": features.Text(),
        }
        if self.AUS:
            fields["aus"] = {name: number(doc="FACS intensity 0..5.") for name in self.AUS}
            fields["aus_coded"] = {
                name: features.Scalar(np.bool_, doc="False: not known, and `aus` has 0.") for name in self.AUS
            }
        return self.dataset_info_from_configs(
            features=features.FeaturesDict(fields), homepage=self.HOMEPAGE, license=self.LICENCE
        )

    def _shard_iterators_per_split(self, dl_manager: tfds.download.DownloadManager) -> Mapping[str, Sequence[Shard]]:
        scan = self.scan(self._tree(dl_manager))
        if not len(scan):
            raise UserError(
                f"{self._folder} does not hold {self.name}: no file of it can be used{_mostly(scan)}; "
                f"expected {self.LAYOUT}"
            )
        journal, rejected = self._align(scan)
        taken: dict[str, list[Found]] = {}
        for found in scan:
            if found.name not in rejected:
                taken.setdefault(people.split_of(self.name, found.subject, self.PEOPLE), []).append(found)
        if not taken:
            name, why = next(iter(rejected.items()))
            raise UserError(f"none of the {len(scan)} pictures of {self.name} can be used (first: {name}: {why})")
        left_out = [*scan.left_out, *(LeftOut(name, why) for name, why in rejected.items())]
        report.write(pathlib.Path(self.data_dir), taken, left_out, scan.not_asked_for)
        return {
            split: [
                Shard(self.name, taken[split][first : first + _PER_SHARD], split, self.AUS, self._work, journal)
                for first in range(0, len(taken[split]), _PER_SHARD)
            ]
            for split in SPLITS
            if split in taken
        }

    def _tree(self, dl_manager: tfds.download.DownloadManager) -> Tree:
        unpacked = self._work / "unpacked"
        if self._folder is not None:
            return trees.opened(self._folder, unpacked)
        try:  # TFDS's own place for such files, which all sets share
            folder = pathlib.Path(dl_manager.manual_dir) / self.name
        except AssertionError:  # this is how TFDS says that there is no such folder, or nothing in it
            folder = None
        if folder and folder.is_dir():
            self._folder = folder
            return trees.opened(folder, unpacked)
        return trees.opened(unpacked / "nowhere", unpacked, self.download(dl_manager))

    def _align(self, scan: Scan) -> tuple[Journal, dict[str, str]]:
        """Aligns what the journal does not know yet; returns it, and why pictures were rejected, by name."""
        config = self.builder_config
        assert isinstance(config, SetConfig)
        journal = Journal(self._work, config.settings() | {"version": str(self.version)})
        rejected: dict[str, str] = {}

        def note(outcome: Outcome) -> None:
            if outcome.points is not None:
                journal.add(outcome.photo, outcome.was, outcome.face_size, outcome.points, outcome.frame)
            else:
                rejected[outcome.photo.name] = str(outcome.why)

        with journal.writing():
            for outcomes in outcome_notes.take(self._work):  # of other machines, whose build was stopped
                for outcome in outcomes:
                    note(outcome)
        rejected.clear()  # they are tried again
        work = pieces.cut(scan, journal.knows)
        left = sum(len(piece.photos) for piece in work)
        progress = tqdm.tqdm(
            total=len(scan), initial=len(scan) - left, unit=" pictures", desc=f"aligning {self.name}", disable=None
        )
        with journal.writing(), progress:
            for outcomes in self._outcomes(work):
                for outcome in outcomes:
                    note(outcome)
                    progress.update()
        return journal, dict(sorted(rejected.items()))

    def _outcomes(self, work: Sequence[Piece]) -> Iterator[list[Outcome]]:
        """Aligns; yields what became of each piece."""
        config = self.builder_config
        assert isinstance(config, SetConfig)
        every, apart = self.CLIPS
        align = functools.partial(pieces.align, output=self._work, size=config.size, every=every, apart=apart)
        load = functools.partial(type(self).load_aligner, alignment.widened(config.crop))
        if not work:
            return iter(())
        load()  # what it lacks is said once, before processes start
        if self._beam is None:
            return run_all(work, align, self._workers, load)
        return on_cluster().align_all(work, align, load, self._work, *self._beam)


def on_cluster() -> types.ModuleType:
    """Returns the module `on_cluster`.

    Raises:
      UserError: apache-beam is missing.
    """
    try:
        return importlib.import_module("cdaae_jax.data.building.on_cluster")
    except ImportError as error:
        raise UserError(
            f"--beam needs apache-beam ({error}); install it with: pip install 'cdaae_jax[beam]'"
        ) from error


def _mostly(scan: Scan) -> str:
    """Returns what is wrong with most of the files, in brackets."""
    reasons = collections.Counter(each.why for each in scan.left_out)
    if not reasons:
        return ""
    why, count = reasons.most_common(1)[0]
    first = next(each.file for each in scan.left_out if each.why == why)
    return f" ({count}: {why}; first: {first})"
