"""The TFDS builder of KDEF: seven expressions, five angles, two sessions, 70 people.

Importing this module registers `tfds.builder("kdef")`. The README next to this file says what the set is, where to
get it, and how to build it.
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import ClassVar

from cdaae_jax import images
from cdaae_jax.data.building.builder import AlignedSet
from cdaae_jax.data.building.found import Found, Scan, Shot
from cdaae_jax.data.building.options import Allowed, SetConfig
from cdaae_jax.data.building.options import config_of as config_of_set
from cdaae_jax.data.building.trees import Tree

_NAME = re.compile(
    r"(?P<session>[ab])(?P<gender>[fm])(?P<person>\d\d)(?P<emotion>af|an|di|ha|ne|sa|su)(?P<angle>fl|fr|hl|hr|s)"
)
_EMOTIONS = {
    "af": "fearful",
    "an": "angry",
    "di": "disgusted",
    "ha": "happy",
    "ne": "neutral",
    "sa": "sad",
    "su": "surprised",
}
_ANGLES = {"s": "frontal", "hl": "half left", "hr": "half right", "fl": "full left", "fr": "full right"}
_CAMERAS = {"frontal": ("s",), "half": ("s", "hl", "hr"), "all": tuple(_ANGLES)}


@dataclasses.dataclass(eq=False)
class KdefConfig(SetConfig):
    """What to take of the set.

    Attributes:
      cameras: "frontal", "half" (and half profiles) or "all"; of profiles one eye is guessed.
    """

    ALLOWED: ClassVar[dict[str, Allowed]] = {"cameras": tuple(_CAMERAS)}

    cameras: str = "frontal"


class Kdef(AlignedSet):
    """Builds and reads `kdef`."""

    RELEASE_NOTES = {"1.0.0": "Aligned pictures of the angles asked for, both sessions."}
    BUILDER_CONFIGS = [KdefConfig()]
    LAYOUT = "pictures such as AF01/AF01ANS.JPG, at any depth or in archives"
    WHERE = "ask for it at https://kdef.se"
    LICENCE = "For non-commercial research, by the terms of Karolinska Institutet; not redistributable."
    HOMEPAGE = "https://kdef.se"
    PEOPLE = tuple(f"{gender}{number:02d}" for gender in "FM" for number in range(1, 36))

    def scan(self, tree: Tree) -> Scan:
        """Returns the pictures by their names; people who lack one are listed."""
        scan = Scan()
        config = self.builder_config
        assert isinstance(config, KdefConfig)
        taken: set[Shot] = set()
        for file in tree:
            match = _NAME.fullmatch(file.stem)
            if match is None or file.suffix not in images.SUFFIXES:
                scan.leave_out(file.name, "not named like a picture of the set")
                continue
            person = f"{match['gender'].upper()}{match['person']}"
            if person not in self.PEOPLE:
                scan.leave_out(file.name, "the set has nobody of this number")
            elif match["angle"] not in _CAMERAS[config.cameras]:
                scan.not_asked_for[f"cameras={config.cameras}"] += 1
            else:
                found = Found(
                    name=file.stem,
                    source=file.path,
                    subject=person,
                    expression=_EMOTIONS[match["emotion"]],
                    camera=_ANGLES[match["angle"]],
                    gender={"F": "female", "M": "male"}[person[0]],
                )
                scan.add(found, file.name)
                taken.add(Shot(person, (match["session"], match["angle"]), match["emotion"]))
        scan.leave_out_missing(
            taken,
            _EMOTIONS,
            lambda shot: f"{shot.view[0]}{shot.person}{shot.expression}{shot.view[1]}".upper(),
        )
        return scan


def config_of(name: str, options: Mapping[str, str]) -> SetConfig:
    """Returns the configuration that "tfds:kdef/NAME?OPTION=VALUE&..." stands for; see `KdefConfig`."""
    return config_of_set(KdefConfig, Kdef, name, options)
