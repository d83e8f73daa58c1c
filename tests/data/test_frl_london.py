"""The London set's builder on a made-up set in both layouts, from a local server, and on the real set."""

import csv
import functools
import http.server
import io
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import zipfile

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from cdaae_jax.data.frl_london import frl_london_dataset_builder as frl_london
from cdaae_jax.data.frl_london import landmarks, pictures
from cdaae_jax.errors import UserError
from cdaae_jax.faces import FaceFinder

# Person -> age, gender, ethnicity, in the words of the published table.
PEOPLE = {
    "901": ("24", "female", "white"),
    "902": ("NA", "male", "east_asian/white"),
    "903": ("51", "male", "black"),
}
NUMBERS = {"neutral": "03", "smiling": "08"}
LEFT_EYE, RIGHT_EYE = (50.0, 60.0), (82.0, 60.0)
FINDER = landmarks._finder


@pytest.fixture(autouse=True)
def no_face_networks(monkeypatch):
    """Tests fetch nothing from the network, and made-up photos show no faces anyway."""
    monkeypatch.setattr(landmarks, "_finder", lambda: None)


def skin(subject, expression):
    """Return a colour of its own for every picture."""
    return 60 + 20 * (int(subject) - 900), 120, 40 if expression == "neutral" else 90


def jpeg(array):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "JPEG", quality=95, subsampling=0)
    return stream.getvalue()


def photo(subject, expression):
    """Return a one-coloured photo [160, 140, 3] with white 8x8 pupils, as JPEG bytes."""
    pixels = np.full((160, 140, 3), skin(subject, expression), np.uint8)
    for x, y in (LEFT_EYE, RIGHT_EYE):
        pixels[int(y) - 4 : int(y) + 4, int(x) - 4 : int(x) + 4] = 255
    return jpeg(pixels)


@pytest.fixture(scope="session")
def aligned_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aligned_layout")
    (folder / "aligned").mkdir()
    lines = ["file,subject,expression,age,gender,ethnicity,mp_smile"]
    for subject, (age, gender, ethnicity) in PEOPLE.items():
        for expression in NUMBERS:
            file = f"aligned/{subject}_{expression}.jpg"
            (folder / file).write_bytes(jpeg(np.full((256, 256, 3), skin(subject, expression), np.uint8)))
            lines.append(f"{file},{subject},{expression},{age.replace('NA', '')},{gender},{ethnicity},0.5")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def original_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original_layout")
    lines = ["face_id,face_age,face_gender,face_eth"]
    # Written right eye first in one file: the order in the file is not to matter.
    for subject, (age, gender, ethnicity) in PEOPLE.items():
        lines.append(f"{subject},{age},{gender},{ethnicity}")
        for expression, number in NUMBERS.items():
            part = folder / f"{expression}_front"
            part.mkdir(exist_ok=True)
            (part / f"{subject}_{number}.jpg").write_bytes(photo(subject, expression))
            eyes = (RIGHT_EYE, LEFT_EYE) if number == "08" else (LEFT_EYE, RIGHT_EYE)
            points = "\n".join(f"{x:.2f}\t{y:.2f}" for x, y in (*eyes, (10.0, 10.0)))
            (part / f"{subject}_{number}.tem").write_text(f"3\n{points}\n0\n")
    (folder / "london_faces_info.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def original_copy(original_folder, tmp_path):
    return shutil.copytree(original_folder, tmp_path / "copy")


def build(data_dir, manual_dir=None):
    """Build the set and return its examples by id."""
    builder = frl_london.FrlLondon(data_dir=data_dir)
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=manual_dir))
    return {example["id"].decode(): example for example in builder.as_data_source(split="all")}


