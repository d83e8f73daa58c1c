"""Folders of photos: manifests, the layout by name, row filters, and what is wrong with either."""

import csv

import numpy as np
import pytest
from PIL import Image

from cdaae_jax.data import folder
from cdaae_jax.data.records import Skipped
from cdaae_jax.errors import UserError


def read(root, spec="faces.csv", kind="emotion", smallest=32, skipped=None):
    return folder.read(spec, root, kind, smallest, Skipped() if skipped is None else skipped)


def edit(root, change):
    """Rewrites faces.csv: `change` takes and returns the list of rows, the header among them."""
    with (root / "faces.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    with (root / "faces.csv").open("w", newline="") as file:
        csv.writer(file).writerows(change(rows))


def test_the_layout_is_read_by_folder_names(faces_folder):
    records = read(faces_folder.parent, "faces")
    assert len(records) == 12
    assert {record.subject for record in records} == {"p1", "p2", "p3", "p4"}
    assert {record.expression for record in records} == {"neutral", "happy", "surprised"}
    assert all(record.aus is None for record in records)
    for record in records:
        expected = np.asarray(Image.open(faces_folder / record.subject / record.expression / "photo.png"))
        np.testing.assert_array_equal(record.load(), expected)


def test_a_manifest_says_the_same_as_the_layout(faces_folder, faces_manifest):
    by_name = {record.name: record for record in read(faces_folder.parent, "faces")}
    for record in read(faces_manifest.parent, faces_manifest.name):
        assert (record.subject, record.expression) == (by_name[record.name].subject, by_name[record.name].expression)
        np.testing.assert_array_equal(record.load(), by_name[record.name].load())


def test_other_words_and_other_files_in_the_layout(faces_copy):
    (faces_copy / "faces" / "p1" / "happy").rename(faces_copy / "faces" / "p1" / "Smiling")
    (faces_copy / "faces" / "p2" / "happy").rename(faces_copy / "faces" / "p2" / "wink")
    (faces_copy / "faces" / "p1" / "notes.txt").write_text("no photo")
    (faces_copy / "faces" / "p1" / "neutral" / "notes.txt").write_text("no photo")
    expressions = {(record.subject, record.expression) for record in read(faces_copy, "faces")}
    assert len(expressions) == 12
    assert {("p1", "happy"), ("p2", "wink")} <= expressions


def test_action_units_are_read_where_they_are_asked_for(faces_manifest):
    root = faces_manifest.parent
    assert all(record.aus is None for record in read(root))
    coded = {(record.subject, record.expression): record.aus for record in read(root, kind="au")}
    assert len(coded) == 12
    for subject in ("p1", "p4"):
        assert coded[subject, "neutral"] == {"AU1": 0, "AU6": 0, "AU12": 0}
        assert coded[subject, "happy"] == {"AU1": 0, "AU6": 3, "AU12": 4.5}
        assert coded[subject, "surprised"] == {"AU1": 5, "AU6": 0, "AU12": 0}


def test_a_set_of_action_units_needs_no_expressions(faces_copy):
    edit(faces_copy, lambda rows: [row[:2] + row[3:] for row in rows])
    records = read(faces_copy, kind="au")
    assert len(records) == 12 and all(record.expression is None for record in records)
    with pytest.raises(UserError, match="faces.csv has no column 'expression'"):
        read(faces_copy)


def test_a_set_of_emotions_may_hold_anything_in_its_au_columns(faces_copy):
    edit(faces_copy, lambda rows: [rows[0], *([*row[:3], "0.1", "99", "much"] for row in rows[1:])])
    assert len(read(faces_copy)) == 12


def test_a_manifest_as_spreadsheets_write_it(faces_copy):
    text = (faces_copy / "faces.csv").read_text().replace("AU12", "au12 ").replace(",happy,", ", Happy ,")
    (faces_copy / "faces.csv").write_text(text.replace("\n", "\r\n"), encoding="utf-8-sig")
    assert {record.expression for record in read(faces_copy)} == {"neutral", "happy", "surprised"}
    assert set(read(faces_copy, kind="au")[0].aus) == {"AU1", "AU6", "AU12"}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("expression=neutral", 4),
        ("expression=neutral,happy", 8),
        ("expression=smiling", 4),
        ("expression=neutral&subject=p1,p2", 2),
        ("subject=P3", 3),
        ("AU12=4.5", 4),
        ("AU12=4.5&subject=p1", 1),
        ("AU12=", 8),
    ],
)
def test_rows_can_be_chosen(faces_manifest, query, count):
    records = read(faces_manifest.parent, f"faces.csv?{query}")
    assert len(records) == count
    if query == "expression=neutral":
        assert {record.expression for record in records} == {"neutral"}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("faces.csv?expression=grin", r"faces.csv\?expression=grin holds no photos.*rows that have expression=grin"),
        ("faces.csv?emotion=happy", "has no column 'emotion'; its columns: expression, "),
        ("faces.csv?neutral", r"\?neutral is no row filter; write for example \?expression=neutral,happy"),
        ("faces?expression=neutral", r"can be chosen from a CSV only, and .*faces is a folder; leave \?expression=neu"),
    ],
)
def test_row_filters_that_choose_nothing_are_explained(faces_manifest, spec, message):
    with pytest.raises(UserError, match=message):
        read(faces_manifest.parent, spec)


