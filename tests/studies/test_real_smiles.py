"""A set of real smiles: only training people are in it, the amounts say how far they smile, what is missing is said."""

import csv

import numpy as np
import pytest
from PIL import Image

from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import mouths
from cdaae_jax.data.mouths import Mouths
from cdaae_jax.data.places import MEAN_FACE, SIDE, Places
from cdaae_jax.errors import UserError
from studies import real_smiles

PIXELS = 256
SMILES = {"001": 0.5, "002": 0.5, "003": 1.4}
WIDTH = MEAN_FACE[54, 0] - MEAN_FACE[48, 0]


def smile(share):
    """The mean face with a smile of a share of the rig's."""
    points = MEAN_FACE.copy()
    out, up = (share * WIDTH * one for one in real_smiles.FULL_SMILE)
    points[48] += [-out / 2, -up]
    points[54] += [out / 2, -up]
    return points


@pytest.fixture
def folders(tmp_path):
    """A rig of two training people and one for validation, and their photos, a person's smile moved to the right."""
    rig, data = tmp_path / "rig", tmp_path / "data"
    london = data / "frl_london"
    for folder in (rig, london / "aligned", data / "frl_rig2"):
        folder.mkdir(parents=True)
    splits = {"001": "train", "002": "validation", "003": "train"}
    table(rig / "people.csv", [{"subject": one, "split": split} for one, split in splits.items()])
    np.savez(rig / "landmarks68.npz", names=list(splits), points=SIDE * np.array([MEAN_FACE] * 3))
    drawn = []
    for person in splits:
        for expression, amount, coded in (("neutral", 1, 0), ("angry", 1, 5), ("happy", 1, 0), ("angry", 0.5, 2.5)):
            file = f"{person}_{expression}_{amount}.jpg"
            Image.new("RGB", (PIXELS, PIXELS), (90, 60, 30)).save(data / "frl_rig2" / file)
            drawn.append({"file": file, "subject": person, "expression": expression, "amount": amount, "AU4": coded})
    table(data / "frl_rig2" / "emotion.csv", drawn)
    names, dlib, mesh, rows = [], [], [], []
    random = np.random.default_rng(0)
    still = random.uniform(0.2, 0.8, (478, 2))
    for person in splits:
        for expression, share, moved in (("neutral", 0.0, 0.0), ("smiling", SMILES[person], 0.125)):
            name = f"{person}_{expression}"
            picture = np.zeros((PIXELS, PIXELS, 3), np.uint8)
            left = PIXELS // 3 + round(moved * PIXELS)
            picture[PIXELS // 3 : 2 * PIXELS // 3, left : left + PIXELS // 3] = 200
            Image.fromarray(picture).save(london / "aligned" / f"{name}.jpg", quality=98)
            rows.append({"file": f"aligned/{name}.jpg", "subject": person, "expression": expression})
            names.append(name)
            dlib.append(PIXELS * smile(share))
            mesh.append(PIXELS * (still + [moved, 0]))
    table(london / "metadata.csv", rows)
    np.savez(london / "landmarks.npz", names=names, dlib68=np.float32(dlib), mediapipe478=np.float32(mesh))
    return rig, data


def table(path, rows):
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0], restval="")
        writer.writeheader()
        writer.writerows(rows)


def test_training_people_smile_as_much_as_they_do(folders):
    rig, data = folders
    assert "2 people, whose smiles are 0.95" in real_smiles.write(rig, data, data / "real_smiles")
    found = datasets.load(Data(manifests=("real_smiles/all.csv",)), data, 32)
    assert found.people == ("smiling-001", "smiling-003")
    happy, neutral = (found.space.names.index(name) for name in ("happy", "neutral"))
    by_name = {record.key: label for record, label in zip(found.records, found.labels, strict=True)}
    np.testing.assert_allclose(by_name["001_smiling.jpg"][[happy, neutral]], 0.5, atol=0.001)
    assert by_name["001_neutral.jpg"][neutral] == 1
    mouth = Mouths(found, None)
    assert mouth.known.all()
    # The lips of these smiles are closed, and lie where the neutral ones do once the smile is laid over the photo.
    np.testing.assert_allclose(mouth.lips, [[mouths.between(MEAN_FACE)[0], 0.0]] * len(found), atol=1e-4)


