"""Data sets: labels, who is left out and how it is said, and the split by person."""

import csv
import dataclasses
import logging
import os
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import folder
from cdaae_jax.errors import UserError

EMOTIONS = Data(manifests=("faces.csv",), held_out=1)
UNITS = Data(manifests=("faces.csv",), label_kind="au", held_out=1)


def load(root, data=EMOTIONS, image_size=32, **changes):
    return datasets.load(dataclasses.replace(data, **changes), root, image_size)


@pytest.fixture
def root(faces_manifest):
    return faces_manifest.parent


@pytest.fixture
def said(caplog):
    """What the package logs while data is read."""
    caplog.set_level(logging.INFO, logger="cdaae_jax")
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("manifest", ["faces.csv", "faces"])
def test_photos_come_sorted_by_person_with_their_labels(root, manifest, said):
    dataset = load(root, manifests=(manifest,))
    assert len(dataset) == 12
    assert dataset.people == ("p1", "p2", "p3", "p4")
    assert dataset.space.kind == "emotion" and dataset.space.names == ("neutral", "happy", "surprised")
    np.testing.assert_array_equal(dataset.person, np.repeat(np.arange(4), 3))
    for record, label, person in zip(dataset.records, dataset.labels, dataset.person, strict=True):
        assert record.subject == dataset.people[person]
        assert dataset.space.describe(label) == f"{record.expression}=1"
    assert dataset.groups() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert dataset.labels.dtype == np.float32
    assert said() == []


def test_action_units_are_divided_by_five(root):
    dataset = load(root, UNITS)
    assert dataset.space.kind == "au" and dataset.space.names == ("AU1", "AU6", "AU12")
    labels = {record.expression: label for record, label in zip(dataset.records, dataset.labels, strict=True)}
    np.testing.assert_allclose(labels["neutral"], [0, 0, 0])
    np.testing.assert_allclose(labels["happy"], [0, 0.6, 0.9])
    np.testing.assert_allclose(labels["surprised"], [1, 0, 0])


def test_label_names_choose_and_order_the_labels(root, said):
    dataset = load(root, label_names=("Smiling", "neutral"))
    assert dataset.space.names == ("happy", "neutral")
    assert len(dataset) == 8
    assert {record.expression for record in dataset.records} == {"happy", "neutral"}
    (line,) = said()
    assert "skipped 4: photo of an expression that is not among happy, neutral (first: " in line
    assert load(root, UNITS, label_names=("au12", "AU6")).space.names == ("AU12", "AU6")


def test_expressions_of_ones_own_come_after_the_known_ones(faces_copy):
    for person in ("p1", "p2"):
        (faces_copy / "faces" / person / "happy").rename(faces_copy / "faces" / person / "bored")
    dataset = load(faces_copy, manifests=("faces",))
    assert dataset.space.names == ("neutral", "happy", "surprised", "bored")


@pytest.mark.parametrize(
    ("data", "names", "message"),
    [
        (EMOTIONS, ("neutral", "hapy"), "label_names holds 'hapy', which no photo has; the data has happy, "),
        (EMOTIONS, ("AU12",), "label_names holds 'au12', which no photo has"),
        (UNITS, ("AU1", "AU2"), "label_names holds 'AU2', which no photo has; the data has AU1"),
        (EMOTIONS, ("happy", "smile"), "must be at least one and all different"),
    ],
)
def test_label_names_that_the_data_does_not_have_are_refused(root, data, names, message):
    with pytest.raises(UserError, match=message):
        load(root, data, label_names=names)


def test_people_with_one_expression_only_are_left_out_and_said(faces_copy, said):
    for subject, expression in (("p2", "happy"), ("p2", "surprised"), ("p4", "neutral"), ("p4", "happy")):
        shutil.rmtree(faces_copy / "faces" / subject / expression)
    # A second photo of the same expression makes nobody more varied.
    shutil.copy(faces_copy / "faces/p4/surprised/photo.png", faces_copy / "faces/p4/surprised/again.png")
    dataset = load(faces_copy, manifests=("faces",))
    assert dataset.people == ("p1", "p3") and len(dataset) == 6
    assert said() == ["skipped 2: person with one expression only (first: p2)"]


