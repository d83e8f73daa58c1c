"""The set of synthetic people: who is in which split, what is written, and that the truth is what was drawn."""

import dataclasses
import hashlib
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds

from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import tfds_source
from cdaae_jax.data.records import Skipped
from cdaae_jax.data.synthetic_faces import portraits, renderer
from cdaae_jax.data.synthetic_faces import synthetic_faces_dataset_builder as synthetic_faces
from cdaae_jax.data.synthetic_faces.emotions import RECIPES
from cdaae_jax.data.synthetic_faces.truth import truth, truth_batch
from cdaae_jax.errors import UserError
from cdaae_jax.labels import EMOTIONS, LabelSpace

SIZE = 32  # one size for all pictures here: one compilation
SPEC = "synthetic_faces/32?people=4&au_pictures=2"
CONFIG = synthetic_faces.FacesConfig(size=SIZE, people=4, au_pictures=2)


def build(data_dir, config=CONFIG):
    builder = synthetic_faces.SyntheticFaces(data_dir=data_dir, config=config)
    builder.download_and_prepare()
    return builder


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Where the tiny set of 4 people with 10 pictures each was built."""
    folder = tmp_path_factory.mktemp("tfds")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def examples(built):
    """The tiny set's examples by id."""
    return {example["id"].decode(): example for example in build(built).as_data_source(split="all")}


@pytest.fixture
def as_home(built, monkeypatch):
    """The tiny set lies where TFDS keeps what it builds."""
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(built))


# --- who and what ---------------------------------------------------------------------------------------------------


def test_every_person_is_in_one_split_and_the_last_ids_are_the_test(built):
    builder = build(built)
    people = {
        split: sorted({example["subject"].decode() for example in builder.as_data_source(split=split)})
        for split in ("train", "validation", "test")
    }
    assert people == {"train": ["p000000", "p000001"], "validation": ["p000002"], "test": ["p000003"]}
    assert {name: info.num_examples for name, info in builder.info.splits.items()} == {
        "train": 20,
        "validation": 10,
        "test": 10,
    }


def test_the_default_holds_120_people_with_32_pictures_88_16_and_16():
    config = synthetic_faces.FacesConfig()
    assert (config.name, config.size, config.people, len(portraits.portraits(0, config.au_pictures))) == (
        "64",
        64,
        120,
        32,
    )
    assert [len(people) for people in config.split_people().values()] == [88, 16, 16]
    held_out = [portraits.subject_id(person) for person in config.split_people()["test"]]
    everyone = sorted(portraits.subject_id(person) for people in config.split_people().values() for person in people)
    assert everyone[-Data().held_out :] == held_out and len(set(everyone)) == 120


@pytest.mark.parametrize("people", [3, 4, 5, 11, 40, 1000])
def test_any_number_of_people_is_split_without_overlap(people):
    splits = synthetic_faces.FacesConfig(people=people, seed=7).split_people()
    assert [person for split in splits.values() for person in split] == list(range(7, 7 + people))
    assert all(len(split) > 0 for split in splits.values())


def test_a_set_of_other_people_has_other_ids():
    first = {portraits.subject_id(n) for people in CONFIG.split_people().values() for n in people}
    after = synthetic_faces.FacesConfig(**{**dataclasses.asdict(CONFIG), "seed": 4})
    assert not first & {portraits.subject_id(n) for people in after.split_people().values() for n in people}


def test_what_is_written(examples):
    assert len(examples) == 40
    for person in range(4):
        for portrait in portraits.portraits(person, 2):
            example = examples[f"p{person:06d}_{portrait.name}"]
            assert example["image"].shape == (SIZE, SIZE, 3) and example["image"].dtype == np.uint8
            assert (example["subject"].decode(), example["seed"]) == (f"p{person:06d}", person)
            assert example["expression"].decode() == portrait.expression
            assert {name: value for name, value in example["aus"].items() if value} == {
                name: value for name, value in zip(renderer.AU_NAMES, portrait.aus.tolist(), strict=True) if value
            }


