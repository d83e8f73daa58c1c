"""Small folders of public sets, with their real names and layouts, of drawn faces of people who do not exist.

`python tests/drawn_sets.py rafd FOLDER [SIDE]` draws one: what the builders' READMEs are tried on.
"""

import functools
import io
import pathlib
import sys

import numpy as np
from PIL import Image

from cdaae_jax.data.synthetic_faces.portraits import subject_id
from cdaae_jax.data.synthetic_faces.truth import truth_batch
from cdaae_jax.labels import EMOTIONS, LabelSpace

SIDE = 48
_SPACE = LabelSpace("emotion", EMOTIONS)


@functools.cache
def faces(side: int = SIDE) -> dict[tuple[int, str], np.ndarray]:
    """Four people, eight expressions each."""
    wanted = [(person, expression) for person in range(4) for expression in EMOTIONS]
    pictures = truth_batch([subject_id(p) for p, _ in wanted], [e for _, e in wanted], side, _SPACE)
    return dict(zip(wanted, pictures, strict=True))


def save(file: pathlib.Path, picture: np.ndarray) -> None:
    """Writes a picture in a folder that is made if missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    form = "PNG" if file.suffix.lower() == ".png" else "JPEG"
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, form, **({} if form == "PNG" else {"quality": 95}))
    file.write_bytes(stream.getvalue())


def rafd(folder: pathlib.Path, side: int = SIDE) -> None:
    """Three people from the front, eight emotions and three gazes, one of them from two cameras more."""
    for place, (number, group) in enumerate([(1, "Caucasian_female"), (2, "Caucasian_male"), (44, "Moroccan_male")]):
        for emotion in EMOTIONS:
            for gaze in ("left", "frontal", "right"):
                for camera in ("045", "090", "180") if number == 2 else ("090",):
                    name = f"Rafd{camera}_{number:02d}_{group}_{emotion}_{gaze}.jpg"
                    save(folder / name, faces(side)[place, emotion])


DISFA_UNITS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
DISFA_FRAMES = 40


def disfa(folder: pathlib.Path, side: int = SIDE, videos: bool = False) -> None:
    """Three people: calm for half of the 40 frames, then a smile that grows; as videos or as extracted frames."""
    for place, person in enumerate(("SN001", "SN002", "SN032")):
        for unit in DISFA_UNITS:
            codes = [{6: smile(n) - 1, 12: smile(n), 25: 5 if n == 30 else 0}.get(unit, 0) for n in range(1, 41)]
            lines = [f"{n},{max(0, code)}\n" for n, code in enumerate(codes, start=1)]
            file = folder / "ActionUnit_Labels" / person / f"{person}_au{unit}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(lines))
        pictures = [faces(side)[place, "happy" if smile(n) else "neutral"] for n in range(1, DISFA_FRAMES + 1)]
        if videos:
            spelling = "Videos_LeftCamera/LeftVideo{}_comp.avi" if place else "Video_LeftCamera/leftVideo{}_Comp.AVI"
            film(folder / spelling.format(person), pictures)
        else:
            for n, picture in enumerate(pictures, start=1):
                save(folder / "frames" / f"LeftVideo{person}_comp" / f"{n:05d}.jpg", picture)


def smile(frame: int) -> int:
    """Returns the intensity of AU12 in a frame of the drawn DISFA: 0 to frame 20, then 1 to 5."""
    return max(0, (frame - 17) // 4)


def film(file: pathlib.Path, pictures: list[np.ndarray], codec: str = "mpeg4") -> None:
    """Writes a video of 20 frames a second."""
    import av

    file.parent.mkdir(parents=True, exist_ok=True)
    container = {".flv": "flv", ".avi": "avi"}.get(file.suffix.lower(), "mp4")
    with av.open(str(file), "w", format=container) as writer:
        stream = writer.add_stream("flv1" if container == "flv" else codec, rate=20)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        for picture in pictures:
            writer.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        writer.mux(stream.encode(None))


if __name__ == "__main__":
    globals()[sys.argv[1]](pathlib.Path(sys.argv[2]), *map(int, sys.argv[3:]))
