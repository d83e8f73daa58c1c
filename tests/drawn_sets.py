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
            codes = [{6: smile(n) - 1, 12: smile(n), 25: 5 if n == 28 else 0}.get(unit, 0) for n in range(1, 41)]
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


KDEF_EMOTIONS = {
    "AF": "fearful",
    "AN": "angry",
    "DI": "disgusted",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprised",
}


def kdef(folder: pathlib.Path, side: int = SIDE) -> None:
    """Two people in two sessions, seven emotions from the front and one half profile, in the set's folders."""
    for place, person in enumerate(("F01", "M35")):
        for session in "AB":
            for code, emotion in KDEF_EMOTIONS.items():
                for angle in ("S", "HL"):
                    name = f"{session}{person}"
                    save(folder / "KDEF" / name / f"{name}{code}{angle}.JPG", faces(side)[place, emotion])


MANYFACES_EMOTIONS = {
    "ang": "angry",
    "dis": "disgusted",
    "fea": "fearful",
    "hap": "happy",
    "nat": "neutral",
    "neu": "neutral",
    "sad": "sad",
    "sur": "surprised",
}


def manyfaces(folder: pathlib.Path, side: int = SIDE) -> None:
    """Two people of one laboratory, eight expressions from the front, and a neutral profile."""
    for place in range(2):
        for code, emotion in MANYFACES_EMOTIONS.items():
            for appearance in ("std", "unstd"):
                name = f"MF0004_{place + 1:04d}_{appearance}_{code}"
                save(folder / f"{name}_0.jpg", faces(side)[place, emotion])
        save(folder / f"MF0004_{place + 1:04d}_std_neu_90.jpg", faces(side)[place, "neutral"])


CK_PLUS_FACS = "   6.0000000e+00   3.0000000e+00\n   1.2000000e+01   0.0000000e+00\n  L14 2\n"


def ck_plus(folder: pathlib.Path, side: int = SIDE) -> None:
    """Two people, two sequences each of five pictures; each second one has no emotion file, as many of the set's."""
    for place, person in enumerate(("S005", "S130")):
        for sequence, emotion in (("001", "happy"), ("002", "angry")):
            name = f"{person}_{sequence}"
            for frame in range(1, 6):
                shown = "neutral" if frame < 3 else emotion
                file = folder / "cohn-kanade-images" / person / sequence / f"{name}_{frame:08d}.png"
                save(file, faces(side)[place, shown])
            labels = {"FACS": CK_PLUS_FACS} | ({"Emotion": "   5.0000000e+00\n"} if sequence == "001" else {})
            for kind, text in labels.items():
                file = folder / kind / person / sequence / f"{name}_{5:08d}_{kind.lower()}.txt"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)


CREMA_D_CLIPS = ("DFA_ANG_XX", "IEO_HAP_LO", "IEO_HAP_HI", "IEO_SAD_MD", "TIE_NEU_XX")
CLIP_FRAMES = 24


def crema_d(folder: pathlib.Path, side: int = SIDE, videos: bool = False) -> None:
    """Two actors, five clips each, in which the expression comes and goes; as videos or as extracted frames."""
    names = {"ANG": "angry", "HAP": "happy", "SAD": "sad", "NEU": "neutral"}
    for place, person in enumerate((1001, 1091)):
        for clip in CREMA_D_CLIPS:
            _clip(folder / "VideoFlash" / f"{person}_{clip}", ".flv", place, names[clip[4:7]], side, videos)
    (folder / "VideoDemographics.csv").write_text(
        "ActorID,Age,Sex,Race,Ethnicity\n1001,51,Male,Caucasian,Not Hispanic\n1091,29,Female,Asian,Not Hispanic\n"
    )


RAVDESS_CLIPS = (
    "02-01-01-01-01-01",
    "02-01-03-02-01-01",
    "01-01-03-02-01-01",
    "02-01-02-01-01-01",
    "02-02-04-01-02-01",
)


def ravdess(folder: pathlib.Path, side: int = SIDE, videos: bool = False) -> None:
    """Two actors, four performances each, one of them in both modalities and one sung."""
    for place, person in enumerate(("01", "24")):
        for clip in RAVDESS_CLIPS:
            emotion = {"01": "neutral", "02": "neutral", "03": "happy", "04": "sad"}[clip[6:8]]
            _clip(folder / f"Actor_{person}" / f"{clip}-{person}", ".mp4", place, emotion, side, videos)


def _clip(file: pathlib.Path, suffix: str, place: int, emotion: str, side: int, videos: bool) -> None:
    """The expression grows to the middle of the clip, which is brighter there, and goes again."""
    calm, shown = (faces(side)[place, name].astype(float) for name in ("neutral", emotion))
    pictures = []
    for frame in range(1, CLIP_FRAMES + 1):
        share = 1 - abs(frame - 12) / 12
        pictures.append(np.clip((calm + share * (shown - calm)) * (0.6 + 0.4 * share) + 5, 0, 255).astype(np.uint8))
    if videos:
        film(file.with_name(file.name + suffix), pictures)
    else:
        for frame, picture in enumerate(pictures, start=1):
            save(file / f"frame_{frame:03d}.png", picture)


if __name__ == "__main__":
    globals()[sys.argv[1]](pathlib.Path(sys.argv[2]), *map(int, sys.argv[3:]))