def test_people_with_one_action_unit_vector_only_are_left_out(faces_copy, said):
    text = (faces_copy / "faces.csv").read_text().splitlines()
    text = [line.rsplit(",", 3)[0] + ",1,1,1" if ",p3," in line else line for line in text]
    (faces_copy / "faces.csv").write_text("\n".join(text))
    assert load(faces_copy, UNITS).people == ("p1", "p2", "p4")
    assert said() == ["skipped 1: person with one AU vector only (first: p3)"]


def test_pictures_that_cannot_be_used_are_left_out_and_said(faces_copy, said):
    (faces_copy / "faces/p1/happy/photo.png").write_bytes(b"not a picture")
    Image.new("RGB", (20, 20)).save(faces_copy / "faces/p3/surprised/photo.png")
    dataset = load(faces_copy)
    assert len(dataset) == 10 and dataset.people == ("p1", "p2", "p3", "p4")
    (line,) = said()
    assert line.startswith("skipped 2: picture that cannot be used (first: ") and "p1/happy/photo.png" in line


def test_manifests_are_put_together_person_by_person(root):
    both = load(root, manifests=("faces.csv?expression=neutral", "faces.csv?expression=happy&subject=p1,p2"))
    assert both.people == ("p1", "p2")
    assert [record.expression for record in both.records] == ["happy", "neutral"] * 2


def test_rows_without_action_units_are_left_out_of_a_set_of_them(root, monkeypatch, said):
    read = folder.read

    def uncoded(*arguments):
        records = read(*arguments)
        return [dataclasses.replace(records[0], aus=None), *records[1:]]

    monkeypatch.setattr(folder, "read", uncoded)
    assert len(load(root, UNITS)) == 11
    assert said()[0].startswith("skipped 1: photo without AU intensities")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"manifests": ()},
            "config.data.manifests is empty; name a CSV, a folder, or a builder such as tfds:frl_london",
        ),
        ({"manifests": ("tfds:celeba",)}, "unknown TFDS builder 'celeba'; known: .*frl_london"),
        (
            {"manifests": ("faces.csv?expression=happy",)},
            "nobody is left .*at least two different labels among happy; sk",
        ),
        (
            {"label_names": ("happy",)},
            "nobody is left .*skipped 8: photo of an expr.*; skipped 4: person with one expre",
        ),
    ],
)
def test_when_nobody_is_left_one_line_says_why(root, changes, message, said):
    with pytest.raises(UserError, match=message) as raised:
        load(root, **changes)
    assert "\n" not in str(raised.value)
    assert said() == []


def test_when_no_picture_can_be_used_one_line_says_why(root, said):
    with pytest.raises(UserError, match=r"no photo in faces.csv can be used: skipped 12: .* smaller than the 64x64 px"):
        load(root, image_size=64)
    assert said() == []


def test_without_a_data_folder_it_says_how_to_name_one():
    with pytest.raises(
        UserError, match="no data folder; name it with --data_dir or the environment variable CDAAE_DATA"
    ):
        load(None)


@pytest.mark.parametrize(
    ("held_out", "max_people", "training"), [(1, 0, 3), (0, 0, 4), (3, 0, 1), (1, 2, 2), (1, 9, 3)]
)
def test_the_last_people_are_held_out_and_never_trained_on(root, held_out, max_people, training):
    data = dataclasses.replace(EMOTIONS, held_out=held_out, max_people=max_people)
    everyone = load(root, data)
    train, validation, test = datasets.split(everyone, data)
    assert validation.people == () and len(validation) == 0
    assert train.people == everyone.people[:training]
    assert test.people == everyone.people[4 - held_out :]
    for part in (train, test):
        assert {record.subject for record in part.records} == set(part.people)
        assert len(part) == 3 * len(part.people) == len(part.labels) == len(part.person)
        assert part.space == everyone.space
        for record, label, person in zip(part.records, part.labels, part.person, strict=True):
            assert part.people[person] == record.subject
            assert everyone.space.describe(label) == f"{record.expression}=1"
    assert not {record.name for record in train.records} & {record.name for record in test.records}


@pytest.mark.parametrize("held_out", [4, 5])
def test_holding_out_everybody_is_refused(root, held_out):
    data = dataclasses.replace(EMOTIONS, held_out=held_out)
    with pytest.raises(UserError, match=f"held_out is {held_out}, but there are only 4 people; hold out fewer"):
        datasets.split(load(root, data), data)


