"""Any photos become a set for training: what is written, kept, rejected and refused."""

import csv
import json
import os
import shutil

import fake_faces
import numpy as np
import pytest
from PIL import Image

from cdaae_jax import images
from cdaae_jax.config import Data
from cdaae_jax.data import dataset, preparing, unaligned
from cdaae_jax.errors import UserError
from cdaae_jax.workdir import hold


def prepare(source, output, size=32, workers=1, load_aligner=fake_faces.load):
    return preparing.prepare(source, output, size, workers, load_aligner)


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def black(path):
    Image.new("RGB", (48, 48)).save(path)


@pytest.fixture
def counted():
    """An aligner and the list of the photos that it was asked for."""
    asked = []

    def align(photo, size):
        asked.append(photo)
        return fake_faces.align_middle(photo, size)

    return lambda: align, asked


def test_a_folder_becomes_a_set_that_training_reads(faces_copy, tmp_path):
    black(faces_copy / "faces" / "p2" / "happy" / "photo.png")
    (faces_copy / "faces" / "p3" / "happy" / "photo.png").write_bytes(b"no picture")
    prepared = prepare(faces_copy / "faces", tmp_path / "set", workers=2)
    assert str(prepared) == f"aligned 10 of 12 photos, 4 people; 2 rejected, see {tmp_path / 'set' / 'rejected.csv'}"
    data = dataset.load(Data(manifests=("faces.csv",)), tmp_path / "set", 32)
    assert len(data) == 10 and data.space.names == ("neutral", "happy", "surprised")
    for record, label in zip(data.records, data.labels, strict=True):
        source = faces_copy / "faces" / record.subject / record.expression / "photo.png"
        np.testing.assert_array_equal(record.load(), images.fit(images.read(source), 32))
        assert data.space.describe(label) == f"{record.expression}=1"
    rejected = {row["file"]: row["why"] for row in table(tmp_path / "set" / "rejected.csv")}
    assert list(rejected) == ["p2/happy/photo.png", "p3/happy/photo.png"]
    assert rejected["p2/happy/photo.png"] == "no face was found"
    assert "not a picture, or damaged" in rejected["p3/happy/photo.png"]
    assert images.read(tmp_path / "set" / "contact_sheet_1.jpg").shape == (96, 10 * 98 - 2, 3)


