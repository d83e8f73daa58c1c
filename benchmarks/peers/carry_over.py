"""Weights from the Flax parameter trees into the PyTorch networks, and pictures from NHWC to NCHW."""

import numpy as np
import torch
from torch import nn

from benchmarks.peers.torch_networks import Networks, heads, is_mirrored
from cdaae_jax.config import Model
from cdaae_jax.models.encoder import SMALLEST

# Dense layers next to a flattened picture, whose entries lie in another order: (which side, height and width).
_NEXT_TO_PICTURES = {
    "generator/encoder/latent": "inputs",
    "generator/decoder/dense": "outputs",
    "image_discriminator/dense": "inputs",
}


def load(networks: Networks, model: Model, params: dict, batch_stats: dict) -> None:
    """Copies the parameters and running statistics of `TrainState.params` and `.batch_stats` into `networks`.

    Raises:
      KeyError: a PyTorch parameter without a counterpart.
      ValueError: a Flax parameter that was not used.
    """
    for name, network in networks._asdict().items():
        converted = _convert(params[name], batch_stats.get(name, {}), name, model, network)
        missing = [key for key in network.state_dict() if key not in converted and "num_batches" not in key]
        if missing:
            raise KeyError(f"no weights for {name}.{missing[0]}")
        network.load_state_dict(converted, strict=False)
        if unused := converted.keys() - network.state_dict().keys():
            raise ValueError(f"{name} has no place for the weights {sorted(unused)}")


def to_torch(pictures: np.ndarray, model: Model) -> torch.Tensor:
    """Returns pictures [n, h, w, c] as the networks take them: [n, c, h, w], mirrored for odd kernels."""
    if is_mirrored(model.kernel_size):
        pictures = pictures[:, ::-1, ::-1]
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))


def from_torch(pictures: torch.Tensor, model: Model) -> np.ndarray:
    """Undoes `to_torch`."""
    array = pictures.detach().cpu().numpy().transpose(0, 2, 3, 1)
    return array[:, ::-1, ::-1] if is_mirrored(model.kernel_size) else array


def _convert(params: dict, stats: dict, path: str, model: Model, network: nn.Module) -> dict[str, torch.Tensor]:
    tensors = {}
    if path == "generator/decoder" and model.name == "cdaae":
        tensors |= _heads(params, model)
        params = {name: value for name, value in params.items() if name not in heads(model)}
    for name, value in params.items():
        inner = stats.get(name, {})
        if name == "batch_norm":  # flax nests it in the module that chooses the kind; torch has no such level
            tensors |= {"weight": value["scale"], "bias": value["bias"]}
            tensors |= {"running_mean": inner["mean"], "running_var": inner["var"]}
        elif isinstance(value, dict):
            below = _convert(value, inner, f"{path}/{name}", model, network)
            tensors |= {f"{name}.{key}": tensor for key, tensor in below.items()}
        else:
            tensors["weight" if name == "kernel" else name] = _leaf(np.asarray(value), path, name, model)
    return {
        key: value if isinstance(value, torch.Tensor) else torch.tensor(np.ascontiguousarray(value))
        for key, value in tensors.items()
    }


def _heads(params: dict, model: Model) -> dict[str, torch.Tensor]:
    """Returns the one convolution that makes all maps of a change."""
    tensors = {}
    for name in ("kernel", "bias"):
        parts = []
        for head, (block, _) in heads(model).items():
            # Ours puts a block's colours side by side, `pixel_shuffle` the block's pixels.
            part = np.asarray(params[head][name])
            pixels = part.reshape(*part.shape[:-1], block * block, -1)
            parts.append(np.swapaxes(pixels, -1, -2).reshape(part.shape))
        joined = np.concatenate(parts, axis=-1)
        tensors[f"heads.{'weight' if name == 'kernel' else name}"] = torch.from_numpy(
            joined.transpose(3, 2, 0, 1).copy() if name == "kernel" else joined
        )
    return tensors


def _leaf(array: np.ndarray, path: str, name: str, model: Model) -> np.ndarray:
    side = _NEXT_TO_PICTURES.get(path)
    if name == "kernel" and array.ndim == 4:
        # HWIO to OIHW. A transposed convolution's kernel is that of the convolution it transposes, so its "inputs" are
        # its output channels: the same exchange gives [in, out, k, k], which is what nn.ConvTranspose2d stores.
        return _mirror(array, model).transpose(3, 2, 0, 1)
    if name == "kernel":
        if side == "inputs":
            array = _channels_first(array, 0, path, model)
        elif side == "outputs":
            array = _channels_first(array, 1, path, model)
        return array.T
    return _channels_first(array, 0, path, model) if side == "outputs" else array


def _channels_first(array: np.ndarray, axis: int, path: str, model: Model) -> np.ndarray:
    """Reorders one axis from height-width-channels to channels-height-width."""
    pixels = model.image_size // 16 if path.startswith("image_discriminator") else SMALLEST
    array = np.moveaxis(array, axis, 0)
    pictures = _mirror(array.reshape(pixels, pixels, -1, *array.shape[1:]), model)
    return np.moveaxis(np.moveaxis(pictures, 2, 0).reshape(array.shape), 0, axis)


def _mirror(array: np.ndarray, model: Model) -> np.ndarray:
    return array[::-1, ::-1] if is_mirrored(model.kernel_size) else array