def add_column(root, name, cell, manifest="faces.csv", to=None):
    """Writes a manifest with one more column; `cell` takes a row as a dictionary."""
    with (root / manifest).open(newline="") as file:
        rows = [row | {name: cell(row)} for row in csv.DictReader(file)]
    with (root / (to or manifest)).open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


SPLIT = {"p1": "test", "p2": "train", "p3": "validation", "p4": "train"}


def test_a_column_decides_the_split(faces_copy):
    add_column(faces_copy, "split", lambda row: SPLIT[row["subject"]])
    for held_out in (0, 1, 16):
        data = dataclasses.replace(EMOTIONS, held_out=held_out)
        parts = datasets.split(load(faces_copy, data), data)
        assert parts.people() == {"train": ["p2", "p4"], "validation": ["p3"], "test": ["p1"]}
        for part in parts:
            assert {record.subject for record in part.records} == set(part.people)
            assert {record.split for record in part.records} == {SPLIT[part.people[0]]}
    few = dataclasses.replace(EMOTIONS, max_people=1)
    assert datasets.split(load(faces_copy, few), few).people() == {
        "train": ["p2"],
        "validation": ["p3"],
        "test": ["p1"],
    }


def test_people_of_whom_no_column_speaks_follow_held_out_among_themselves(faces_copy):
    add_column(faces_copy, "split", lambda row: {"p1": "test", "p4": "train"}.get(row["subject"], ""), to="some.csv")
    # p4 and p1 stand in both manifests: what one says holds in the other.
    data = dataclasses.replace(EMOTIONS, manifests=("faces.csv?expression=neutral,happy", "some.csv?subject=p1,p4"))
    everyone = load(faces_copy, data)
    assert datasets.split(everyone, data).people() == {"train": ["p2", "p4"], "validation": [], "test": ["p1", "p3"]}
    for held_out, train in ((0, ["p2", "p3", "p4"]), (2, ["p4"])):
        data = dataclasses.replace(data, held_out=held_out)
        assert datasets.split(everyone, data).people()["train"] == train
    data = dataclasses.replace(data, held_out=3)
    with pytest.raises(UserError, match="held_out is 3, but there are only 2 people without a split of their own"):
        datasets.split(everyone, data)


def test_a_person_in_two_splits_is_refused(faces_copy):
    add_column(faces_copy, "split", lambda row: "train" if row["expression"] == "happy" else SPLIT[row["subject"]])
    with pytest.raises(UserError, match=r"person 'p1' is in two splits, test \(.*\) and train \(.*happy.*\); give"):
        load(faces_copy)
    # Between manifests as well.
    add_column(faces_copy, "split", lambda row: "train", to="a.csv")
    add_column(faces_copy, "split", lambda row: "test", to="b.csv")
    with pytest.raises(UserError, match="person 'p1' is in two splits, train .* and test"):
        load(faces_copy, manifests=("a.csv", "b.csv"))


def test_nobody_to_train_on_is_refused(faces_copy):
    add_column(faces_copy, "split", lambda row: "validation" if row["subject"] == "p1" else "test")
    with pytest.raises(UserError, match="nobody in faces.csv is in split train: 1 are for validation and 3 for"):
        datasets.split(load(faces_copy), EMOTIONS)


def test_previews_show_validation_before_test_before_train(root, faces_copy):
    def shown(root, data=EMOTIONS):
        return datasets.split(load(root, data), data).shown.people

    assert shown(root) == ("p4",)
    assert shown(root, dataclasses.replace(EMOTIONS, held_out=0)) == ("p1", "p2", "p3", "p4")
    add_column(faces_copy, "split", lambda row: SPLIT[row["subject"]])
    assert shown(faces_copy) == ("p3",)


def test_an_amount_shares_between_the_expression_and_neutral(faces_copy):
    amounts = {"p1": "0.25", "p2": "", "p3": "1.5", "p4": "0"}
    add_column(faces_copy, "amount", lambda row: amounts[row["subject"]])
    dataset = load(faces_copy)
    labels = {
        (record.subject, record.expression): label.tolist()
        for record, label in zip(dataset.records, dataset.labels, strict=True)
    }
    assert dataset.space.names == ("neutral", "happy", "surprised")
    assert labels["p1", "happy"] == [0.75, 0.25, 0]
    assert labels["p2", "happy"] == [0, 1, 0]
    assert labels["p3", "surprised"] == [0, 0, 1.5]
    assert all(labels[person, "neutral"] == [1, 0, 0] for person in ("p1", "p2", "p3"))
    assert dataset.people == ("p1", "p2", "p3")  # p4 is neutral in every photo
    without = load(faces_copy, label_names=("happy", "surprised"))
    assert without.labels[[record.subject == "p1" for record in without.records]].tolist() == [[0.25, 0], [0, 0.25]]


