"""Sets of which some have landmarks in one training: files, TFDS records, and none."""

import dataclasses
import shutil

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image
from support import make_tiny_config

from cdaae_jax.config import Data, Run
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import registration
from cdaae_jax.errors import UserError
from cdaae_jax.training.loop import train

SIDE = 256
MIXED = Data(manifests=("tfds:frl_london", "faces.csv"), registered=True, held_out=1)
TWO_STEPS = Run(steps=2, batch_size=8, num_devices=1, log_steps=2, grid_steps=2, checkpoint_steps=2)


@pytest.fixture
def root(faces_copy, monkeypatch):
    """A data folder with a London set of p1 and p2, whose smiles lie 16 px lower, and faces.csv without landmarks."""
    folder = faces_copy / "frl_london"
    folder.mkdir()
    points = np.random.default_rng(0).uniform(40, SIDE - 40, (registration.NUM_POINTS, 2))
    rows, names, all_points = ["file,subject,expression,age,gender,ethnicity"], [], []
    for i, subject in enumerate(("p1", "p2")):
        small = np.random.default_rng(i).integers(0, 256, (8, 8, 3), np.uint8)
        picture = np.asarray(Image.fromarray(small).resize((SIDE, SIDE)))
        for word, lower in (("neutral", 0), ("smiling", 16)):
            Image.fromarray(np.roll(picture, lower, axis=0)).save(folder / f"{subject}_{word}.jpg", quality=95)
            rows.append(f"{subject}_{word}.jpg,{subject},{word},30,female,white")
            names.append(f"{subject}_{word}")
            all_points.append(points + [0, lower])
    (folder / "metadata.csv").write_text("\n".join(rows))
    np.savez(folder / registration.FILE, names=names, mediapipe478=np.array(all_points, np.float32))
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(faces_copy / "tfds"))
    return faces_copy


def pictures(root, data=MIXED, said=None):
    """Returns the photos by set, person and expression, as a training sees them."""
    loaded = datasets.load(data, root, 32, report=[].append if said is None else said.append)
    return {
        (record.name.startswith("frl_london["), record.subject, record.expression): record.load().astype(int)
        for record in loaded.records
    }


def test_records_of_a_builder_are_registered_and_other_sets_stay_as_they_are(root):
    said = []
    plain, registered = pictures(root, dataclasses.replace(MIXED, registered=False)), pictures(root, said=said)
    assert len(plain) == 16
    for (london, subject, expression), before in plain.items():
        after = registered[london, subject, expression]
        if london and expression == "happy":
            # The smile is laid over the person's neutral photo of the London set, not over that of the other.
            neutral = registered[True, subject, "neutral"]
            assert np.abs(after - neutral)[:-16].mean() < 3 < np.abs(before - neutral)[:-16].mean()
        else:
            np.testing.assert_array_equal(after, before)
    (line,) = said
    assert "12 of 16 photos have no landmarks and are used as they are, not registered (first: " in line
    assert "faces/p1/happy/photo.png" in line


def test_which_photos_are_registered_is_part_of_what_identifies_the_data(root):
    prints = {datasets.load(MIXED, root, 32).fingerprint}
    prints.add(datasets.load(dataclasses.replace(MIXED, registered=False), root, 32).fingerprint)
    shutil.rmtree(root / "tfds")
    (root / "frl_london" / registration.FILE).rename(root / "frl_london" / "other.npz")
    write_landmarks_of_faces(root)
    prints.add(datasets.load(MIXED, root, 32).fingerprint)
    assert len(prints) == 3


def write_landmarks_of_faces(root):
    names = [path.relative_to(root).with_suffix("").as_posix() for path in sorted(root.glob("faces/*/*/photo.png"))]
    points = np.random.default_rng(0).uniform(5, 40, (len(names), registration.NUM_POINTS, 2))
    np.savez(
        root / "faces" / registration.FILE,
        names=[name.removeprefix("faces/") for name in names],
        mediapipe478=points.astype(np.float32),
    )


def test_sets_without_any_landmarks_are_refused(root):
    data = dataclasses.replace(MIXED, manifests=("faces.csv",))
    with pytest.raises(UserError, match=r"no photo of faces.csv has landmarks \(first: .*photo.png\); use photos prep"):
        datasets.load(data, root, 32)
    (root / "frl_london" / registration.FILE).unlink()  # then its records have none either
    with pytest.raises(UserError, match=r"no photo of tfds:frl_london, faces.csv has landmarks"):
        datasets.load(MIXED, root, 32)


def test_a_training_takes_both(root, tmp_path):
    config = make_tiny_config(data=MIXED, run=TWO_STEPS)
    assert int(train(config, tmp_path / "run", root).step) == 2


def test_real_smiles_and_drawn_expressions_in_one_training(london_data, tmp_path):
    if not (london_data / "frl_rig2").is_dir():
        pytest.skip("needs frl_rig2 beside frl_london")
    manifests = ("frl_london/metadata.csv?expression=neutral,smiling", "frl_rig2/emotion.csv")
    data = Data(manifests=manifests, registered=True, set_weights=(1, 1), max_people=8)
    said = []
    loaded = datasets.load(data, london_data, 32, report=said.append)
    assert len(loaded) == 160 + 936 and len(loaded.people) == 117
    assert any("936 of 1096 photos have no landmarks" in line for line in said)
    assert int(train(make_tiny_config(data=data, run=TWO_STEPS), tmp_path / "run", london_data).step) == 2
