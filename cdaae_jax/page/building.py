"""The page as one folder of static files, with which a browser computes faces and changes itself."""

import hashlib
import json
import pathlib
import shutil

from cdaae_jax import files
from cdaae_jax.errors import UserError
from cdaae_jax.exporting import onnx_file, programs
from cdaae_jax.faces.model_file import DETECTOR, LANDMARKS, find_face_model, load_networks
from cdaae_jax.page import site
from cdaae_jax.page.fixed_sizes import with_fixed_sizes
from cdaae_jax.page.settings import FILE, SHIPPED, settings
from cdaae_jax.sampling import Sampler

# What the page loads of the packages that web/package-lock.json pins, and its name there.
VENDORED = {
    "onnxruntime-web/dist/ort.wasm.min.mjs": "ort.wasm.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.mjs": "ort-wasm-simd-threaded.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm": "ort-wasm-simd-threaded.wasm",
    "@litertjs/core/dist/index.js": "litert.js",
    "@litertjs/core/wasm/litert_wasm_internal.js": "litert_wasm_internal.js",
    "@litertjs/core/wasm/litert_wasm_internal.wasm": "litert_wasm_internal.wasm",
    # The same for browsers without relaxed SIMD; what it computes differs in the last digits.
    "@litertjs/core/wasm/litert_wasm_compat_internal.js": "litert_wasm_compat_internal.js",
    "@litertjs/core/wasm/litert_wasm_compat_internal.wasm": "litert_wasm_compat_internal.wasm",
    "@litertjs/wasm-utils/dist/index.js": "wasm_utils.js",
    # 27 MB for browsers that have a graphics card; nobody else asks for them.
    "onnxruntime-web/dist/ort.webgpu.min.mjs": "card/ort.webgpu.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.mjs": "card/ort-wasm-simd-threaded.asyncify.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm": "card/ort-wasm-simd-threaded.asyncify.wasm",
}
# A browser looks up no packages by name.
_IMPORT, _IMPORT_HERE = b'from "@litertjs/wasm-utils"', b'from "./wasm_utils.js"'
_SCRIPTS = ("service_worker.js", "_internal.js")  # are no modules
_CARD = ("graphics_card.js", "graphics_card_worker.js", "worker_calls.js")  # are asked for where there is one
_FETCHED = (FILE, "vendor/ort-wasm-simd-threaded.wasm", f"models/{SHIPPED[0]}{onnx_file.ENDING}")
LIST = "files.json"  # what the service worker keeps for everybody


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
    networks = load_networks(find_face_model())
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(site.STATIC, output)
    for folder in ("models", "vendor/card"):
        (output / folder).mkdir(parents=True)
    for source, name in VENDORED.items():
        content = (packages / source).read_bytes().replace(_IMPORT, _IMPORT_HERE)
        files.write_bytes(output / "vendor" / name, content)
    for name in (DETECTOR, LANDMARKS):
        files.write_bytes(output / "vendor" / name, with_fixed_sizes(networks[name]))
    shutil.copy(site.sample(), output / site.SAMPLE)
    samplers = {name: Sampler.from_pretrained(name) for name in SHIPPED}
    for name, sampler in samplers.items():
        change, _ = programs.of_sampler(sampler, sampler.image_size)
        file = output / "models" / f"{name}{onnx_file.ENDING}"
        onnx_file.write(file, change)
        onnx_file.optimise(file)
    index = output / "index.html"
    files.write_bytes(index, index.read_bytes().replace(b"</head>", f"{_early(output)}</head>".encode()))
    known = settings(samplers, "browser") | {"version": _version(output)}
    files.write_bytes(output / FILE, json.dumps(known).encode())
    files.write_bytes(output / LIST, json.dumps(["./", *_for_everybody(output)]).encode())


def _early(folder: pathlib.Path) -> str:
    """Returns links that make a browser ask at once for what else one file after the other would ask for."""
    scripts = [name for name in _for_everybody(folder) if name.endswith((".js", ".mjs"))]
    modules = [name for name in scripts if not name.endswith(_SCRIPTS + _CARD)]
    links = [f'  <link rel="modulepreload" href="{name}">\n' for name in modules]
    return "".join(links + [f'  <link rel="preload" as="fetch" href="{name}" crossorigin>\n' for name in _FETCHED])


def _for_everybody(folder: pathlib.Path) -> list[str]:
    return [name for name in _files(folder) if not name.startswith("vendor/card/")]


def _files(folder: pathlib.Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _version(folder: pathlib.Path) -> str:
    """Returns a word that differs where any file does."""
    digest = hashlib.sha256()
    for name in _files(folder):
        digest.update(name.encode() + (folder / name).read_bytes())
    return digest.hexdigest()[:16]