def test_a_table_keeps_its_columns(faces_copy, tmp_path):
    rows = table(faces_copy / "faces.csv")
    for row in rows:
        row |= {"split": "test" if row["subject"] == "p4" else "train", "amount": "0.5", "camera": "left, upper"}
    rows.append(rows[0] | {"file": "nowhere.jpg"})
    with (faces_copy / "faces.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    prepared = prepare(faces_copy / "faces.csv", tmp_path / "set")
    assert list(prepared.rejected) == ["nowhere.jpg"] and "there is no photo" in prepared.rejected["nowhere.jpg"]
    written = table(tmp_path / "set" / "faces.csv")
    assert [row | {"file": ""} for row in written] == [row | {"file": ""} for row in rows[:-1]]
    assert written[0]["file"] == "pictures/faces/p1/neutral/photo.png"
    data = dataset.load(Data(manifests=("faces.csv",), label_kind="au"), tmp_path / "set", 32)
    assert len(data) == 12 and data.space.names == ("AU1", "AU6", "AU12")


def test_only_what_is_new_or_changed_is_done_again(faces_copy, tmp_path, counted):
    load, asked = counted
    faces, output = faces_copy / "faces", tmp_path / "set"
    prepare(faces, output, load_aligner=load)
    assert len(asked) == 12
    assert prepare(faces, output, load_aligner=load).earlier == 12 and len(asked) == 12
    # Folders that were moved are the same folders.
    faces, output = faces.rename(faces_copy / "people"), output.rename(tmp_path / "moved")
    changed = faces / "p1" / "happy" / "photo.png"
    images.write(changed, np.full((48, 48, 3), 200, np.uint8))
    (output / "pictures" / "p2" / "happy" / "photo.png").unlink()
    shutil.copy(changed, faces / "p3" / "happy" / "new.png")
    shutil.rmtree(faces / "p4")
    prepared = prepare(faces, output, load_aligner=load)
    assert (prepared.photos, prepared.earlier, len(asked)) == (10, 7, 15)
    assert len(table(output / "faces.csv")) == 10
    assert (images.read(output / "pictures" / "p1" / "happy" / "photo.png") == 200).all()


def test_what_was_rejected_is_tried_again(faces_copy, tmp_path):
    photo = faces_copy / "faces" / "p2" / "happy" / "photo.png"
    good = photo.read_bytes()
    black(photo)
    assert list(prepare(faces_copy / "faces", tmp_path / "set").rejected) == ["p2/happy/photo.png"]
    photo.write_bytes(good)
    assert prepare(faces_copy / "faces", tmp_path / "set").rejected == {}
    assert table(tmp_path / "set" / "rejected.csv") == []


def test_a_run_that_was_stopped_goes_on(faces_copy, tmp_path, counted):
    load, asked = counted

    def stops_after_five():
        def align(photo, size):
            if len(asked) == 5:
                raise KeyboardInterrupt
            return load()(photo, size)

        return align

    output = tmp_path / "set"
    with pytest.raises(KeyboardInterrupt):
        prepare(faces_copy / "faces", output, load_aligner=stops_after_five)
    assert not (output / "faces.csv").exists()
    with (output / ".prepared.jsonl").open("a") as file:
        file.write('{"file": "p4/ha')  # a crash may cut a line short
    assert prepare(faces_copy / "faces", output, load_aligner=load).earlier == 5
    assert len(asked) == 12
    lines = (output / ".prepared.jsonl").read_text().splitlines()
    assert len({json.loads(line)["file"] for line in lines[1:]}) == 12


def test_files_of_one_name_do_not_overwrite_each_other(faces_copy, tmp_path):
    folder = faces_copy / "faces" / "p1" / "happy"
    Image.new("RGB", (48, 48), "red").save(folder / "photo.jpg")
    Image.new("RGB", (48, 48), "blue").save(folder / "other.jpg")
    prepare(faces_copy / "faces", tmp_path / "set")
    names = [row["file"] for row in table(tmp_path / "set" / "faces.csv") if "p1/happy" in row["file"]]
    assert len(set(names)) == 3 and names[0] == "pictures/p1/happy/other.png"
    colours = {tuple(images.read(tmp_path / "set" / name)[0, 0]) for name in names}
    assert len(colours) == 3


def test_aligned_pictures_stay_inside_the_output(tmp_path):
    names = ["../up/a.jpg", "up/a.jpg", str(tmp_path / "b.jpg"), "c.JPG"]
    (tmp_path / "faces.csv").write_text("file,subject,expression\n" + "".join(f"{name},p,happy\n" for name in names))
    _, photos = unaligned.read(tmp_path / "faces.csv")
    places = [photo.aligned for photo in photos]
    assert len(set(places)) == 4 and places[3] == "pictures/c.png"
    assert all(place.startswith("pictures/") and ".." not in place for place in places)
    assert [photo.source for photo in photos] == [tmp_path / name for name in names]


def test_small_faces_are_told_of(faces_copy, tmp_path, caplog):
    Image.new("RGB", (40, 40), "red").save(faces_copy / "faces" / "p1" / "happy" / "photo.png")
    for _ in range(2):  # also when they were done before
        caplog.clear()
        prepare(faces_copy / "faces", tmp_path / "set")
        assert "1 faces are under 48 pixels" in caplog.text and "p1/happy/photo.png" in caplog.text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nothing", "there is no .*nothing; name a folder or a CSV with --input"),
        ("empty", "empty holds no photos in the layout subject/expression/picture.jpg; sort them so, or name a CSV"),
        ("faces/p1", "p1 holds no photos in the layout"),
        ("header.csv", "header.csv holds no photos; expected a row each"),
        ("columns.csv", "columns.csv has no column 'expression'; its columns: file, subject"),
        ("split.csv", "split.csv line 2: split is 'training'; allowed: train, validation, test"),
    ],
)
def test_sources_that_are_no_set_are_refused_and_nothing_is_written(faces_copy, tmp_path, source, message):
    (faces_copy / "empty").mkdir()
    (faces_copy / "header.csv").write_text("file,subject,expression\n")
    (faces_copy / "columns.csv").write_text("file,subject\na.jpg,p1\n")
    (faces_copy / "split.csv").write_text("file,subject,expression,split\na.jpg,p1,happy,training\n")
    with pytest.raises(UserError, match=message) as raised:
        prepare(faces_copy / source, tmp_path / "set")
    assert "\n" not in str(raised.value) and not (tmp_path / "set").exists()


