"""How TensorFlow.js stores weights: a manifest with names, shapes and types, and all bytes in a row."""

import math

import numpy as np
from jaxtyping import Float


def decode_weights(manifest: list[dict], content: bytes) -> dict[str, Float[np.ndarray, "..."]]:
    """Arrays by name from a manifest and its bytes, all as float32.

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
