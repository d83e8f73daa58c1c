"""How the bytes of TensorFlow.js become arrays."""

import numpy as np

from cdaae_jax.evaluation.tfjs_weights import decode_weights


def test_weights_are_decoded_by_their_manifest():
    quantization = {"dtype": "uint8", "scale": 0.5, "min": -1.0}
    half = {"dtype": "float16", "original_dtype": "float32"}
    manifest = [
        {
            "weights": [
                {"name": "a", "shape": [2, 2], "dtype": "float32", "quantization": quantization},
                {"name": "b", "shape": [2], "dtype": "float32"},
                {"name": "c", "shape": [1], "dtype": "float32", "quantization": quantization},
            ]
        },
        {
            "weights": [
                {"name": "d", "shape": [1, 2], "dtype": "float32", "quantization": half},
                {"name": "e", "shape": [], "dtype": "int32"},
            ]
        },
    ]
    content = bytes([0, 1, 2, 255]) + np.asarray([0.25, -3.0], "<f4").tobytes() + bytes([4])
    content += np.asarray([0.5, -2.0], "<f2").tobytes() + np.asarray([7], "<i4").tobytes()
    arrays = decode_weights(manifest, content)
    assert all(array.dtype == np.float32 for array in arrays.values())
    np.testing.assert_array_equal(arrays["a"], [[-1.0, -0.5], [0.0, 126.5]])
    np.testing.assert_array_equal(arrays["b"], [0.25, -3.0])
    np.testing.assert_array_equal(arrays["c"], [1.0])
    np.testing.assert_array_equal(arrays["d"], [[0.5, -2.0]])
    np.testing.assert_array_equal(arrays["e"], 7)
