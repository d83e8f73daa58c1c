"""Frames per second of a video edit: a portrait that moves over a background, 720p, 25 frames a second, with a tone.

python -m benchmarks.video --checkpoint=runs/emotion --portrait=me.jpg --output=video.json

Stages are timed one after the other on the same frames, then all of them in `edit_video`, which overlaps decoding and
encoding with the rest. What compiling and loading take is left out: a few frames go first.
"""

import argparse
import pathlib
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import report
from cdaae_jax import images, memory
from cdaae_jax.faces import FaceFinder
from cdaae_jax.sampling import Sampler
from cdaae_jax.video import clip, editing, tracks

RATE = 25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--portrait", type=pathlib.Path, required=True, help="a photo of one face")
    parser.add_argument("--label", default="happy")
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--output", help="JSON file to write")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the clip before and after")
    given = parser.parse_args()
    memory.keep()
    sampler, finder = Sampler.from_checkpoint(given.checkpoint), FaceFinder.load()
    label = sampler.labels.parse(given.label)
    pictures = list(moving(images.read(given.portrait), given.frames, given.height))
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or pathlib.Path(scratch)
        source, target = folder / "moving.mp4", folder / "edited.mp4"
        write(source, pictures)
        editing.edit_video(sampler, source, target, given.label)  # compiles
        stages = {
            "read and write": _seconds(lambda: clip.rewrite(source, target, lambda frames, rate: frames)),
            "find and follow": _seconds(lambda: list(tracks.tracked(pictures, RATE, finder))),
            "all but reading and writing": _seconds(
                lambda: list(editing.edited_frames(sampler, pictures, RATE, finder, label))
            ),
            "all": _seconds(lambda: editing.edit_video(sampler, source, target, given.label)),
        }
    milliseconds = {name: 1000 * seconds / given.frames for name, seconds in stages.items()}
    report.print_table(
        f"video {given.height}p, milliseconds a frame", ("stage", "ms"), [list(row) for row in milliseconds.items()]
    )
    print(f"\n{given.frames / stages['all']:.1f} frames a second")
    report.write_json(
        given.output, {"frames_per_second": given.frames / stages["all"], "milliseconds_a_frame": milliseconds}
    )


def moving(portrait: np.ndarray, frames: int, height: int) -> Iterator[np.ndarray]:
    """Yields pictures, 16 to 9, in which a portrait sways, nods and comes nearer over a background."""
    width = height * 16 // 9 // 2 * 2
    column, row = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    waves = 0.5 + 0.2 * np.sin(30 * column + 8 * row) + 0.2 * np.sin(25 * row)
    background = Image.fromarray((waves[..., None] * (120, 150, 180)).astype(np.uint8))
    picture = Image.fromarray(portrait).convert("RGBA")
    for i in range(frames):
        seconds = i / RATE
        side = height * (0.8 + 0.12 * np.sin(1.3 * seconds))
        turned = picture.resize((round(side), round(side)), Image.Resampling.LANCZOS).rotate(
            8 * np.sin(2.1 * seconds), Image.Resampling.BICUBIC, expand=True
        )
        x = width / 2 + 0.12 * width * np.sin(1.7 * seconds) - turned.width / 2
        y = height / 2 + 0.05 * height * np.sin(2.9 * seconds) - turned.height / 2
        frame = background.copy()
        frame.paste(turned, (round(x), round(y)), turned)
        yield np.asarray(frame)


def write(path: pathlib.Path, pictures: list[np.ndarray]) -> None:
    """Writes pictures as a video with a tone."""
    import av

    height, width = pictures[0].shape[:2]
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as writer:
        video = writer.add_stream("libx264", rate=RATE, options={"crf": "16", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound: Any = writer.add_stream("aac", rate=48000)
        for i, picture in enumerate(pictures):
            writer.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            samples = np.arange(1920 * i, 1920 * (i + 1))
            tone = 0.2 * np.sin(samples * 2 * np.pi * 330 / 48000)
            frame = av.AudioFrame.from_ndarray(tone[None].astype(np.float32), format="fltp", layout="mono")
            frame.rate, frame.pts, frame.time_base = 48000, 1920 * i, Fraction(1, 48000)
            writer.mux(sound.encode(frame))
        writer.mux(video.encode(None))
        writer.mux(sound.encode(None))


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