def check_examples(examples):
    assert sorted(examples) == [f"{subject}_{word}.jpg" for subject in PEOPLE for word in NUMBERS]
    for subject, (age, gender, ethnicity) in PEOPLE.items():
        for word, canonical in (("neutral", "neutral"), ("smiling", "happy")):
            example = examples[f"{subject}_{word}.jpg"]
            assert example["subject"].decode() == subject
            assert example["expression"].decode() == canonical
            assert example["age"] == (-1 if age == "NA" else int(age))
            assert (example["gender"].decode(), example["ethnicity"].decode()) == (gender, ethnicity)
            assert example["image"].shape == (256, 256, 3) and example["image"].dtype == np.uint8
            np.testing.assert_allclose(example["image"][-1, -1], skin(subject, word), atol=3)


def check_pupils(examples):
    for example in examples.values():
        row = int(0.38 * 256)
        assert example["image"][row, [int(0.34 * 256), int(0.66 * 256)]].min() > 240
        assert example["image"][row, 128].max() < 150


def test_builds_from_aligned_pictures(aligned_folder, tmp_path):
    examples = build(tmp_path, aligned_folder)
    check_examples(examples)
    original = Image.open(aligned_folder / "aligned" / "901_neutral.jpg")
    np.testing.assert_array_equal(examples["901_neutral.jpg"]["image"], np.asarray(original))
    assert all(np.isnan(example["landmarks"]).all() for example in examples.values())


def test_without_face_networks_originals_have_no_landmarks(original_folder, tmp_path, monkeypatch, caplog):
    def fail(*_):
        raise UserError("ai-edge-litert is missing")

    monkeypatch.setattr(FaceFinder, "load", fail)
    monkeypatch.setattr(landmarks, "_finder", functools.cache(FINDER.__wrapped__))
    examples = build(tmp_path, original_folder)
    assert all(np.isnan(example["landmarks"]).all() for example in examples.values())
    assert [line for line in caplog.messages if "ai-edge-litert is missing" in line] == [
        "Built without landmarks, so that config.data.registered leaves the set as it is: ai-edge-litert is missing."
    ]


def test_landmarks_that_lie_with_aligned_pictures_are_kept(aligned_folder, tmp_path):
    folder = shutil.copytree(aligned_folder, tmp_path / "copy")
    names = [f"{subject}_{word}" for subject in PEOPLE for word in NUMBERS]
    points = np.random.default_rng(0).uniform(0, 256, (len(names), 478, 2)).astype(np.float32)
    np.savez(folder / "landmarks.npz", names=names, mediapipe478=points)
    examples = build(tmp_path / "records", folder)
    for name, expected in zip(names, points, strict=True):
        np.testing.assert_allclose(examples[f"{name}.jpg"]["landmarks"], expected / 256, rtol=1e-6)


def test_builds_from_originals_with_templates(original_folder, tmp_path):
    examples = build(tmp_path, original_folder)
    check_examples(examples)
    check_pupils(examples)


def test_downloads_when_no_folder_is_named(original_folder, tmp_path, monkeypatch):
    files = {"/people": (original_folder / "london_faces_info.csv").read_bytes()}
    for word in NUMBERS:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as stream:
            for path in sorted((original_folder / f"{word}_front").iterdir()):
                stream.write(path, f"{word}_front/{path.name}")
                stream.writestr(f"__MACOSX/{word}_front/._{path.name}", b"shadow")
        files[f"/{word}"] = archive.getvalue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(files[self.path])))
            self.send_header("Content-Disposition", f"attachment; filename={self.path[1:]}.bin")
            self.end_headers()
            self.wfile.write(files[self.path])

        def log_message(self, *_):
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(frl_london, "URLS", {name[1:]: address + name for name in files})
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            examples = build(tmp_path)
        finally:
            server.shutdown()
    check_examples(examples)
    check_pupils(examples)


def test_a_failed_download_says_what_to_do(tmp_path, monkeypatch):
    def fail(*_):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(tfds.download.DownloadManager, "download", fail)
    with pytest.raises(UserError, match=r"no route to host.*files/8541961.*manual_dir"):
        build(tmp_path)