@pytest.mark.parametrize("column", ["file", "subject", "expression"])
def test_a_missing_column_is_named_with_those_that_are_there(faces_copy, column):
    edit(faces_copy, lambda rows: [[cell.replace(column, f"{column}s") for cell in rows[0]], *rows[1:]])
    with pytest.raises(UserError, match=rf"faces.csv has no column '{column}'; its columns: {column}s, "):
        read(faces_copy)


def test_a_manifest_without_action_units_says_so(faces_copy):
    edit(faces_copy, lambda rows: [row[:3] for row in rows])
    with pytest.raises(
        UserError, match=r"has no AU columns \(AU1, AU12, ...\); its columns: file, subject, expression"
    ):
        read(faces_copy, kind="au")


@pytest.mark.parametrize(
    ("intensity", "message"),
    [
        ("5.1", "line 3: AU6 is 5.1; FACS intensities go from 0 to 5"),
        ("-1", "line 3: AU6 is -1; FACS"),
        ("nan", "line 3: AU6 is nan; FACS"),
        ("C", "line 3: AU6 is 'C', not a number"),
    ],
)
def test_intensities_outside_0_to_5_are_refused_by_line(faces_copy, intensity, message):
    edit(faces_copy, lambda rows: [*rows[:2], [*rows[2][:4], intensity, "5"], *rows[3:]])
    with pytest.raises(UserError, match=f"faces.csv {message}"):
        read(faces_copy, kind="au")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["", "p1", "happy"], "line 2: file and subject must not be empty"),
        (["faces/p1/happy/photo.png", "", "happy"], "line 2: file and subject must not be empty"),
        (["faces/p1/happy/photo.png"], "line 2: file and subject must not be empty"),
        (["faces/p1/happy/photo.png", "p1", " "], "line 2: the expression is empty; write what the photo shows"),
        (["faces/p1/happy/photo.png", "p1"], "line 2: the expression is empty"),
    ],
)
def test_rows_with_holes_are_refused_by_line(faces_copy, row, message):
    edit(faces_copy, lambda rows: [rows[0], row, *rows[1:]])
    with pytest.raises(UserError, match=f"faces.csv {message}"):
        read(faces_copy)


def test_pictures_that_the_manifest_names_in_vain_are_counted_and_the_first_is_named(faces_copy):
    for subject in ("p2", "p3"):
        (faces_copy / "faces" / subject / "happy" / "photo.png").unlink()
    with pytest.raises(UserError, match="names 2 of 12 pictures that do not exist .first: .*p2/happy/photo.png"):
        read(faces_copy)
    assert len(read(faces_copy, "faces.csv?expression=neutral")) == 4


def test_pictures_that_cannot_be_used_are_skipped_and_counted(faces_copy):
    def place(subject):
        return faces_copy / "faces" / subject / "happy" / "photo.png"

    place("p1").write_bytes(b"not a picture")
    Image.new("RGB", (48, 31)).save(place("p2"))
    Image.new("CMYK", (48, 48)).save(place("p3"), "JPEG")
    skipped = Skipped()
    records = read(faces_copy, skipped=skipped)
    assert len(records) == 9 and len(skipped) == 3
    (line,) = skipped.lines()
    assert line.startswith("skipped 3: picture that cannot be used (first: ")
    assert "p1/happy/photo.png cannot be read" in line
    assert len(read(faces_copy, smallest=48)) == 9
    assert read(faces_copy, smallest=49) == []


