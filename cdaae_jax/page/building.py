"""The page as one folder of static files, with which a browser computes faces and changes itself."""

import hashlib
import json
import pathlib
import shutil

from cdaae_jax import files
from cdaae_jax.errors import UserError
from cdaae_jax.exporting import onnx_file, programs
from cdaae_jax.faces.model_file import find_face_model
from cdaae_jax.page import site
from cdaae_jax.page.settings import FILE, SHIPPED, settings
from cdaae_jax.sampling import Sampler

# What the page loads of the packages that web/package-lock.json pins.
VENDORED = (
    "onnxruntime-web/dist/ort.wasm.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
    "@mediapipe/tasks-vision/vision_bundle.mjs",
    "@mediapipe/tasks-vision/wasm/vision_wasm_internal.js",
    "@mediapipe/tasks-vision/wasm/vision_wasm_internal.wasm",
)
LIST = "files.json"  # what the service worker keeps


def build(packages: pathlib.Path, output: pathlib.Path) -> None:
    """Writes the folder; an earlier one is replaced.

    Args:
      packages: the folder `node_modules` that npm filled.
      output: the folder to make.

    Raises:
      UserError: `output` holds something else; a package, the converter to ONNX or the landmarker is missing.
    """
    missing = [name for name in VENDORED if not (packages / name).is_file()]
    if missing:
        raise UserError(f"{packages} lacks {missing[0]}; run `npm ci` in web/, or `make web`, which does")
    if output.exists() and not (output / LIST).is_file():
        raise UserError(f"{output} holds something else than a page; give another folder")
    landmarker = find_face_model()
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(site.STATIC, output)
    for folder in ("models", "vendor"):
        (output / folder).mkdir()
    for source in (*(packages / name for name in VENDORED), landmarker):
        shutil.copy(source, output / "vendor" / source.name)
    shutil.copy(site.sample(), output / site.SAMPLE)
    samplers = {name: Sampler.from_pretrained(name) for name in SHIPPED}
    for name, sampler in samplers.items():
        change, _ = programs.of_sampler(sampler, sampler.image_size)
        onnx_file.write(output / "models" / f"{name}{onnx_file.ENDING}", change)
    known = settings(samplers, "browser") | {"version": _version(output)}
    files.write_bytes(output / FILE, json.dumps(known).encode())
    files.write_bytes(output / LIST, json.dumps(["./", *_files(output)]).encode())


def _files(folder: pathlib.Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _version(folder: pathlib.Path) -> str:
    """Returns a word that differs where any file does."""
    digest = hashlib.sha256()
    for name in _files(folder):
        digest.update(name.encode() + (folder / name).read_bytes())
    return digest.hexdigest()[:16]