def test_tells_its_features_licence_and_source(tmp_path):
    builder = frl_london.FrlLondon(data_dir=tmp_path)
    assert builder.name == "frl_london"
    assert builder.info.file_format.value == "array_record"
    names = ["age", "ethnicity", "expression", "gender", "id", "image", "landmarks", "subject"]
    assert sorted(builder.info.features) == names
    assert "CC BY 4.0" in builder.info.description and "DeBruine" in builder.info.citation
    assert tfds.builder("frl_london", data_dir=tmp_path).info.features.keys() == builder.info.features.keys()


def test_tensorflow_is_never_imported(aligned_folder, tmp_path):
    program = (
        "import sys, cdaae_jax.data.frl_london\n"
        "assert 'tensorflow_datasets' not in sys.modules\n"
        "from cdaae_jax.data.frl_london import frl_london_dataset_builder as frl_london\n"
        "import tensorflow_datasets as tfds\n"
        "builder = frl_london.FrlLondon(data_dir=sys.argv[1])\n"
        "config = tfds.download.DownloadConfig(manual_dir=sys.argv[2])\n"
        "builder.download_and_prepare(download_config=config)\n"
        "assert builder.as_data_source(split='full')[0]['image'].shape == (256, 256, 3)\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    root = pathlib.Path(__file__).parents[2]
    arguments = [sys.executable, "-c", program, str(tmp_path), str(aligned_folder)]
    done = subprocess.run(arguments, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_pupils_of_the_known_people_come_with_the_package(original_copy, tmp_path):
    (left_eye, right_eye) = pictures._known_eyes()["001", "neutral"]
    width, height = 200, 200
    for word, number in NUMBERS.items():
        pixels = np.full((height, width, 3), 80, np.uint8)
        for x, y in pictures._known_eyes()["001", word]:
            row, column = round(y * height), round(x * width)
            pixels[row - 4 : row + 4, column - 4 : column + 4] = 255
        (original_copy / f"{word}_front" / f"001_{number}.jpg").write_bytes(jpeg(pixels))
    (original_copy / "london_faces_info.csv").write_text("face_id,face_age,face_gender,face_eth\n001,24,female,white\n")
    examples = build(tmp_path / "records", original_copy)
    assert sorted(examples) == ["001_neutral.jpg", "001_smiling.jpg"]
    check_pupils(examples)
    assert left_eye[0] < right_eye[0]


def test_people_without_pupil_centres_are_left_out(original_copy, tmp_path):
    (original_copy / "smiling_front" / "902_08.tem").unlink()
    examples = build(tmp_path / "records", original_copy)
    assert {name[:3] for name in examples} == {"901", "903"}


def replace(path, old, new):
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "smiling_front" / "902_08.jpg").unlink(), "902_08.jpg is missing"),
        (lambda folder: replace(folder / "london_faces_info.csv", "face_eth", "group"), "lacks face_eth"),
        (lambda folder: replace(folder / "london_faces_info.csv", "NA", "old"), "age 'old'.*whole years"),
        (
            lambda folder: replace(folder / "neutral_front" / "901_03.tem", "3\n", "hello"),
            "not a WebMorph template",
        ),
        (
            lambda folder: replace(folder / "neutral_front" / "901_03.tem", "50.00", "999"),
            "outside the photo",
        ),
        (
            lambda folder: (folder / "neutral_front" / "903_03.jpg").write_bytes(b"not a picture"),
            "cannot be read as a picture",
        ),
        (lambda folder: [path.unlink() for path in folder.glob("*/*.tem")], "nobody whose pupil centres"),
        (lambda folder: shutil.rmtree(folder / "smiling_front"), "does not hold the London set"),
        (lambda folder: shutil.rmtree(folder), "does not hold the London set"),
    ],
)
def test_spoilt_originals_are_refused(original_copy, tmp_path, spoil, message):
    spoil(original_copy)
    with pytest.raises(UserError, match=message):
        build(tmp_path / "records", original_copy)