def test_a_person_is_a_person_and_an_expression_changes_it(examples):
    neutral = {person: examples[f"p{person:06d}_neutral"]["image"].astype(float) for person in range(4)}
    surprised = examples["p000000_surprised"]["image"]
    changed = np.abs(neutral[0] - surprised).mean()
    assert 1.0 < changed < min(np.abs(neutral[0] - neutral[person]).mean() for person in (1, 2, 3))


# --- the same again -------------------------------------------------------------------------------------------------


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.array_record*")}


def test_building_again_gives_the_same_bytes(built, tmp_path):
    build(tmp_path)
    assert len(digests(built)) == 3 and digests(tmp_path) == digests(built)


def test_a_built_set_is_not_built_again(built, monkeypatch):
    monkeypatch.setattr(renderer, "render_batch", None)
    assert build(built).is_prepared()


def test_an_interrupted_build_leaves_nothing_that_looks_like_a_set(tmp_path, monkeypatch):
    original, calls = renderer.render_batch, []

    def interrupt(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(renderer, "render_batch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path)
    builder = synthetic_faces.SyntheticFaces(data_dir=tmp_path, config=CONFIG)
    assert not builder.is_prepared() and not list(tmp_path.rglob("*array_record*"))


def test_two_that_build_at_once_both_read_the_first_ones(tmp_path, built, monkeypatch):
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path))
    original = renderer.render_batch

    def overtaken(*arguments):
        shutil.copytree(built, tmp_path, dirs_exist_ok=True)
        return original(*arguments)

    monkeypatch.setattr(renderer, "render_batch", overtaken)
    assert len(tfds_source.read(SPEC, None, SIZE, Skipped())) == 40
    assert digests(tmp_path) == digests(built)


# --- options --------------------------------------------------------------------------------------------------------


def test_options_change_what_they_name(tmp_path):
    def config(spec):
        path, _, query = spec.partition("?")
        return synthetic_faces.config_of(path, dict(pair.split("=") for pair in query.split("&") if pair))

    def features(spec):
        return synthetic_faces.SyntheticFaces(data_dir=tmp_path, config=config(spec)).info.features

    assert config("") is config("64") is config("?people=120&seed=0")
    names = {spec: config(spec).name for spec in ("64", "128", "96?people=40&seed=7", "64?au_pictures=0")}
    assert list(names.values()) == ["64", "128", "96-people40-seed7", "64-au_pictures0"]
    assert features("128")["image"].shape == (128, 128, 3) and features("96?seed=2")["image"].shape == (96, 96, 3)
    assert config("64?people=40&seed=7").split_people()["train"] == range(7, 37)
    assert config("64?people=10&au_pictures=3").au_pictures == 3


def test_the_named_sets_are_known_to_tfds(tmp_path):
    for size in (64, 128):
        builder = tfds.builder(f"synthetic_faces/{size}", data_dir=tmp_path)
        assert builder.info.features["image"].shape == (size, size, 3)
        assert builder.info.file_format.value == "array_record"
    assert "do not exist" in builder.info.description and "cdaae_jax" in builder.info.citation
    assert "Apache" in (builder.info.redistribution_info.license or builder.info.description)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("synthetic_faces/64?peple=4", "no option 'peple'; known: people"),
        ("synthetic_faces?size=96", "no option 'size'.*synthetic_faces/128"),
        ("synthetic_faces/big", "size is 'big'; use a whole number"),
        ("synthetic_faces/8", "size is 8; use a whole number from 16 to 512"),
        ("synthetic_faces/64?people=2", "people is 2; use a whole number from 3"),
        ("synthetic_faces/64?people=-4", "people is '-4'; use a whole number"),
        ("synthetic_faces/64?people=", "people is ''; use a whole number"),
        ("synthetic_faces/64?seed=999990", "120 people from number 999990 on go past the last, 999999"),
        ("synthetic_faces/64?au_pictures=101", "au_pictures is 101; use a whole number from 0 to 100"),
        ("synthetic_faces/64?people", "not a list of options; write for example"),
        ("synthetic_faces/64?people=4&people=5", "gives an option twice"),
        ("frl_london/64", "frl_london has neither configurations nor options; write tfds:frl_london"),
        ("frl_london?people=4", "frl_london has neither configurations nor options"),
    ],
)
def test_unusable_options_are_refused_in_one_line(spec, message):
    with pytest.raises(UserError, match=message) as caught:
        tfds_source.read(spec, None, SIZE, Skipped())
    assert "\n" not in str(caught.value)


