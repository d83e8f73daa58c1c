"""A video file made of another: the same frames in time, turned and tagged alike, with the same sound.

PyAV (extra `video`) reads and writes. The picture is encoded anew, the sound is copied packet by packet.
"""

import collections
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tqdm
from jaxtyping import UInt8

from cdaae_jax import files
from cdaae_jax.errors import UserError
from cdaae_jax.video.reading import explained, load_av, quarters

Picture = UInt8[np.ndarray, "height width 3"]

# What is written: containers, each with its encoder. CRF 18 is called visually lossless by x264's documentation.
_H264 = ("libx264", {"crf": "18", "preset": "veryfast"})
_VP9 = ("libvpx-vp9", {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "7", "row-mt": "1"})
ENCODERS = {".mp4": _H264, ".m4v": _H264, ".mov": _H264, ".mkv": _H264, ".webm": _VP9}
SUFFIXES = (*ENCODERS, ".avi", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".mts")  # what counts as a video by its name

_ISO = (".mp4", ".m4v", ".mov")
# The box type of XMP in ISO files (Adobe, XMP Specification Part 3, 2020).
_XMP_BOX = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
_OF_THE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder")  # metadata that a new file has anew


def target_ending(source: pathlib.Path) -> str:
    """Returns the ending of a video made of `source`: its own, or .mkv, which holds whatever sound there is."""
    suffix = source.suffix.lower()
    return source.suffix if suffix in ENCODERS else ".mkv"


def rewrite(
    source: pathlib.Path,
    target: pathlib.Path,
    edit: Callable[[Iterator[Picture], float], Iterator[Picture]],
    comment: str | None = None,
    xmp: bytes | None = None,
) -> None:
    """Writes a video whose frames went through `edit`; the file appears whole or not at all.

    Args:
      source: the video.
      target: the file to write; its ending is one of ENCODERS.
      edit: takes the frames, upright, uint8 [H, W, 3], and how many there are in a second; returns as many, in order.
        It may read ahead.
      comment: a line for the file's metadata.
      xmp: a packet for it, where the container has a place for one (MP4 and MOV).

    Raises:
      UserError: PyAV is missing, the source is no video or damaged, or the target cannot be written.
    """
    if target.suffix.lower() not in ENCODERS:
        raise UserError(f"cannot write {target}: the name of a video must end in {', '.join(ENCODERS)}")
    av = load_av()
    with explained(av, source), av.open(str(source), metadata_errors="replace") as reader:
        first = _first_frame(av, source)
        with files.replacing(target) as temporary, explained(av, source, writing=True):
            with av.open(str(temporary), "w") as writer:
                writer.metadata.update(_kept(reader.metadata))
                if comment:
                    writer.metadata["comment"] = comment
                _Copy(av, reader, writer, first, target).run(edit, source.name)
            if xmp and target.suffix.lower() in _ISO:
                _append_xmp(temporary, xmp)


class _Copy:
    """The two files while one is made of the other."""

    def __init__(self, av: Any, reader: Any, writer: Any, first: Any, target: pathlib.Path):
        self._av, self._reader, self._writer = av, reader, writer
        self._picture = reader.streams.video[0]
        self._picture.thread_type = "AUTO"
        self._rate = self._picture.average_rate or self._picture.guessed_rate
        # Every stream is there before the first packet is written, or the file's head would be wrong.
        self._video = self._add_video(first, *ENCODERS[target.suffix.lower()])
        self._sounds = {sound.index: writer.add_stream_from_template(sound) for sound in reader.streams.audio}
        self._waiting: collections.deque = collections.deque()  # frames that were read and not yet written

    def run(self, edit: Callable[[Iterator[Picture], float], Iterator[Picture]], name: str) -> None:
        """Reads, edits and writes until the end."""
        with tqdm.tqdm(total=self._picture.frames or None, desc=name, unit=" frames", disable=None) as progress:
            for picture in edit(self._pictures(), float(self._rate)):
                was = self._waiting.popleft()
                self._writer.mux(self._video.encode(self._as_frame(picture, was)))
                progress.update()
        self._writer.mux(self._video.encode(None))

    def _pictures(self) -> Iterator[Picture]:
        """Yields the frames, upright; copies the sound on the way, so that both keep pace in the file."""
        for packet in self._reader.demux([self._picture, *self._reader.streams.audio]):
            if packet.stream.index in self._sounds:
                if packet.dts is not None:  # the empty packet that ends a stream has none
                    packet.stream = self._sounds[packet.stream.index]
                    self._writer.mux(packet)
                continue
            for frame in packet.decode():
                self._waiting.append(frame)
                yield np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), quarters(frame)))

    def _add_video(self, first: Any, encoder: str, options: dict[str, str]) -> Any:
        video = self._writer.add_stream(encoder, rate=self._rate, options=options)
        video.width, video.height = first.width, first.height
        # Half as many colours in each direction, as nearly all videos have; that takes even sides.
        video.pix_fmt = "yuv420p" if first.width % 2 == first.height % 2 == 0 else "yuv444p"
        video.time_base = video.codec_context.time_base = self._picture.time_base
        if self._picture.sample_aspect_ratio:
            video.codec_context.sample_aspect_ratio = self._picture.sample_aspect_ratio
        for tag in ("color_range", "color_primaries", "color_trc", "colorspace"):
            setattr(video.codec_context, tag, getattr(self._picture.codec_context, tag))
        if first.rotation:
            video.set_display_rotation(first.rotation)
        return video

    def _as_frame(self, picture: Picture, was: Any) -> Any:
        turned_back = np.ascontiguousarray(np.rot90(picture, -quarters(was)))
        frame = self._av.VideoFrame.from_ndarray(turned_back, format="rgb24")
        frame = frame.reformat(
            format=self._video.pix_fmt, dst_colorspace=was.colorspace, dst_color_range=was.color_range
        )
        frame.pts, frame.time_base = was.pts, was.time_base
        return frame


def _first_frame(av: Any, source: pathlib.Path) -> Any:
    with av.open(str(source), metadata_errors="replace") as reader:
        if not reader.streams.video:
            raise UserError(f"{source} holds no moving pictures; give a video")
        for frame in reader.decode(video=0):
            return frame
    raise UserError(f"{source} holds no frames; give a video that plays")


def _kept(metadata: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in metadata.items() if name.lower() not in _OF_THE_FILE}


def _append_xmp(file: pathlib.Path, xmp: bytes) -> None:
    with file.open("ab") as end:
        end.write((8 + len(_XMP_BOX) + len(xmp)).to_bytes(4, "big") + b"uuid" + _XMP_BOX + xmp)