def test_the_landmarks_of_a_smile_lie_over_the_neutral_photo_as_the_smile_does():
    stable = np.random.default_rng(0).uniform(-0.3, 0.3, (14, 2))
    turn = 1.05 * np.array([[np.cos(0.1), np.sin(0.1)], [-np.sin(0.1), np.cos(0.1)]])

    def moved(points):  # from the middle, in sides
        return points @ turn + [0.02, -0.05]

    photo = PIXELS * (moved(MEAN_FACE - 0.5) + 0.5)
    np.testing.assert_allclose(real_smiles.laid(photo, {False: stable, True: moved(stable)}), SIDE * MEAN_FACE)
    np.testing.assert_allclose(real_smiles.laid(photo, {False: stable, True: None}), SIDE / PIXELS * photo)


def test_a_smile_lies_over_the_neutral_photo(folders):
    rig, data = folders
    real_smiles.write(rig, data, data / "real_smiles")
    neutral, smiling = (
        np.asarray(Image.open(data / "real_smiles" / f"003_{name}.jpg"), float) for name in ("neutral", "smiling")
    )
    assert np.abs(neutral - smiling).mean() < 4
    before = np.asarray(Image.open(data / "frl_london" / "aligned" / "003_smiling.jpg"), float)
    assert np.abs(neutral - before).mean() > 15


def test_a_smile_is_as_bright_as_the_neutral_photo():
    random = np.random.default_rng(0)
    neutral = random.integers(60, 120, (64, 64, 3), np.uint8)
    smiling = np.clip(neutral * np.array([1.5, 1.0, 0.8]), 0, 255).astype(np.uint8)
    smiling[20:40, 20:40] = 250  # teeth say nothing about the light
    made = real_smiles.as_bright(smiling, neutral).astype(float)
    np.testing.assert_allclose(made[:16], neutral[:16], atol=2)
    assert made[30, 30, 0] == pytest.approx(250 / 1.5, abs=2)


def test_a_smile_becomes_what_is_drawn_of_the_same_person(folders):
    rig, data = folders
    real_smiles.write(rig, data, data / "real_smiles")
    onward = datasets.load(Data(manifests=("real_smiles/onward.csv",)), data, 32)
    assert onward.people == ("onward-001", "onward-003")
    keys = [onward.records[photo].key for photo in onward.groups()[0]]
    assert keys == ["001_smiling.jpg", "drawn_001_angry_1.jpg", "drawn_001_happy_1.jpg"]
    assert onward.records[onward.most_neutral()[0]].key == "001_smiling.jpg"
    assert Places(onward)(np.arange(len(onward)), np.zeros(len(onward), bool))[1].all()
    units = datasets.load(Data(manifests=("real_smiles/onward.csv",), label_kind="au"), data, 32)
    assert units.labels[1][units.space.names.index("AU4")] == 1.0  # of MAX_AU


def test_its_action_units_are_the_drawn_smiles_times_the_amount(folders):
    rig, data = folders
    real_smiles.write(rig, data, data / "real_smiles")
    with (data / "real_smiles" / "all.csv").open() as handle:
        rows = {row["file"]: row for row in csv.DictReader(handle)}
    assert float(rows["001_smiling.jpg"]["AU12"]) == pytest.approx(2.0, abs=0.01)
    assert float(rows["003_smiling.jpg"]["AU12"]) == 5.0  # FACS goes no farther
    assert float(rows["001_smiling.jpg"]["AU4"]) == float(rows["001_neutral.jpg"]["AU12"]) == 0


def test_a_smile_that_turns_down_is_none():
    assert real_smiles.amount(MEAN_FACE, smile(-0.4)) == 0
    assert real_smiles.amount(MEAN_FACE, smile(1.2)) == pytest.approx(1.2)
    assert real_smiles.amount(3 * MEAN_FACE, 3 * smile(0.7)) == pytest.approx(0.7)


def test_what_is_missing_is_said(folders):
    rig, data = folders
    (rig / "landmarks68.npz").rename(rig / "kept.npz")
    with pytest.raises(UserError, match=r"has no landmarks68\.npz"):
        real_smiles.write(rig, data, data / "real_smiles")
    (rig / "kept.npz").rename(rig / "landmarks68.npz")
    table(rig / "people.csv", [{"subject": "002", "split": "train-not"}])
    with pytest.raises(UserError, match="nobody in .* is a training person"):
        real_smiles.write(rig, data, data / "real_smiles")