def test_an_output_that_holds_other_files_is_refused(faces_copy):
    before = sorted(faces_copy.rglob("*"))
    for source, output in (("faces.csv", "."), ("faces", "faces")):
        with pytest.raises(UserError, match="holds other files"):
            prepare(faces_copy / source, faces_copy / output)
    with pytest.raises(UserError, match="faces.csv is a file; name a folder"):
        prepare(faces_copy / "faces", faces_copy / "faces.csv")
    assert sorted(faces_copy.rglob("*")) == before


def test_an_output_of_another_size_is_refused(faces_copy, tmp_path):
    prepare(faces_copy / "faces", tmp_path / "set")
    with pytest.raises(UserError, match="was begun with size 32.* not with size 48.* choose another --output"):
        prepare(faces_copy / "faces", tmp_path / "set", size=48)
    assert images.read(tmp_path / "set" / "pictures" / "p1" / "happy" / "photo.png").shape == (32, 32, 3)


def test_two_runs_at_once_are_refused(faces_copy, tmp_path):
    with hold(tmp_path / "set"):
        with pytest.raises(UserError, match=f"process {os.getpid()} .* is preparing there.* choose another --output"):
            prepare(faces_copy / "faces", tmp_path / "set")


def test_a_set_without_any_face_is_said_and_leaves_no_manifest(faces_copy, tmp_path):
    for file in (faces_copy / "faces").rglob("photo.png"):
        black(file)
    with pytest.raises(UserError, match="none of the 12 photos in .* can be used .first: no face was found.; see "):
        prepare(faces_copy / "faces", tmp_path / "set")
    assert len(table(tmp_path / "set" / "rejected.csv")) == 12
    assert not (tmp_path / "set" / "faces.csv").exists()


def test_a_prepared_set_can_be_registered(faces_copy, tmp_path):
    output = tmp_path / "set"
    prepare(faces_copy / "faces", output)
    with np.load(output / "landmarks.npz") as archive:
        assert len(archive["names"]) == 12 and archive["names"][0].startswith("pictures/")
        np.testing.assert_allclose(archive["mediapipe478"][3], 32 * fake_faces.POINTS, atol=0.01)
    plain, registered = (
        dataset.load(Data(manifests=("faces.csv",), registered=on), output, 32) for on in (False, True)
    )
    # All heads are in the same place, so nothing moves.
    for ours, theirs in zip(registered.records, plain.records, strict=True):
        np.testing.assert_allclose(ours.load().astype(int), theirs.load(), atol=1)


def test_pictures_of_an_earlier_version_are_made_again(faces_copy, tmp_path, counted):
    load, asked = counted
    output = tmp_path / "set"
    prepare(faces_copy / "faces", output, load_aligner=load)
    journal = output / ".prepared.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        line.pop("points", None)
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    prepare(faces_copy / "faces", output, load_aligner=load)
    assert len(asked) == 24
