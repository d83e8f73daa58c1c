"""The weights of the judges: fetched, checked against known checksums, decoded and loaded.

They are those of the npm package `@vladmandic/face-api` 1.7.15 (MIT licence). `cdaae_jax.evaluation.judges` has
the networks that they belong to.
"""

import json
import os
import pathlib

import jax.numpy as jnp
from jaxtyping import Array, Float

from cdaae_jax.evaluation.faceres_weights import fetch_faceres
from cdaae_jax.evaluation.landmark_weights import fetch_landmarker
from cdaae_jax.evaluation.npm_files import fetch_files, read_intact
from cdaae_jax.evaluation.perceptual_weights import fetch_perceptual
from cdaae_jax.evaluation.pip_files import PackagedFile
from cdaae_jax.evaluation.tfjs_weights import decode_weights

PACKAGE = "@vladmandic/face-api@1.7.15"
EXPRESSION_NETWORK = "face_expression_model"
IDENTITY_NETWORK = "face_recognition_model"
MANIFEST_SUFFIX = "-weights_manifest.json"
# SHA256 of the four files used. The manifests count too: they hold the scales that make bytes weights.
CHECKSUMS = {
    EXPRESSION_NETWORK + ".bin": "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d",
    EXPRESSION_NETWORK + MANIFEST_SUFFIX: "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8",
    IDENTITY_NETWORK + ".bin": "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
    IDENTITY_NETWORK + MANIFEST_SUFFIX: "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
}


def fetch_judges(folder: str | os.PathLike) -> pathlib.Path:
    """Makes `folder` hold the checked weights of every judge (86 MB), and returns its path.

    First the files of face-api and of FaceRes, with npm, then the face landmarker and LPIPS, with pip; who has no npm
    gets those alone from `landmark_weights.fetch_landmarker` and `perceptual_weights.fetch_perceptual`. Takes only
    these files out of the packages; no network's code is run. Files that are there and intact stay; if all are,
    neither program is needed. A file gets its name only when it is complete and checked. Raises UserError where a
    program is missing, fails, or delivers something else.
    """
    folder = pathlib.Path(folder)
    files = [PackagedFile(f"package/model/{name}", name, checksum) for name, checksum in CHECKSUMS.items()]
    fetch_files(folder, PACKAGE, files)
    fetch_faceres(folder)
    fetch_landmarker(folder)
    fetch_perceptual(folder)
    return folder


def load_weights(folder: str | os.PathLike, network: str) -> dict[str, Float[Array, "..."]]:
    """The weights of one network by their manifest names ("dense0/conv0/filters"), float32, kernels as HWIO.

    `network` is EXPRESSION_NETWORK or IDENTITY_NETWORK. Raises UserError where a file is missing or damaged.
    """
    content, manifest = (
        read_intact(pathlib.Path(folder) / name, CHECKSUMS[name], PACKAGE, f"{__name__}.fetch_judges")
        for name in (network + ".bin", network + MANIFEST_SUFFIX)
    )
    return {name: jnp.asarray(value) for name, value in decode_weights(json.loads(manifest), content).items()}