@pytest.mark.parametrize(
    ("prepare", "spec", "kind", "message"),
    [
        (
            lambda root: None,
            "nothing.csv",
            "emotion",
            "there is no .*nothing.csv; name the data folder with --data_dir",
        ),
        (
            lambda root: (root / "empty").mkdir(),
            "empty",
            "emotion",
            "empty holds no photos; expected subject/expr.*jpg",
        ),
        (lambda root: None, "faces/p1", "emotion", "faces/p1 holds no photos; expected subject/expression/picture"),
        (lambda root: None, "faces", "au", "is a folder of expressions and has no AU intensities; use a CSV with AU"),
        (lambda root: edit(root, lambda rows: rows[:1]), "faces.csv", "emotion", "holds no photos; expected a row per"),
        (lambda root: (root / "faces.csv").write_bytes(b""), "faces.csv", "emotion", "has no column 'file'"),
        (
            lambda root: (root / "faces.csv").write_bytes("Gesicht,Jörg\n".encode("latin-1")),
            "faces.csv",
            "emotion",
            "cannot be read as a CSV file in UTF-8 .*; write it anew",
        ),
        (lambda root: None, "faces/p1/happy/photo.png", "emotion", "cannot be read as a CSV file in UTF-8"),
    ],
)
def test_places_without_photos_are_explained(faces_copy, prepare, spec, kind, message):
    prepare(faces_copy)
    with pytest.raises(UserError, match=message) as raised:
        read(faces_copy, spec, kind)
    assert "\n" not in str(raised.value)


def with_columns(root, **cells):
    """Adds columns to faces.csv; each takes the cells of its rows one after the other, the last again and again."""

    def change(rows):
        rows[0] += cells
        for values in cells.values():
            for i, row in enumerate(rows[1:]):
                row.append(values[min(i, len(values) - 1)])
        return rows

    edit(root, change)


def test_split_and_amount_are_read_and_can_be_filtered_on(faces_copy):
    assert {(record.split, record.amount) for record in read(faces_copy)} == {(None, 1.0)}
    with_columns(faces_copy, split=["test"] * 3 + [" Train "], amount=["0.5", "", "1.5", "1"])
    records = read(faces_copy)
    assert [record.split for record in records] == ["test"] * 3 + ["train"] * 9
    assert [record.amount for record in records] == [0.5, 1, 1.5] + [1] * 9
    assert len(read(faces_copy, "faces.csv?split=test")) == 3
    assert [record.amount for record in read(faces_copy, "faces.csv?amount=0.5,1.5")] == [0.5, 1.5]
    assert [record.expression for record in read(faces_copy, "faces.csv?amount=&split=test")] == ["happy"]
    assert [record.amount for record in read(faces_copy, "faces.csv?amount=1.50")] == [1.5]
    assert len(read(faces_copy, "faces.csv?amount=1.0")) == 9  # those whose column says 1
    # What is shown of an expression says nothing about action units, which have their own columns.
    units = read(faces_copy, "faces.csv?split=test", kind="au")
    assert [(record.split, record.amount) for record in units] == [("test", 1.0)] * 3


@pytest.mark.parametrize("split", ["", "dev", "training", "test2"])
def test_another_split_is_refused_by_line(faces_copy, split):
    with_columns(faces_copy, split=["test", split, "train"])
    with pytest.raises(UserError, match=f"faces.csv line 3: split is '{split}'; allowed: train, validation, test$"):
        read(faces_copy)


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("1.6", "amount is 1.6; amounts go from 0 to 1.5"),
        ("-0.1", "amount is -0.1; amounts"),
        ("nan", "amount is nan; amounts"),
        ("half", "amount is 'half', not a number"),
    ],
)
def test_another_amount_is_refused_by_line(faces_copy, amount, message):
    with_columns(faces_copy, amount=["1", amount, "1"])
    with pytest.raises(UserError, match=f"faces.csv line 3: {message}"):
        read(faces_copy)
    assert len(read(faces_copy, kind="au")) == 12


def test_a_record_knows_its_file_by_name_and_size_wherever_it_lies(faces_copy):
    for spec, key in (("faces.csv", "faces/p1/happy/photo.png"), ("faces", "p1/happy/photo.png")):
        (record,) = (one for one in read(faces_copy, spec) if one.key == key)
        assert record.num_bytes == (faces_copy / "faces/p1/happy/photo.png").stat().st_size
        assert not any(str(faces_copy) in one.key for one in read(faces_copy, spec))


def test_what_is_said_of_a_photo_stays_with_it_in_a_long_manifest(faces_copy):
    happy = (faces_copy / "faces/p1/happy/photo.png").read_bytes()
    rows = ["file,subject,expression"]
    for i in range(150):
        (faces_copy / f"{i}.png").write_bytes(b"not a picture" if i == 70 else happy + bytes(i))
        rows.append(f"{i}.png,p{i % 3},happy")
    (faces_copy / "long.csv").write_text("\n".join(rows))
    skipped = Skipped()
    records = folder.read("long.csv", faces_copy, "emotion", 32, skipped)
    assert [record.num_bytes for record in records] == [len(happy) + i for i in range(150) if i != 70]
    assert [record.key for record in records] == [f"{i}.png" for i in range(150) if i != 70]
    (line,) = skipped.lines()
    assert line.startswith("skipped 1: picture that cannot be used") and f"{faces_copy}/70.png" in line
