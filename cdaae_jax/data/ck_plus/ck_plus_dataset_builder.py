"""The TFDS builder of CK+: 593 sequences from a neutral face to the peak of an expression, coded by FACS.

Importing this module registers `tfds.builder("ck_plus")`. The README next to this file says what the set is, where to
ask for it, and how to build it.
"""

import collections
import dataclasses
import pathlib
import re
from collections.abc import Mapping
from typing import ClassVar

from cdaae_jax import images
from cdaae_jax.data.building.builder import AlignedSet
from cdaae_jax.data.building.found import Found, Scan
from cdaae_jax.data.building.options import Allowed, SetConfig
from cdaae_jax.data.building.options import config_of as config_of_set
from cdaae_jax.data.building.trees import File, Tree
from cdaae_jax.data.ck_plus import codes
from cdaae_jax.labels import ACTION_UNITS

_PICTURE = re.compile(r"(?P<sequence>s\d{3}_\d{3})_(?P<frame>\d{8})")
_LABEL = re.compile(r"(?P<sequence>s\d{3}_\d{3})_\d{8}_(?P<kind>emotion|facs)")


@dataclasses.dataclass(eq=False)
class CkPlusConfig(SetConfig):
    """What to take of each sequence, besides its first, neutral picture.

    Attributes:
      peak: so many of its last pictures; they look much alike, and the last bears the labels.
    """

    ALLOWED: ClassVar[dict[str, Allowed]] = {"peak": (1, 10)}

    peak: int = 1


class CkPlus(AlignedSet):
    """Builds and reads `ck_plus`."""

    RELEASE_NOTES = {"1.0.0": "The first and the last pictures of each sequence."}
    BUILDER_CONFIGS = [CkPlusConfig()]
    LAYOUT = (
        "cohn-kanade-images/S005/001/S005_001_00000011.png ..., with Emotion/ and FACS/ (..._emotion.txt, "
        "..._facs.txt), at any depth or in archives"
    )
    WHERE = "researchers ask for it at https://www.jeffcohn.net/Resources/"
    LICENCE = "For non-commercial research, by agreement with the University of Pittsburgh; not redistributable."
    HOMEPAGE = "https://www.jeffcohn.net/Resources/"
    AUS = tuple(ACTION_UNITS)

    def scan(self, tree: Tree) -> Scan:
        """Returns the neutral and the peak picture of each sequence."""
        scan = Scan()
        sequences: dict[str, dict[int, File]] = collections.defaultdict(dict)
        labels: dict[tuple[str, str], pathlib.Path] = {}
        for file in tree:
            picture, label = _PICTURE.fullmatch(file.stem), _LABEL.fullmatch(file.stem)
            if picture and file.suffix in images.SUFFIXES:
                sequences[picture["sequence"]].setdefault(int(picture["frame"]), file)
            elif label and file.suffix == ".txt":
                labels.setdefault((label["sequence"], label["kind"]), file.path)
            else:
                scan.leave_out(file.name, "not named like a picture or a label file of the set")
        for sequence, pictures in sorted(sequences.items()):
            self._add_sequence(scan, sequence, pictures, labels)
        for sequence, kind in sorted(labels):
            if sequence not in sequences:
                scan.leave_out(f"{sequence.upper()} (pictures)", f"missing, though there is a file {kind}")
        return scan

    def _add_sequence(
        self,
        scan: Scan,
        sequence: str,
        pictures: Mapping[int, File],
        labels: Mapping[tuple[str, str], pathlib.Path],
    ) -> None:
        config = self.builder_config
        assert isinstance(config, CkPlusConfig)
        numbers = sorted(pictures)
        if len(numbers) < 2:
            scan.leave_out(pictures[numbers[0]].name, "the only picture of its sequence: neutral or not is not known")
            return
        if len(numbers) - 1 > config.peak:
            scan.not_asked_for[f"peak={config.peak}"] += len(numbers) - 1 - config.peak
        emotion = codes.emotion(labels.get((sequence, "emotion")), scan)
        units = codes.units(labels.get((sequence, "facs")), scan)
        for number in {numbers[0], *numbers[1:][-config.peak :]}:
            calm = number == numbers[0]
            found = Found(
                name=f"{sequence}_{number:08d}".upper(),
                source=pictures[number].path,
                subject=sequence[:4].upper(),
                expression="neutral" if calm else emotion,
                aus=dict.fromkeys(ACTION_UNITS, 0.0) if calm else units,
            )
            scan.add(found, pictures[number].name)


def config_of(name: str, options: Mapping[str, str]) -> SetConfig:
    """Returns the configuration that "tfds:ck_plus/NAME?OPTION=VALUE&..." stands for; see `CkPlusConfig`."""
    return config_of_set(CkPlusConfig, CkPlus, name, options)