# --- as training data -----------------------------------------------------------------------------------------------


def test_emotions_are_read_with_their_names(as_home, caplog):
    data = Data(manifests=(f"tfds:{SPEC}",), held_out=1)
    faces = datasets.load(data, None, SIZE)
    assert len(faces) == 32 and faces.space == LabelSpace("emotion", EMOTIONS)
    for record, label in zip(faces.records, faces.labels, strict=True):
        np.testing.assert_array_equal(label, np.eye(8, dtype=np.float32)[EMOTIONS.index(record.expression)])
    assert "skipped 8: photo without an expression" in caplog.text
    training, _, held_out = datasets.split(faces, data)
    assert (training.people, held_out.people) == (("p000000", "p000001", "p000002"), ("p000003",))


def test_aus_are_read_with_their_intensities_emotions_with_their_recipes(as_home, examples):
    faces = datasets.load(Data(manifests=(f"tfds:{SPEC}",), label_kind="au", held_out=1), None, SIZE)
    shown = {name for example in examples.values() for name, value in example["aus"].items() if value}
    assert len(faces) == 40 and set(faces.space.names) == shown
    happy = [record.expression == "happy" for record in faces.records].index(True)
    expected = [RECIPES["happy"].get(name, 0.0) / 5.0 for name in faces.space.names]
    np.testing.assert_array_equal(faces.labels[happy], np.float32(expected))
    neutral = [faces.records[i].expression for i in faces.most_neutral()]
    assert neutral == ["neutral"] * 4


def test_only_the_aus_that_are_asked_for(as_home):
    data = Data(manifests=(f"tfds:{SPEC}",), label_kind="au", label_names=("AU12", "au6"), held_out=1)
    assert datasets.load(data, None, SIZE).space.names == ("AU12", "AU6")


def test_tensorflow_and_a_network_are_never_needed(built):
    program = (
        "import sys, socket\n"
        "import cdaae_jax.data.synthetic_faces.truth\n"
        "assert 'tensorflow_datasets' not in sys.modules\n"
        "socket.socket.connect = socket.getaddrinfo = None\n"
        "from cdaae_jax.data.synthetic_faces import synthetic_faces_dataset_builder as synthetic_faces\n"
        "config = synthetic_faces.FacesConfig(size=32, people=4, au_pictures=2)\n"
        "builder = synthetic_faces.SyntheticFaces(data_dir=sys.argv[1], config=config)\n"
        "builder.download_and_prepare()\n"
        "assert builder.as_data_source(split='test')[0]['image'].shape == (32, 32, 3)\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    root = pathlib.Path(__file__).parents[2]
    arguments = [sys.executable, "-c", program, str(built)]
    done = subprocess.run(arguments, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# --- truth ----------------------------------------------------------------------------------------------------------


def test_truth_is_the_sets_picture_byte_for_byte(as_home, examples):
    for kind in ("emotion", "au"):
        faces = datasets.load(Data(manifests=(f"tfds:{SPEC}",), label_kind=kind, held_out=1), None, SIZE)
        people = [record.subject for record in faces.records]
        pictures = truth_batch(people, list(faces.labels), SIZE, faces.space)
        np.testing.assert_array_equal(pictures, np.stack([record.load() for record in faces.records]))
    np.testing.assert_array_equal(truth("p000002", "angry", SIZE), examples["p000002_angry"]["image"])
