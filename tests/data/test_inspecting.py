"""What `cdaae-inspect` finds in a set: people, labels, broken files, and the same picture under two people."""

import io
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cdaae_jax import images
from cdaae_jax.data import near_copies
from cdaae_jax.data.inspecting import COPIES, SHEET, inspect
from cdaae_jax.errors import UserError

ROOT = pathlib.Path(__file__).parents[2]


def look(folder, **options):
    return inspect(("faces.csv",), folder, **({"held_out": 1} | options))


def test_people_parts_and_labels_are_counted(faces_copy, tmp_path):
    found = look(faces_copy, output=tmp_path / "look")
    assert found.parts == {"train": (3, 9), "validation": (0, 0), "test": (1, 3)}
    assert found.labels == {
        "neutral": (12, 4),
        "happy": (12, 4),
        "surprised": (12, 4),
        "AU1": (12, 4),
        "AU6": (12, 4),
        "AU12": (12, 4),
    }
    assert (found.sides, found.broken, found.copies, found.lookalikes) == ((48, 48), (), (), None)
    text = str(found)
    assert "faces.csv: 12 pictures of 4 people, 48 pixels" in text
    assert "test               1         3" in text and "pictures that cannot be read: none" in text
    assert found.sets == {"faces.csv": (4, 12)} and "  set" not in text
    # A caption and three labels for each of four people.
    assert images.read(tmp_path / "look" / SHEET).shape == (4 * 98 - 2, 4 * 98 - 2, 3)


def test_broken_files_are_named(faces_copy):
    cut = faces_copy / "faces" / "p1" / "happy" / "photo.png"
    cut.write_bytes(cut.read_bytes()[:200])
    (faces_copy / "faces" / "p2" / "happy" / "photo.png").write_bytes(b"nothing")
    found = look(faces_copy)
    assert len(found.broken) == 1 and "p1/happy/photo.png" in found.broken[0]
    assert found.left_out == tuple(line for line in found.left_out if "picture that cannot be used" in line) != ()
    assert "pictures that cannot be read: 1" in str(found)


def test_the_same_picture_under_two_people_is_found_and_a_leak_where_they_are_in_two_parts(faces_copy, tmp_path):
    source = images.read(faces_copy / "faces" / "p1" / "happy" / "photo.png")
    mirrored_and_darker = Image.fromarray((source[:, ::-1] * 0.8).astype(np.uint8))
    mirrored_and_darker.save(faces_copy / "faces" / "p4" / "neutral" / "photo.png")
    (faces_copy / "faces" / "p3" / "neutral" / "photo.png").write_bytes(
        (faces_copy / "faces" / "p2" / "neutral" / "photo.png").read_bytes()
    )
    source = images.read(faces_copy / "faces" / "p1" / "neutral" / "photo.png")
    images.write(faces_copy / "faces" / "p2" / "happy" / "photo.png", source)
    images.write(faces_copy / "faces" / "p4" / "happy" / "photo.png", source)
    found = look(faces_copy, output=tmp_path)
    assert list(found.sharing) == [
        ("train/p1", "test/p4"),
        ("train/p2", "test/p4"),
        ("train/p1", "train/p2"),
        ("train/p2", "train/p3"),
    ]
    assert found.leaks == 2
    text = str(found)
    assert "pairs of people who share a picture: 4" in text and "2 of these pairs are in two parts, so somebody" in text
    twice = "train/p1 and test/p4, 2 pictures: faces/p1/happy/photo.png = faces/p4/neutral/photo.png, ..."
    assert twice in text
    # Whose, the picture, its copy, whose: for each pair of people.
    assert images.read(tmp_path / COPIES).shape == (4 * 98 - 2, 4 * 98 - 2, 3)
    for person in ("p1", "p2"):
        shutil.rmtree(faces_copy / "faces" / person)
    table = faces_copy / "faces.csv"
    table.write_text(
        "".join(line for line in table.read_text().splitlines(True) if "/p1/" not in line and "/p2/" not in line)
    )
    assert not look(faces_copy, output=tmp_path).copies and not (tmp_path / COPIES).exists()


def test_of_a_mix_every_set_is_counted_and_shown(faces_copy, tmp_path):
    lines = (faces_copy / "faces.csv").read_text().splitlines()
    (faces_copy / "smiles.csv").write_text(
        "\n".join(line for line in lines if "happy" in line or line.startswith("file"))
    )
    other = shutil.copytree(faces_copy / "faces" / "p4", faces_copy / "more" / "stranger")
    for file in other.glob("*/*"):
        images.write(file, images.read(file)[::-1])
    found = inspect(("faces.csv", "smiles.csv", "more"), faces_copy, held_out=1, output=tmp_path)
    assert found.sets == {"faces.csv": (4, 12), "smiles.csv": (4, 4), "more": (1, 3)}
    assert "  smiles.csv         4         4\n" in str(found)
    # Four people of the first set, none left of the second, and the one of the last; three labels each.
    assert images.read(tmp_path / SHEET).shape == (5 * 98 - 2, 4 * 98 - 2, 3)


def test_people_whom_the_identity_network_takes_for_one_are_listed(faces_copy):
    dark = {"p1": 30, "p4": 31}
    for person, value in dark.items():
        for file in (faces_copy / "faces" / person).glob("*/*.png"):
            images.write(file, np.full((48, 48, 3), value, np.uint8))
    found = look(
        faces_copy, embed=lambda faces: faces.reshape(len(faces), -1).mean(axis=1, keepdims=True), same_person=2
    )
    assert [(one, other) for one, other, _ in found.lookalikes] == [(("train", "p1"), ("test", "p4"))]
    assert "train/p1 and test/p4, 1.00 apart" in str(found)


def test_a_set_without_enough_people_for_a_test_is_looked_at_all_the_same(faces_copy):
    assert look(faces_copy, held_out=16).parts["train"] == (4, 12)


def test_a_copy_is_told_from_another_picture():
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (64, 64, 3), np.uint8).repeat(2, 0).repeat(2, 1) for _ in range(3)]
    stream = io.BytesIO()
    Image.fromarray(pictures[0]).resize((96, 96)).save(stream, "JPEG", quality=60)
    again = np.asarray(Image.open(stream))
    brighter = np.clip(pictures[1] * 0.8 + 20, 0, 255).astype(np.uint8)
    greys = np.stack([near_copies.greys(each) for each in (*pictures, again, brighter, np.zeros_like(again))])
    assert near_copies.pairs(greys, [0, 1, 2, 3, 4, 5]) == [(0, 3), (1, 4)]
    assert near_copies.pairs(greys, [0, 1, 2, 0, 4, 5]) == [(1, 4)]


def test_a_set_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UserError, match="there is no"):
        inspect(("faces.csv",), tmp_path)


def test_the_program(faces_copy, tmp_path):
    command = [sys.executable, "launch/inspect_data.py", "--data=faces.csv", f"--data_dir={faces_copy}", "--held_out=1"]
    done = subprocess.run([*command, f"--output={tmp_path / 'look'}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "12 pictures of 4 people" in done.stdout and f"look at {tmp_path / 'look' / SHEET}" in done.stdout
