"""Weights on disk: what comes back, and what is said of a file that is not the one that was written."""

import hashlib
import os

import numpy as np
import pytest
import safetensors.numpy

from cdaae_jax import UserError
from cdaae_jax.pretrained import weights

KERNEL = np.linspace(-2, 2, weights.SMALL, dtype=np.float32).reshape(8, -1)
SCALE = np.array(0.1, np.float32)
PARAMS = {"encoder": {"dense": {"kernel": KERNEL}}, "scale": SCALE, "atlas": {"flow": KERNEL, "light": KERNEL}}


@pytest.mark.parametrize(("dtype", "rounded"), [("float32", np.float32), ("float16", np.float16)])
def test_weights_come_back_as_float32_rounded_only_by_what_they_are_stored_as(tmp_path, dtype, rounded):
    sha256 = weights.write(tmp_path / "w", PARAMS, dtype)
    read = weights.read(tmp_path / "w", sha256)
    assert read.keys() == PARAMS.keys() and read["encoder"].keys() == {"dense"}
    # What is small stays as it is, and so does what skin is searched by.
    for theirs, ours, kept in (
        (read["encoder"]["dense"]["kernel"], KERNEL, rounded),
        (read["atlas"]["light"], KERNEL, rounded),
        (read["atlas"]["flow"], KERNEL, np.float32),
        (read["scale"], SCALE, np.float32),
    ):
        assert theirs.dtype == np.float32 and theirs.shape == ours.shape
        np.testing.assert_array_equal(theirs, ours.astype(kept).astype(np.float32))


def test_other_people_can_read_the_file(tmp_path):
    weights.write(tmp_path / "w", PARAMS, "float16")
    (tmp_path / "plain").touch()
    assert os.stat(tmp_path / "w").st_mode == os.stat(tmp_path / "plain").st_mode


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_file_is_named_in_one_line(tmp_path, damage):
    sha256 = weights.write(tmp_path / "w", PARAMS, "float32")
    content = bytearray((tmp_path / "w").read_bytes())
    content[-1] ^= 1
    spoiled = {"cut": content[:-3], "flipped": content, "empty": b""}[damage]
    (tmp_path / "w").write_bytes(spoiled)
    with pytest.raises(UserError, match=r"/w is damaged: its SHA-256 .* was written; restore the file") as raised:
        weights.read(tmp_path / "w", sha256)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "HeaderTooSmall|header too small"),
        (b"\xff" * 64, "too large"),
        (safetensors.numpy.save({"a": np.zeros(2), "a.b": np.zeros(2)}), "within an array|twice"),
    ],
)
def test_a_file_whose_check_sum_is_right_may_still_hold_no_weights(tmp_path, content, reason):
    file = tmp_path / "model.safetensors"
    file.write_bytes(content)
    with pytest.raises(UserError, match=f"holds no weights that can be read .*({reason})"):
        weights.read(file, hashlib.sha256(content).hexdigest())


def test_a_missing_file_is_not_called_damaged(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*/w: No such file or directory"):
        weights.read(tmp_path / "w", "00")
