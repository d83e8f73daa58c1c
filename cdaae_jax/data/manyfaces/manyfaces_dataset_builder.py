"""The TFDS builder of ManyFaces: eight expressions of about 200 people, photographed alike in twenty laboratories.

Importing this module registers `tfds.builder("manyfaces")`. The README next to this file says what the set is, where
to ask for it, what is not verified, and how to build it.
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import ClassVar

from cdaae_jax import images
from cdaae_jax.data.building.builder import AlignedSet
from cdaae_jax.data.building.found import Found, Scan
from cdaae_jax.data.building.options import Allowed, SetConfig
from cdaae_jax.data.building.options import config_of as config_of_set
from cdaae_jax.data.building.trees import Tree

_NAME = re.compile(
    r"mf(?P<laboratory>\d{4})_(?P<person>\d{4})_(?P<appearance>std|unstd)_"
    r"(?P<emotion>ang|dis|fea|hap|nat|neu|sad|sur)_(?P<angle>[lr]?-?\d{1,3}[lr]?)"
)
# "nat" is the face that a person makes unasked; it is neither neutral nor an emotion, and keeps its own name.
_EMOTIONS = {
    "ang": "angry",
    "dis": "disgusted",
    "fea": "fearful",
    "hap": "happy",
    "nat": "natural",
    "neu": "neutral",
    "sad": "sad",
    "sur": "surprised",
}
_FRONT = "0"


@dataclasses.dataclass(eq=False)
class ManyfacesConfig(SetConfig):
    """What to take of the set.

    Attributes:
      cameras: "frontal" or "all"; of profiles one eye is guessed.
      appearance: "std" (white shirt, hair back, no make-up), "unstd" (as people came) or "both".
    """

    ALLOWED: ClassVar[dict[str, Allowed]] = {"cameras": ("frontal", "all"), "appearance": ("both", "std", "unstd")}

    cameras: str = "frontal"
    appearance: str = "both"


class Manyfaces(AlignedSet):
    """Builds and reads `manyfaces`."""

    RELEASE_NOTES = {"1.0.0": "Aligned pictures of the angles and appearances asked for."}
    BUILDER_CONFIGS = [ManyfacesConfig()]
    LAYOUT = "pictures such as MF0004_0001_std_ang_0.jpg, at any depth or in archives"
    WHERE = "ask its authors for it, see https://github.com/iholzleitner/manyfaces-paper"
    LICENCE = "For research, on request from the ManyFaces team; not redistributable."
    HOMEPAGE = "https://github.com/iholzleitner/manyfaces-paper"

    def scan(self, tree: Tree) -> Scan:
        """Returns the pictures by their names."""
        scan = Scan()
        config = self.builder_config
        assert isinstance(config, ManyfacesConfig)
        for file in tree:
            match = _NAME.fullmatch(file.stem)
            if match is None or file.suffix not in images.SUFFIXES:
                scan.leave_out(file.name, "not named like a picture of the set")
            elif config.cameras == "frontal" and match["angle"] != _FRONT:
                scan.not_asked_for["cameras=frontal"] += 1
            elif config.appearance not in ("both", match["appearance"]):
                scan.not_asked_for[f"appearance={config.appearance}"] += 1
            else:
                found = Found(
                    name=file.stem,
                    source=file.path,
                    subject=f"{match['laboratory']}_{match['person']}",
                    expression=_EMOTIONS[match["emotion"]],
                    camera="frontal" if match["angle"] == _FRONT else match["angle"],
                )
                scan.add(found, file.name)
        return scan


def config_of(name: str, options: Mapping[str, str]) -> SetConfig:
    """Returns the configuration that "tfds:manyfaces/NAME?OPTION=VALUE&..." stands for; see `ManyfacesConfig`."""
    return config_of_set(ManyfacesConfig, Manyfaces, name, options)
