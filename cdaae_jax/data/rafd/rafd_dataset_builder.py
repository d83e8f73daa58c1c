"""The TFDS builder of the Radboud Faces Database: eight expressions, three gazes, five cameras, 67 people.

Importing this module registers `tfds.builder("rafd")`. The README next to this file says what the set is, where to
ask for it, and how to build it.
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
from cdaae_jax.labels import EMOTIONS, canonical_emotion

# The set leaves these six numbers of 1..73 out.
_PEOPLE = tuple(f"{number:02d}" for number in range(1, 74) if number not in (6, 13, 17, 34, 62, 66))
_NAME = re.compile(
    r"rafd(?P<camera>000|045|090|135|180)_(?P<person>\d{1,2})_(?P<group>caucasian|moroccan|kid)_"
    r"(?P<gender>female|male)_(?P<emotion>[a-z]+)_(?P<gaze>left|frontal|right)"
)
_CAMERAS = {"frontal": ("090",), "half": ("045", "090", "135"), "all": ("000", "045", "090", "135", "180")}


@dataclasses.dataclass(eq=False)
class RafdConfig(SetConfig):
    """What to take of the set.

    Attributes:
      cameras: "frontal" (90 degrees), "half" (45 to 135) or "all"; of profiles one eye is guessed.
      gazes: "all", or "frontal" alone: into the camera.
    """

    ALLOWED: ClassVar[dict[str, Allowed]] = {"cameras": tuple(_CAMERAS), "gazes": ("all", "frontal")}

    cameras: str = "frontal"
    gazes: str = "all"


class Rafd(AlignedSet):
    """Builds and reads `rafd`."""

    RELEASE_NOTES = {"1.0.0": "Aligned pictures of the cameras and gazes asked for."}
    BUILDER_CONFIGS = [RafdConfig()]
    LAYOUT = "pictures such as Rafd090_01_Caucasian_female_angry_frontal.jpg, at any depth or in archives"
    WHERE = "researchers ask for it at https://rafd.socsci.ru.nl"
    LICENCE = "For non-commercial scientific research, by agreement with Radboud University; not redistributable."
    HOMEPAGE = "https://rafd.socsci.ru.nl"
    PEOPLE = _PEOPLE

    def scan(self, tree: Tree) -> Scan:
        """Returns the pictures by their names; people who lack one are listed."""
        scan = Scan()
        config = self.builder_config
        assert isinstance(config, RafdConfig)
        taken: set[Shot] = set()
        for file in tree:
            match = _NAME.fullmatch(file.stem)
            emotion = canonical_emotion(match["emotion"]) if match else ""
            if match is None or file.suffix not in images.SUFFIXES or emotion not in EMOTIONS:
                scan.leave_out(file.name, "not named like a picture of the set")
                continue
            person = f"{int(match['person']):02d}"
            if person not in _PEOPLE:
                scan.leave_out(file.name, "the set has nobody of this number")
            elif match["camera"] not in _CAMERAS[config.cameras]:
                scan.not_asked_for[f"cameras={config.cameras}"] += 1
            elif config.gazes == "frontal" and match["gaze"] != "frontal":
                scan.not_asked_for["gazes=frontal"] += 1
            else:
                found = Found(
                    name=f"rafd{match['camera']}_{person}_{emotion}_{match['gaze']}",
                    source=file.path,
                    subject=person,
                    expression=emotion,
                    camera="frontal" if match["camera"] == "090" else match["camera"],
                    gaze=match["gaze"],
                    gender=match["gender"],
                )
                scan.add(found, file.name)
                taken.add(Shot(person, (match["camera"], match["gaze"]), emotion))
        scan.leave_out_missing(
            taken,
            EMOTIONS,
            lambda shot: f"Rafd{shot.view[0]}_{shot.person}_*_{shot.expression}_{shot.view[1]}",
        )
        return scan


def config_of(name: str, options: Mapping[str, str]) -> SetConfig:
    """Returns the configuration that "tfds:rafd/NAME?OPTION=VALUE&..." stands for; see `RafdConfig`."""
    return config_of_set(RafdConfig, Rafd, name, options)