def test_the_fingerprint_knows_photos_and_labels_and_not_where_they_lie(faces_copy, tmp_path):
    def fingerprint(root=faces_copy, **changes):
        return load(root, **changes).fingerprint

    first = fingerprint()
    assert len(first) == 64 and int(first, 16) >= 0
    assert fingerprint(image_size=48, held_out=3, max_people=1) == first
    everyone = load(faces_copy)
    assert {part.fingerprint for part in datasets.split(everyone, EMOTIONS)} == {first}
    # Elsewhere, with another name of the manifest, and by an absolute path.
    moved = pathlib.Path(shutil.copytree(faces_copy, tmp_path / "a" / "b"))
    (moved / "faces.csv").rename(moved / "renamed.csv")
    assert fingerprint(moved, manifests=("renamed.csv",)) == first
    assert fingerprint(manifests=(str(moved / "renamed.csv"),)) == first
    by_folder = fingerprint(manifests=("faces",))
    (moved / "faces").rename(moved / "people")
    assert fingerprint(moved, manifests=("people",)) == by_folder
    # Other photos, another label, another person, another size of a file, another set of labels.
    others = [
        fingerprint(manifests=("faces.csv?expression=neutral,happy",)),
        fingerprint(label_names=("happy", "neutral", "surprised")),
    ]
    photo = faces_copy / "faces/p1/happy/photo.png"
    with photo.open("ab") as file:
        file.write(b"0")
    others.append(fingerprint())
    text = (faces_copy / "faces.csv").read_text()
    (faces_copy / "faces.csv").write_text(text.replace("p2,happy", "p2,surprised"))
    others.append(fingerprint())
    (faces_copy / "faces.csv").write_text(text.replace("png,p2,happy", "png,p3,happy"))
    others.append(fingerprint())
    assert len({first, *others}) == 6


def test_absolute_paths_in_a_manifest_do_not_reach_the_fingerprint(faces_copy, tmp_path):
    def with_absolute_paths(root):
        text = (root / "faces.csv").read_text().replace("\nfaces/", f"\n{root}/faces/")
        (root / "absolute.csv").write_text(text)
        return load(root, manifests=("absolute.csv",)).fingerprint

    moved = pathlib.Path(shutil.copytree(faces_copy, tmp_path / "moved"))
    assert with_absolute_paths(faces_copy) == with_absolute_paths(moved)


def test_a_part_keeps_the_order_of_people_that_was_asked_for(root):
    dataset = load(root)
    assert dataset.of(("p3", "p1")).people == ("p3", "p1")
    assert [record.subject for record in dataset.of(("p3", "p1")).records] == ["p1"] * 3 + ["p3"] * 3
    assert dataset.of(("p3", "p1")).person.tolist() == [1, 1, 1, 0, 0, 0]


@pytest.fixture(scope="module")
def rig():
    folder = pathlib.Path(os.environ.get("CDAAE_DATA", "nowhere"))
    if not (folder / "frl_rig2" / "emotion_half.csv").exists():
        pytest.skip("needs the rig's second set: set CDAAE_DATA to the folder that holds frl_rig2")
    return folder


def test_the_rig_says_who_is_who_and_how_much_is_shown(rig):
    data = Data(manifests=("frl_rig2/emotion.csv", "frl_rig2/emotion_half.csv?expression=happy"))
    everyone = load(rig, data)
    parts = datasets.split(everyone, data)
    assert [len(part.people) for part in parts] == [85, 16, 16]
    names = everyone.space.names
    half = everyone.labels[[record.amount == 0.5 for record in everyone.records]]
    assert len(half) == 117
    np.testing.assert_array_equal(half[:, [names.index("neutral"), names.index("happy")]], 0.5)
    assert (half.sum(axis=1) == 1).all()
    units = Data(manifests=("frl_rig2/au.csv?AU12=0,5",), label_kind="au")
    assert datasets.split(load(rig, units), units).people() == parts.people()
