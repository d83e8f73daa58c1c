"""Networks for a browser: nothing is left open, and they compute the same."""

import numpy as np

from cdaae_jax.faces.model_file import LANDMARKS, load_networks
from cdaae_jax.page.fixed_sizes import with_fixed_sizes


def computed(network: bytes, picture: np.ndarray) -> tuple[list[int], list[np.ndarray]]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=network)
    interpreter.allocate_tensors()
    (given,) = interpreter.get_input_details()
    interpreter.set_tensor(given["index"], picture)
    interpreter.invoke()
    made = [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]
    return given["shape_signature"].tolist(), made


def test_the_landmark_network_takes_one_picture_and_computes_the_same(face_model):
    network = load_networks(face_model)[LANDMARKS]
    picture = np.random.default_rng(0).random((1, 256, 256, 3), np.float32)
    before, expected = computed(network, picture)
    after, made = computed(with_fixed_sizes(network), picture)
    assert before == [-1, 256, 256, 3]
    assert after == [1, 256, 256, 3]
    assert all((one == other).all() for one, other in zip(expected, made, strict=True))
