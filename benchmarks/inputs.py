"""Weights and pictures that every peer starts from; numpy only, so that each peer's process reads the same ones."""

import pathlib

import numpy as np

from benchmarks.settings import NUM_LABELS, Settings

Tree = dict


def make_weights(shapes: Tree, seed: int = 0) -> Tree:
    """Returns numpy arrays of these shapes: kernels with the variance that keeps activations alive, statistics as new.

    The networks' own initialisation is not used, as it starts the difference at zero, where much would be unseen.

    Args:
      shapes: a tree of anything with a `shape`; leaves are told apart by their names.
      seed: of the random numbers.
    """
    random = np.random.default_rng(seed)

    def fill(tree: Tree, layer: str) -> Tree:
        return {
            name: fill(leaf, name) if isinstance(leaf, dict) else make(layer, name, leaf.shape)
            for name, leaf in tree.items()
        }

    def make(layer: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
        if name in ("scale", "var"):
            return np.ones(shape, np.float32)
        if name in ("bias", "mean"):
            return random.normal(scale=0.02, size=shape).astype(np.float32)
        # A transposed convolution reads its kernel's last axis, and a quarter of its taps meet in each output pixel.
        variance = 8.0 / np.prod([*shape[:2], shape[3]]) if layer.startswith("up_") else 2.0 / np.prod(shape[:-1])
        if layer == "flow":
            variance *= 1e-4  # a trained one fetches pixels from near by, and neighbours from the same place
        return (random.normal(size=shape) * np.sqrt(variance)).astype(np.float32)

    return fill(shapes, "")


def make_batch(settings: Settings, seed: int = 0) -> dict[str, np.ndarray]:
    """Returns random pictures and one-hot labels, see `cdaae_jax.data.pairs.Batch`."""
    random = np.random.default_rng(seed)
    shape = (settings.batch_size, settings.side, settings.side, 3)
    return {
        "source": random.integers(1, 255, shape, np.uint8),
        "target": random.integers(1, 255, shape, np.uint8),
        "label": np.eye(NUM_LABELS, dtype=np.float32)[random.integers(0, NUM_LABELS, settings.batch_size)],
    }


def save(path: pathlib.Path, tree: Tree) -> None:
    """Writes a tree of arrays as one .npz file."""
    np.savez(path, **_flatten(tree))


def load(path: pathlib.Path) -> Tree:
    """Reads what `save` wrote."""
    tree: Tree = {}
    with np.load(path) as arrays:
        for name, array in arrays.items():
            *folders, leaf = name.split("/")
            inner = tree
            for folder in folders:
                inner = inner.setdefault(folder, {})
            inner[leaf] = array
    return tree


def _flatten(tree: Tree, prefix: str = "") -> dict[str, np.ndarray]:
    flat = {}
    for name, leaf in tree.items():
        flat |= _flatten(leaf, f"{prefix}{name}/") if isinstance(leaf, dict) else {prefix + name: leaf}
    return flat


def fingerprint(pictures: np.ndarray) -> dict[str, float]:
    """Returns the mean of pictures uint8 [n, h, w, 3], and a weighted one that tells places and channels apart."""
    place = np.random.default_rng(0).uniform(0.0, 2.0, pictures.shape[1:])
    return {"mean": float(pictures.mean()), "weighted_mean": float((pictures * place).mean())}
