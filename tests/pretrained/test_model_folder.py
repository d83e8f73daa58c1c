"""A model's folder when something about it is wrong: one line each, and an export of another kind is not opened."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from cdaae_jax import Sampler, UserError
from cdaae_jax.exporting import trial
from cdaae_jax.pretrained import model_folder


@pytest.fixture
def spoiled(exported, tmp_path):
    """A copy that a test may spoil, at another place and under another name."""
    return shutil.copytree(exported, tmp_path / "moved")


def change(folder, **values):
    file = folder / model_folder.META
    meta = json.loads(file.read_text()) | values
    file.write_text(json.dumps({name: value for name, value in meta.items() if value is not None}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": 9}, r"moved is of format 9, and this version reads 1: use cdaae_jax 0\.2"),
        ({"format": None}, "meta.json is not from cdaae-export"),
        ({"kind": "onnx"}, "moved holds a onnx export, which other programs run"),
        ({"labels": {"kind": "emotion", "names": ["neutral", "happy", "sad"]}}, "moved holds another structure"),
    ],
)
def test_what_meta_says_is_checked(spoiled, values, message):
    change(spoiled, **values)
    with pytest.raises(UserError, match=message):
        Sampler.from_checkpoint(spoiled)


def test_missing_and_damaged_files_are_named(spoiled):
    (spoiled / model_folder.META).write_text("{")
    with pytest.raises(UserError, match="meta.json is damaged"):
        Sampler.from_checkpoint(spoiled)
    (spoiled / model_folder.META).unlink()
    with pytest.raises(UserError, match="cannot read .*meta.json: No such file"):
        Sampler.from_checkpoint(spoiled)


def test_an_export_outlives_other_data_fields_of_later_versions(spoiled):
    config = json.loads((spoiled / model_folder.META).read_text())["config"]
    config["data"]["something_new"] = 1
    change(spoiled, config=config)
    assert Sampler.from_checkpoint(spoiled).image_size == 32


def test_editing_with_an_export_imports_neither_orbax_nor_what_training_needs(exported, tmp_path):
    script = (
        "import sys, numpy as np, cdaae_jax\n"
        f"sampler = cdaae_jax.Sampler.from_checkpoint({str(exported)!r})\n"
        "np.save('edited.npy', sampler.edit(np.zeros((32, 32, 3), np.uint8), 'happy'))\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'orbax', 'optax', 'tensorflow_datasets'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "[]\n", done.stdout + done.stderr
    here = Sampler.from_checkpoint(exported).edit(np.zeros((32, 32, 3), np.uint8), "happy")
    assert trial.grey_levels_apart(np.load(tmp_path / "edited.npy"), here) <= 1
