"""People between two people: shape and skin as asked, and nobody mixed who is kept for judging."""

import csv

import numpy as np
import pytest
from PIL import Image

from cdaae_jax.errors import UserError
from studies import mixed_people
from studies.mixed_people import Face, mixed

SIDE = 96


def face(grey, width=1.0):
    """A grey portrait with a white square at its first landmark."""
    random = np.random.default_rng(0)
    points = 0.5 * SIDE + (random.uniform(-0.3, 0.3, (68, 2)) * SIDE) * [width, 1.0]
    picture = np.full((SIDE, SIDE, 3), grey, np.uint8)
    x, y = np.round(points[0]).astype(int)
    picture[y - 4 : y + 5, x - 4 : x + 5] = 255
    return Face(picture, points)


def middle_of_the_square(picture):
    rows, columns = np.nonzero(picture[..., 0] > 200)
    return np.array([columns.mean(), rows.mean()])


def test_a_face_mixed_with_itself_is_itself():
    one = face(100)
    made = mixed(one, one, shape_share=0.7, skin_share=0.5)
    assert np.abs(made.points - one.points).max() < 1e-6
    assert np.abs(made.picture.astype(int) - one.picture)[2:-2, 2:-2].mean() < 1


def test_shape_and_skin_are_mixed_each_by_its_own_share():
    first, second = face(60), face(120, width=0.8)
    same_skin = mixed(first, second, shape_share=1.0, skin_share=0.0)
    assert np.abs(same_skin.points - first.points).max() > 2  # wider than tall, which no similarity makes up for
    assert np.median(same_skin.picture) == 60
    assert np.abs(middle_of_the_square(same_skin.picture) - same_skin.points[0]).max() < 1.5
    both = mixed(first, second, shape_share=0.0, skin_share=0.5)
    assert np.abs(both.points - first.points).max() < 1e-6
    assert np.median(both.picture) == 90


def a_rig(folder, splits=("train", "train", "validation", "test")):
    (folder / "portraits").mkdir(parents=True)
    rows = ["subject,file,gender,age,split"]
    faces = [face(60 + 20 * i, 1 - 0.1 * i) for i in range(len(splits))]
    for i, (one, split) in enumerate(zip(faces, splits, strict=True)):
        Image.fromarray(one.picture).save(folder / f"portraits/p{i}.png")
        rows.append(f"p{i},portraits/p{i}.png,female,{20 + i},{split}")
    (folder / "people.csv").write_text("\n".join(rows) + "\n")
    np.savez(folder / "landmarks68.npz", names=[f"p{i}" for i in range(len(splits))], points=[f.points for f in faces])
    return folder


def test_a_rig_of_mixed_people_is_written_and_only_training_people_are_in_it(tmp_path):
    arguments = [f"--rig={a_rig(tmp_path / 'rig')}", "--people=3", f"--output={tmp_path / 'more'}"]
    mixed_people.main(arguments)
    with (tmp_path / "more" / "people.csv").open(newline="") as listed:
        people = list(csv.DictReader(listed))
    assert [one["subject"] for one in people] == ["m000", "m001", "m002"]
    assert {one["split"] for one in people} == {"train"} and {one["age"] for one in people} == {"20.5"}
    assert {parent for one in people for parent in one["parents"].split()} == {"p0", "p1"}
    with np.load(tmp_path / "more" / "landmarks68.npz") as known:
        assert list(known["names"]) == ["m000", "m001", "m002"] and known["points"].shape == (3, 68, 2)
    for one in people:
        with Image.open(tmp_path / "more" / one["file"]) as portrait:
            assert portrait.size == (SIDE, SIDE)
    first = (tmp_path / "more" / people[2]["file"]).read_bytes()
    mixed_people.main(arguments)
    assert (tmp_path / "more" / people[2]["file"]).read_bytes() == first


def test_what_is_no_rig_is_said(tmp_path):
    with pytest.raises(UserError, match="has no landmarks68.npz; --rig is the folder of a rig"):
        mixed_people.main([f"--rig={tmp_path}", f"--output={tmp_path / 'more'}"])
    rig = a_rig(tmp_path / "rig", ("train", "test"))
    with pytest.raises(UserError, match="names no two people of a gender whose split is train"):
        mixed_people.main([f"--rig={rig}", f"--output={tmp_path / 'more'}"])
    kept = (rig / "people.csv").read_bytes()
    with pytest.raises(UserError, match="is the rig itself, whose list would be lost"):
        mixed_people.main([f"--rig={rig}", f"--output={rig}/."])
    with pytest.raises(UserError, match="--people=0; allowed: 1 or more"):
        mixed_people.main([f"--rig={rig}", f"--output={tmp_path / 'more'}", "--people=0"])
    whole = a_rig(tmp_path / "whole")
    (whole / "portraits/p1.png").unlink()
    with pytest.raises(UserError, match=r"has no portraits/p1\.png, which people\.csv names"):
        mixed_people.main([f"--rig={whole}", f"--output={tmp_path / 'more'}"])
    assert not (tmp_path / "more").exists() and (rig / "people.csv").read_bytes() == kept