def test_an_archive_that_is_none_is_refused(original_copy, tmp_path):
    shutil.rmtree(original_copy / "smiling_front")
    (original_copy / "smiling_front.zip").write_text("<html>Please sign in</html>")
    with pytest.raises(UserError, match="is not a zip archive"):
        build(tmp_path / "records", original_copy)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "aligned" / "901_neutral.jpg").unlink(), "901_neutral.jpg.*missing"),
        (
            lambda folder: replace(folder / "metadata.csv", "ethnicity", "group"),
            "lacks ethnicity.*needs the columns",
        ),
        (lambda folder: replace(folder / "metadata.csv", ",smiling,", ",grin,"), "'grin'.*neutral, smiling"),
        (
            lambda folder: (folder / "aligned" / "901_neutral.jpg").write_bytes(photo("901", "neutral")),
            "140x160 pixels.*256x256",
        ),
    ],
)
def test_spoilt_aligned_pictures_are_refused(aligned_folder, tmp_path, spoil, message):
    folder = shutil.copytree(aligned_folder, tmp_path / "copy")
    spoil(folder)
    with pytest.raises(UserError, match=message):
        build(tmp_path / "records", folder)


@pytest.fixture(scope="session")
def real_folder():
    data = os.environ.get("CDAAE_DATA")
    if not data or not (pathlib.Path(data) / "frl_london").is_dir():
        pytest.skip("set CDAAE_DATA to a folder with frl_london/ to test on the real set")
    return pathlib.Path(data) / "frl_london"


def test_the_real_set(real_folder, tmp_path):
    examples = build(tmp_path, real_folder)
    assert len(examples) == 160
    assert len({example["subject"] for example in examples.values()}) == 80
    expressions = [example["expression"] for example in examples.values()]
    assert expressions.count(b"neutral") == expressions.count(b"happy") == 80
    ages = [int(example["age"]) for example in examples.values()]
    assert ages.count(-1) == 4 and max(ages) == 54


@pytest.fixture
def real_originals(real_folder, tmp_path):
    """The real photos that are there in their original framing, laid out as published."""
    originals = tmp_path / "originals"
    people = {}
    with (real_folder / "metadata.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            raw = real_folder / "raw_sample" / pathlib.Path(row["file"]).name
            if raw.exists():
                part = originals / f"{row['expression']}_front"
                part.mkdir(parents=True, exist_ok=True)
                shutil.copy(raw, part / f"{row['subject']}_{NUMBERS[row['expression']]}.jpg")
                people[row["subject"]] = f"{row['subject']},{row['age'] or 'NA'},{row['gender']},{row['ethnicity']}"
    table = ["face_id,face_age,face_gender,face_eth", *people.values()]
    (originals / "london_faces_info.csv").write_text("\n".join(table) + "\n")
    return originals


def test_real_originals_become_the_real_aligned_pictures(real_folder, real_originals, tmp_path):
    examples = build(tmp_path / "records", real_originals)
    assert len(examples) == 24
    for name, example in examples.items():
        aligned = np.asarray(Image.open(real_folder / "aligned" / name), float)
        assert np.abs(example["image"] - aligned).mean() < 2.5


def test_landmarks_are_found_in_real_originals(face_model, real_folder, real_originals, tmp_path, monkeypatch):
    monkeypatch.setenv("CDAAE_FACE_MODEL", str(face_model))
    monkeypatch.setattr(landmarks, "_finder", FINDER.__wrapped__)
    found = build(tmp_path / "found", real_originals)
    known = build(tmp_path / "known", real_folder)
    away = [np.abs(found[name]["landmarks"] - known[name]["landmarks"]).mean() for name in found]
    assert len(away) == 24 and max(away) < 0.01
