"""RaFD, drawn, with its real names and with wrong ones."""

import shutil
import zipfile

import numpy as np
import pytest
import tensorflow_datasets as tfds

from cdaae_jax.data import dataset as datasets
from cdaae_jax.data.rafd.rafd_dataset_builder import Rafd, RafdConfig, config_of
from cdaae_jax.errors import UserError
from cdaae_jax.labels import EMOTIONS

from .records import contents, examples, left_out, report

SMALL = RafdConfig(size=32)


def test_names_are_labels(build, drawn):
    built = build(Rafd, drawn("rafd"), SMALL)
    found = examples(built)
    assert len(found) == 72 and report(built)["not_asked_for"] == {"cameras=frontal": 48}
    one = found["rafd090_44_fearful_left"]
    assert (one["subject"], one["expression"], one["gaze"]) == (b"rafd-44", b"fearful", b"left")
    assert (one["camera"], one["gender"], one["age"], one["frame"]) == (b"frontal", b"male", -1, 0)
    assert one["image"].shape == (32, 32, 3) and one["landmarks"].shape == (478, 2) and "aus" not in one
    assert {each["expression"].decode() for each in found.values()} == set(EMOTIONS)


def test_cameras_and_gazes_are_options(build, drawn):
    folder = drawn("rafd")
    everything = examples(build(Rafd, folder, RafdConfig(size=32, cameras="all")))
    assert len(everything) == 120 and everything["rafd180_02_happy_frontal"]["camera"] == b"180"
    assert len(examples(build(Rafd, folder, RafdConfig(size=32, cameras="half", gazes="frontal")))) == 32


def test_files_that_cannot_be_used_are_listed_and_do_not_stop_the_build(build, drawn):
    folder = drawn("rafd")
    (folder / "Rafd090_01_Caucasian_female_sad_left.jpg").unlink()
    cut = folder / "Rafd090_02_Caucasian_male_happy_frontal.jpg"
    cut.write_bytes(cut.read_bytes()[:300])
    (folder / "Rafd090_44_Moroccan_male_angry_left.jpg").write_text("not a picture")
    # Other folders and cases are no fault; copies are taken once.
    deep = folder / "copies" / "RAFD090_01_CAUCASIAN_FEMALE_HAPPY_LEFT.JPG"
    deep.parent.mkdir()
    shutil.move(folder / "Rafd090_01_Caucasian_female_happy_left.jpg", deep)
    shutil.copy(folder / "Rafd090_02_Caucasian_male_sad_left.jpg", deep.parent)
    for name in ("holiday.jpg", "Rafd090_06_Kid_male_sad_left.jpg", "Rafd090_01_Caucasian_female_sleepy_left.jpg"):
        shutil.copy(deep, folder / name)
    (folder / "Thumbs.db").write_text("")
    built = build(Rafd, folder, SMALL)
    found, out = examples(built), left_out(built)
    assert len(found) == 69 and "rafd090_01_happy_left" in found
    assert out["Rafd090_01_*_sad_left"] == "missing"
    assert "rafd090_02_happy_frontal" in out and "rafd090_44_angry_left" in out
    assert out["holiday.jpg"] == out["Rafd090_01_Caucasian_female_sleepy_left.jpg"]
    assert out["Rafd090_06_Kid_male_sad_left.jpg"] == "the set has nobody of this number"
    assert "the same picture" in out["copies/Rafd090_02_Caucasian_male_sad_left.jpg"] or (
        "the same picture" in out["Rafd090_02_Caucasian_male_sad_left.jpg"]
    )
    assert len(out) == report(built)["left_out"] == 7


def test_archives_are_read_too(build, drawn, tmp_path):
    folder = drawn("rafd")
    (tmp_path / "archives").mkdir()
    with zipfile.ZipFile(tmp_path / "archives" / "RafDDownload.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"rafd/{path.name}")
    built = build(Rafd, tmp_path / "archives", SMALL, tmp_path / "one")
    assert contents(built) == contents(build(Rafd, folder, SMALL, tmp_path / "other"))
    assert [path.name for path in (tmp_path / "archives").iterdir()] == ["RafDDownload.zip"]


def test_everybody_is_in_the_same_split_whoever_else_is_there(build, drawn, tmp_path):
    folder = drawn("rafd")
    first = examples(build(Rafd, folder, SMALL, tmp_path / "one"))
    for path in folder.glob("*_02_*"):
        path.unlink()
    second = examples(build(Rafd, folder, SMALL, tmp_path / "other"))
    assert len(second) == 48
    for name, each in second.items():
        assert each["split"] == first[name]["split"]


def test_another_set_or_no_set_is_refused_in_one_line(build, drawn, tmp_path):
    with pytest.raises(UserError, match=r"does not hold rafd.*first: ActionUnit_Labels.*expected pictures such as"):
        build(Rafd, drawn("disfa"), SMALL)
    with pytest.raises(UserError, match="there is no folder .*/nowhere; it must hold"):
        build(Rafd, tmp_path / "nowhere", SMALL)
    builder = Rafd(data_dir=tmp_path / "tfds", config=SMALL)
    config = tfds.download.DownloadConfig()
    with pytest.raises(UserError, match=r"cannot be downloaded: researchers ask for it at https.*DATA/rafd"):
        builder.download_and_prepare(download_config=config, download_dir=tmp_path / "downloads")


def test_a_set_of_which_nothing_can_be_used_is_refused(build, drawn):
    folder = drawn("rafd")
    for path in folder.iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match=r"none of the 72 pictures of rafd can be used \(first: rafd090_01_angry"):
        build(Rafd, folder, SMALL)


def test_a_training_reads_it_by_one_line(fake_aligner, drawn, monkeypatch, tmp_path):
    from cdaae_jax.config import Data

    drawn("rafd")
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path / "home"))
    data = Data(manifests=("tfds:rafd/32?gazes=frontal",), held_out=1)
    faces = datasets.load(data, tmp_path / "published", 32)
    assert len(faces) == 24 and faces.space.names == EMOTIONS
    assert faces.people == ("rafd-01", "rafd-02", "rafd-44")
    np.testing.assert_array_equal(faces.labels.sum(axis=0), np.full(8, 3.0))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("96x96", {}, "size is '96x96'; use a whole number from 32 to 1024"),
        ("16", {}, "size is 16; use a whole number from 32 to 1024"),
        ("", {"camera": "all"}, "rafd has no option 'camera'; known: cameras"),
        ("", {"cameras": "left"}, "cameras is 'left'; use frontal, half or all"),
        ("", {"crop": "wide"}, "crop is 'wide'; use a number from 1 to 3"),
        ("", {"size": "64"}, "the size stands behind a slash: rafd/128"),
    ],
)
def test_options_that_cannot_be_used_are_refused(name, options, message):
    with pytest.raises(UserError, match=message):
        config_of(name, options)


def test_different_builds_have_different_names():
    assert config_of("", {}) is Rafd.builder_configs["256"]
    assert config_of("128", {"cameras": "all", "crop": "1.5"}).name == "128-crop1.5-camerasall"
