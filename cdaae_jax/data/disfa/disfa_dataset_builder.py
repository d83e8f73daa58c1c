"""The TFDS builder of DISFA: 27 people who watch films, twelve action units coded in every frame of their videos.

Importing this module registers `tfds.builder("disfa")`. The README next to this file says what the set is, where to
ask for it, which frames are taken, and how to build it.
"""

import collections
import dataclasses
import pathlib
import re
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from cdaae_jax import images
from cdaae_jax.data.building.builder import AlignedSet
from cdaae_jax.data.building.found import Found, Scan
from cdaae_jax.data.building.options import Allowed, SetConfig
from cdaae_jax.data.building.options import config_of as config_of_set
from cdaae_jax.data.building.pieces import frame_number
from cdaae_jax.data.building.trees import File, Tree
from cdaae_jax.data.disfa import codes
from cdaae_jax.labels import DISFA_AUS
from cdaae_jax.video.clip import SUFFIXES as VIDEOS

_PEOPLE = tuple(f"SN{number:03d}" for number in (*range(1, 14), *range(16, 19), 21, *range(23, 33)))
# LeftVideoSN001_comp.avi, RightVideoSN001_Comp.avi, and folders of frames that people name after them.
_VIDEO = re.compile(r"(?P<side>left|right)_?video_?(?P<person>sn\d{3})")
_PERSON = re.compile(r"sn\d{3}")
_CAMERAS = {"left": ("left",), "right": ("right",), "both": ("left", "right")}


@dataclasses.dataclass(eq=False)
class DisfaConfig(SetConfig):
    """Which frames to take.

    Attributes:
      cameras: "left", "right" or "both"; the two film the same moment.
      at_least: frames with some action unit of this intensity or more are taken, 1..5.
      apart: of these, one in so many frames at most; the camera takes 20 a second, and neighbours are near copies.
      neutral: so many frames of each person and camera in which no unit is coded, spread over the video.
    """

    ALLOWED: ClassVar[dict[str, Allowed]] = {
        "cameras": tuple(_CAMERAS),
        "at_least": (1, 5),
        "apart": (1, 1000),
        "neutral": (0, 1000),
    }

    cameras: str = "left"
    at_least: int = 2
    apart: int = 5
    neutral: int = 30


class Disfa(AlignedSet):
    """Builds and reads `disfa`."""

    RELEASE_NOTES = {"1.0.0": "Frames with action units, and neutral ones."}
    BUILDER_CONFIGS = [DisfaConfig()]
    LAYOUT = (
        "ActionUnit_Labels/SN001/SN001_au1.txt ... and Videos_LeftCamera/LeftVideoSN001_comp.avi ... (or folders of "
        "its frames, LeftVideoSN001/00001.jpg), at any depth or in archives"
    )
    WHERE = "researchers ask for it at http://mohammadmahoor.com/disfa/"
    LICENCE = "For non-commercial research, by agreement with the University of Denver; not redistributable."
    HOMEPAGE = "http://mohammadmahoor.com/disfa/"
    PEOPLE = _PEOPLE
    AUS = DISFA_AUS

    def scan(self, tree: Tree) -> Scan:
        """Returns the frames that the labels and the options choose."""
        config = self.builder_config
        assert isinstance(config, DisfaConfig)
        scan = Scan()
        labels: dict[str, dict[str, pathlib.Path]] = collections.defaultdict(dict)
        videos: dict[tuple[str, str], File] = {}
        frames: dict[tuple[str, str], dict[int, File]] = collections.defaultdict(dict)
        for file in tree:
            label, footage = codes.named(file.stem) if file.suffix == ".txt" else None, _footage(file)
            if label and label[0] in _PEOPLE:
                labels[label[0]].setdefault(label[1], file.path)
            elif footage and footage[0] in _PEOPLE and footage[1] not in _CAMERAS[config.cameras]:
                scan.not_asked_for[f"cameras={config.cameras}"] += 1
            elif footage and footage[0] in _PEOPLE and file.suffix in VIDEOS:
                videos.setdefault(footage, file)
            elif footage and footage[0] in _PEOPLE and frame_number(file.path) is not None:
                frames[footage].setdefault(frame_number(file.path) or 0, file)
            else:
                scan.leave_out(file.name, "not named like a video, a frame or a label file of the set")
        for person in sorted({person for person, _ in (*videos, *frames)} | set(labels)):
            sides = [side for side in _CAMERAS[config.cameras] if (person, side) in videos or (person, side) in frames]
            if not sides:
                scan.leave_out(f"{person} (video)", "missing")
            if set(labels[person]) != set(DISFA_AUS):
                lacking = ", ".join(unit for unit in DISFA_AUS if unit not in labels[person])
                scan.leave_out(f"{person} ({lacking})", "missing, so these units are not known of this person")
            coded = codes.read(labels[person], scan)
            chosen = codes.choose(coded, config.at_least, config.apart, config.neutral)
            for side in sides:
                _add(scan, person, side, chosen, coded, videos.get((person, side)), frames.get((person, side), {}))
        return scan


def config_of(name: str, options: Mapping[str, str]) -> SetConfig:
    """Returns the configuration that "tfds:disfa/NAME?OPTION=VALUE&..." stands for; see `DisfaConfig`."""
    return config_of_set(DisfaConfig, Disfa, name, options)


def _add(
    scan: Scan,
    person: str,
    side: str,
    chosen: list[int],
    coded: Mapping[str, np.ndarray],
    video: File | None,
    frames: Mapping[int, File],
) -> None:
    """Adds the chosen frames of a camera: from extracted frames where they are, else from the video."""
    first = min(frames, default=1)  # programs count extracted frames from 0 or from 1
    for number in chosen:
        file = frames.get(number - 1 + first) if frames else video
        name = f"{person}_{side}_{number:04d}"
        if file is None:
            scan.leave_out(name, "missing among the extracted frames")
            continue
        found = Found(
            name=name,
            source=file.path,
            subject=person,
            aus={unit: float(intensities[number - 1]) for unit, intensities in coded.items()},
            camera=side,
            frame=None if frames else number,
        )
        scan.add(found, file.name)


def _footage(file: File) -> tuple[str, str] | None:
    """Returns person and camera of a video or an extracted frame; None if it is neither."""
    if file.suffix not in (*VIDEOS, *images.SUFFIXES):
        return None
    name = file.name.lower()
    if match := _VIDEO.search(name):
        return match["person"].upper(), match["side"]
    # Frames in folders of the person: Left/SN001/0001.jpg, or SN001/0001.jpg, whose camera is not said.
    if match := _PERSON.search(name):
        return match[0].upper(), "right" if "right" in name else "left"
    return None
