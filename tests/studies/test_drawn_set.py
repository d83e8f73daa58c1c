"""A set of drawn faces: what is in its manifest can be trained on, and what is missing is said."""

import csv

import numpy as np
import pytest
from PIL import Image

from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data.places import MEAN_FACE, SIDE, Places
from cdaae_jax.errors import UserError
from studies import drawn_set


@pytest.fixture
def rig(tmp_path):
    """A rig's folder with three people, of whom two were drawn, in two parts."""
    folder, drawn = tmp_path / "rig", tmp_path / "data" / "drawn"
    (folder / "portraits").mkdir(parents=True)
    (drawn / "emotion").mkdir(parents=True)
    people = {"a": "train", "b": "validation", "c": "train"}
    table(folder / "people.csv", [{"subject": s, "file": f"portraits/{s}.jpg", "split": p} for s, p in people.items()])
    np.savez(folder / "landmarks68.npz", names=list(people), points=SIDE * np.array([MEAN_FACE] * 3))
    for person in people:
        Image.new("RGB", (64, 64), "grey").save(folder / f"portraits/{person}.jpg")
    for part, person in enumerate("ab"):
        rows = [
            {
                "file": f"emotion/{person}_{name}.jpg",
                "subject": person,
                "expression": name,
                "amount": "0.5",
                "AU12": "2",
            }
            for name in ("happy", "never_drawn")
        ]
        Image.new("RGB", (32, 32), "white").save(drawn / rows[0]["file"])
        table(drawn / f"emotion_{part}.csv", rows)
    return folder


def table(path, rows):
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_the_set_has_all_that_a_training_asks_for(rig):
    data = rig.parent / "data"
    assert "2 people, 2 drawn pictures of 32 px" in drawn_set.write(rig, data / "drawn")
    config = Data(manifests=("drawn/all.csv",))
    found = datasets.load(config, data, 32)
    assert sorted(record.key for record in found.records) == [
        "emotion/a_happy.jpg",
        "emotion/b_happy.jpg",
        "neutral/a.jpg",
        "neutral/b.jpg",
    ]
    assert {record.subject: record.split for record in found.records} == {"a": "train", "b": "validation"}
    assert {record.amount for record in found.records if record.expression == "happy"} == {0.5}
    assert {record.load().shape for record in found.records} == {(32, 32, 3)}
    assert Places(found).table.shape[0] == 2


def test_what_is_missing_is_said(rig):
    with pytest.raises(UserError, match=r"lists no picture of the people of .*; draw them with the rig's --output="):
        drawn_set.write(rig, rig.parent)
    (rig / "landmarks68.npz").unlink()
    with pytest.raises(UserError, match="has no landmarks68.npz; --rig is the folder of a rig"):
        drawn_set.write(rig, rig.parent / "data" / "drawn")
