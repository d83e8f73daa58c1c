"""The TFDS builder of RAVDESS: 24 actors speak and sing two sentences in eight emotions.

Importing this module registers `tfds.builder("ravdess")`. The README next to this file says what the set is, which
frames are taken, how to build it, and what was not verified.
"""

import dataclasses
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

import tensorflow_datasets as tfds

from cdaae_jax.data.building import clips
from cdaae_jax.data.building.builder import AlignedSet
from cdaae_jax.data.building.clips import ClipsConfig
from cdaae_jax.data.building.found import Found, Scan
from cdaae_jax.data.building.options import Allowed, SetConfig
from cdaae_jax.data.building.options import config_of as config_of_set
from cdaae_jax.data.building.trees import Tree
from cdaae_jax.errors import UserError

_NAME = re.compile(
    r"(?P<modality>0[123])-(?P<channel>0[12])-(?P<emotion>0[1-8])-(?P<intensity>0[12])-(?P<statement>0[12])-"
    r"(?P<repetition>0[12])-(?P<person>\d\d)"
)
# "calm" is the set's second baseline, and has no counterpart in other sets; it keeps its own name.
_EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
# What actors were told, and how much of the expression that is for us; the set itself gives no numbers.
_INTENSITIES = {"01": ("normal", 0.75), "02": ("strong", 1.0)}
_BASELINES = ("neutral", "calm")
_CHANNELS = {"speech": ("01",), "song": ("02",), "both": ("01", "02")}
_OTHERS = (".wav", ".txt", ".md", ".csv")
URLS = tuple(
    f"https://zenodo.org/records/1188976/files/Video_Speech_Actor_{n:02d}.zip?download=1" for n in range(1, 25)
)


@dataclasses.dataclass(eq=False)
class RavdessConfig(ClipsConfig):
    """What to take of the set, besides how many frames of a clip.

    Attributes:
      channel: "speech", "song" or "both"; singers hold vowels, which hides the mouth's part of an expression.
    """

    ALLOWED: ClassVar[dict[str, Allowed]] = {"channel": tuple(_CHANNELS)}

    channel: str = "speech"


class Ravdess(AlignedSet):
    """Builds and reads `ravdess`."""

    RELEASE_NOTES = {"1.0.0": "The strongest frames of each clip."}
    BUILDER_CONFIGS = [RavdessConfig()]
    LAYOUT = (
        "Actor_12/02-01-06-01-02-01-12.mp4 ... (or folders of its frames, 02-01-06-01-02-01-12/0001.jpg), at any depth "
        "or in archives (Video_Speech_Actor_12.zip)"
    )
    WHERE = "it downloads by itself, or with a browser from https://zenodo.org/records/1188976"
    LICENCE = "CC BY-NC-SA 4.0"
    HOMEPAGE = "https://zenodo.org/records/1188976"
    PEOPLE = tuple(f"{number:02d}" for number in range(1, 25))

    def scan(self, tree: Tree) -> Scan:
        """Returns the frames to be looked for in each performance."""
        scan = Scan()
        config = self.builder_config
        assert isinstance(config, RavdessConfig)
        performances: dict[str, tuple[str, pathlib.Path]] = {}
        # Modalities 01 and 02 are the same picture with and without sound: the first of a performance is taken.
        for name, place in sorted(clips.named(tree, _NAME, scan, _OTHERS)):
            if name.startswith("03"):
                scan.leave_out(place.name, "sound alone, by its name")
            elif name[3:] in performances:
                scan.not_asked_for["each performance once"] += 1
            else:
                performances[name[3:]] = name, place
        for name, place in performances.values():
            match = _NAME.fullmatch(name)
            assert match is not None
            if match["person"] not in self.PEOPLE:
                scan.leave_out(place.name, "the set has nobody of this number")
                continue
            if match["channel"] not in _CHANNELS[config.channel]:
                scan.not_asked_for[f"channel={config.channel}"] += 1
                continue
            expression = _EMOTIONS[int(match["emotion"]) - 1]
            intensity, amount = _INTENSITIES[match["intensity"]]
            clip = Found(
                name=name[3:],
                source=place,
                subject=match["person"],
                expression=expression,
                amount=1.0 if expression in _BASELINES else amount,
                intensity=intensity,
                gender="male" if int(match["person"]) % 2 else "female",
            )
            clips.add_peaks(scan, clip, config.frames)
        return scan

    def download(self, dl_manager: tfds.download.DownloadManager) -> Sequence[pathlib.Path]:
        """Downloads the archives of the spoken videos, 13 GB."""
        try:
            return [pathlib.Path(path) for path in dl_manager.download(list(URLS))]
        except Exception as error:  # TFDS has no common class for failures of network, server and checksum
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError(
                f"RAVDESS could not be downloaded ({reason}); try again, or fetch the archives "
                f"Video_Speech_Actor_01.zip to 24 from {self.HOMEPAGE} with a browser, put them into DATA/ravdess, and "
                "name DATA with --data_dir"
            ) from error


def config_of(name: str, options: Mapping[str, str]) -> SetConfig:
    """Returns the configuration that "tfds:ravdess/NAME?OPTION=VALUE&..." stands for; see `RavdessConfig`."""
    return config_of_set(RavdessConfig, Ravdess, name, options)
