"""The TFDS builder of CREMA-D: 91 actors say twelve sentences in six emotions, 7,442 clips.

Importing this module registers `tfds.builder("crema_d")`. The README next to this file says what the set is, how to
fetch it, which frames are taken, and how to build it.
"""

import csv
import dataclasses
import re
from collections.abc import Mapping
from typing import ClassVar

from cdaae_jax.data.building import clips
from cdaae_jax.data.building.builder import AlignedSet
from cdaae_jax.data.building.clips import ClipsConfig
from cdaae_jax.data.building.found import UNKNOWN_AGE, Found, Scan
from cdaae_jax.data.building.options import Allowed, SetConfig
from cdaae_jax.data.building.options import config_of as config_of_set
from cdaae_jax.data.building.trees import Tree

_NAME = re.compile(
    r"(?P<person>1\d{3})_(?P<sentence>[a-z]{3})_(?P<emotion>ang|dis|fea|hap|neu|sad)_(?P<level>lo|md|hi|xx|x)"
)
_EMOTIONS = {
    "ang": "angry",
    "dis": "disgusted",
    "fea": "fearful",
    "hap": "happy",
    "neu": "neutral",
    "sad": "sad",
}
# What actors were told, and how much of the expression that is for us; the set itself gives no numbers.
_LEVELS = {"lo": ("low", 0.5), "md": ("medium", 0.75), "hi": ("high", 1.0), "xx": ("", 1.0), "x": ("", 1.0)}
_TABLE = "videodemographics.csv"
# What else the repository holds: sound, ratings, programs.
_OTHERS = (
    _TABLE, "readme", "readme.md", "license.txt", "license", "sentencefilenames.csv", "finishedemoresponses.csv",
    "finishedresponses.csv", "finishedresponseswithrepeatwithpractice.csv", ".wav", ".mp3", ".r", ".csv", ".txt", ".md",
)  # fmt: skip


@dataclasses.dataclass(eq=False)
class CremaDConfig(ClipsConfig):
    """What to take of the set, besides how many frames of a clip.

    Attributes:
      levels: "all", or "full": without the clips in which actors were told to show little or medium emotion.
    """

    ALLOWED: ClassVar[dict[str, Allowed]] = {"levels": ("all", "full")}

    levels: str = "all"


class CremaD(AlignedSet):
    """Builds and reads `crema_d`."""

    RELEASE_NOTES = {"1.0.0": "The strongest frames of each clip."}
    BUILDER_CONFIGS = [CremaDConfig()]
    LAYOUT = (
        "VideoFlash/1001_DFA_ANG_XX.flv ... (or folders of its frames, 1001_DFA_ANG_XX/0001.jpg) and "
        "VideoDemographics.csv, at any depth or in archives"
    )
    WHERE = (
        "its videos are Git LFS: run git lfs install, then git clone https://github.com/CheyneyComputerScience/CREMA-D "
        "DATA/crema_d"
    )
    LICENCE = "Open Database License (ODbL) 1.0 and Database Contents License (DbCL) 1.0"
    HOMEPAGE = "https://github.com/CheyneyComputerScience/CREMA-D"
    PEOPLE = tuple(str(number) for number in range(1001, 1092))

    def scan(self, tree: Tree) -> Scan:
        """Returns the frames to be looked for in each clip."""
        scan = Scan()
        config = self.builder_config
        assert isinstance(config, CremaDConfig)
        people = _people(tree, scan)
        for name, place in clips.named(tree, _NAME, scan, _OTHERS):
            match = _NAME.fullmatch(name)
            assert match is not None
            level, amount = _LEVELS[match["level"]]
            if match["person"] not in self.PEOPLE:
                scan.leave_out(place.name, "the set has nobody of this number")
                continue
            if config.levels == "full" and amount < 1:
                scan.not_asked_for["levels=full"] += 1
                continue
            age, gender = people.get(match["person"], (UNKNOWN_AGE, ""))
            expression = _EMOTIONS[match["emotion"]]
            clip = Found(
                name=name.upper(),
                source=place,
                subject=match["person"],
                expression=expression,
                amount=1.0 if expression == "neutral" else amount,
                intensity=level,
                age=age,
                gender=gender,
            )
            clips.add_peaks(scan, clip, config.frames)
        return scan


def config_of(name: str, options: Mapping[str, str]) -> SetConfig:
    """Returns the configuration that "tfds:crema_d/NAME?OPTION=VALUE&..." stands for; see `CremaDConfig`."""
    return config_of_set(CremaDConfig, CremaD, name, options)


def _people(tree: Tree, scan: Scan) -> dict[str, tuple[int, str]]:
    """Returns age and gender by actor."""
    table = tree.named(_TABLE)
    if table is None:
        scan.leave_out("VideoDemographics.csv", "missing, so nobody's age and gender are known")
        return {}
    try:
        with table.path.open(newline="", encoding="utf-8-sig") as file:
            rows = [{(key or "").strip().lower(): value for key, value in row.items()} for row in csv.DictReader(file)]
            return {row["actorid"].strip(): (int(row["age"]), row["sex"].strip().lower()) for row in rows}
    except (OSError, ValueError, KeyError, AttributeError, TypeError, csv.Error) as error:
        scan.leave_out(table.name, f"cannot be read as a table with ActorID, Age and Sex ({error})")
        return {}
