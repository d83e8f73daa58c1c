"""The project's TFDS builders as records: built on first use, read without their folder afterwards."""

import io
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import tfds_source
from cdaae_jax.data.pipeline import Photos
from cdaae_jax.data.records import Skipped
from cdaae_jax.errors import UserError

WORDS = {"neutral": "neutral", "smiling": "happy"}


@pytest.fixture
def tfds_folder(tmp_path, monkeypatch):
    """Where TFDS keeps what it builds: what TFDS_DATA_DIR is when TFDS is imported."""
    folder = tmp_path / "tfds"
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(folder))
    return folder


@pytest.fixture
def root(tmp_path):
    """A data folder with a London set of two people."""
    folder = tmp_path / "data" / "frl_london"
    folder.mkdir(parents=True)
    rows = ["file,subject,expression,age,gender,ethnicity"]
    for i, subject in enumerate(("901", "902")):
        for k, word in enumerate(WORDS):
            blocks = np.random.default_rng([i, k]).integers(0, 256, (4, 4, 3), np.uint8)
            Image.fromarray(blocks.repeat(64, 0).repeat(64, 1)).save(folder / f"{subject}_{word}.jpg", quality=95)
            rows.append(f"{subject}_{word}.jpg,{subject},{word},30,female,white")
    (folder / "metadata.csv").write_text("\n".join(rows))
    return folder.parent


def read(root, name="frl_london", smallest=64, skipped=None):
    return tfds_source.read(name, root, smallest, Skipped() if skipped is None else skipped)


def test_a_set_is_built_from_the_data_folder_and_then_read_without_it(tfds_folder, root):
    expected = {
        (subject, WORDS[word]): np.asarray(Image.open(root / "frl_london" / f"{subject}_{word}.jpg"))
        for subject in ("901", "902")
        for word in WORDS
    }
    for folder in (root, None):
        records = read(folder)
        assert {(record.subject, record.expression) for record in records} == expected.keys()
        assert all(record.aus is None and record.name.startswith("frl_london[") for record in records)
        for record in records:
            picture = record.load()
            assert picture.dtype == np.uint8
            np.testing.assert_array_equal(picture, expected[record.subject, record.expression])
        shutil.rmtree(root, ignore_errors=True)
    assert any(tfds_folder.glob("frl_london/*/*.array_record*"))


def test_a_builder_takes_the_place_of_a_manifest(tfds_folder, root):
    data = Data(manifests=("tfds:frl_london",), held_out=1)
    dataset = datasets.load(data, root, 64)
    assert dataset.people == ("901", "902") and len(dataset) == 4
    assert dataset.space.names == ("neutral", "happy")
    train, _, test = datasets.split(dataset, data)
    assert (train.people, test.people) == (("901",), ("902",))
    # Several threads read at once.
    assert Photos(dataset, 64, cache_gib=0)[np.arange(4).repeat(8)].shape == (32, 64, 64, 3)
    with pytest.raises(UserError, match="no photo of tfds:frl_london has a label of kind 'au'"):
        datasets.load(Data(manifests=("tfds:frl_london",), label_kind="au"), root, 64)


def test_a_set_with_pictures_that_are_too_small_is_left_out_and_said(tfds_folder, root):
    skipped = Skipped()
    assert read(root, smallest=257, skipped=skipped) == []
    assert skipped.lines() == ["skipped 1: TFDS set with pictures smaller than 257 px (first: frl_london)"]
    assert len(read(root, smallest=256, skipped=skipped)) == 4


def test_an_unknown_builder_is_refused_with_those_that_are_known(root):
    with pytest.raises(UserError, match="unknown TFDS builder 'frl_londn'; known: frl_london"):
        read(root, "frl_londn")


def test_a_folder_that_does_not_hold_the_set_is_refused(tfds_folder, root):
    (root / "frl_london" / "metadata.csv").unlink()
    with pytest.raises(UserError, match="frl_london does not hold the London set"):
        read(root)
    assert not list(tfds_folder.glob("frl_london/*"))


@pytest.mark.parametrize("folder", [None, pathlib.Path("nowhere")])
def test_without_a_folder_the_set_is_downloaded(tfds_folder, monkeypatch, folder):
    def fail(*_):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(tfds.download.DownloadManager, "download", fail)
    with pytest.raises(UserError, match="could not be downloaded .no route to host.*manual_dir"):
        read(folder)


class Faces(tfds.core.GeneratorBasedBuilder):
    """Photos of one grey; takes the fields of each but the picture."""

    VERSION = tfds.core.Version("1.0.0")
    SKIP_REGISTERING = True

    def __init__(self, photos, **kwargs):
        self.photos = photos
        super().__init__(file_format="array_record", **kwargs)

    def _info(self):
        image = tfds.features.Image(shape=(64, 64, 3), dtype=np.uint8, encoding_format="png")
        kinds = {str: tfds.features.Text(), float: np.float32}
        one = {
            name: {inner: np.float32 for inner in value} if isinstance(value, dict) else kinds[type(value)]
            for name, value in self.photos[0].items()
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"image": image, **one}), disable_shuffling=True
        )

    def _split_generators(self, dl_manager):
        return {"full": ((i, {"image": self.photo(i), **photo}) for i, photo in enumerate(self.photos))}

    def photo(self, i):
        file = io.BytesIO()
        Image.new("RGB", (64, 64), (i % 256,) * 3).save(file, "PNG")
        return file.getvalue()

    def _generate_examples(self):
        raise AssertionError


@pytest.fixture
def built(monkeypatch, tmp_path):
    """Makes `faces` a set of photos with the given fields, and returns its folder."""

    def of(*photos):
        builder = Faces(photos, data_dir=tmp_path / str(len(list(tmp_path.iterdir()))))
        builder.download_and_prepare()
        monkeypatch.setattr(tfds_source, "_builder", lambda spec: builder)
        return pathlib.Path(builder.data_dir)

    return of


def test_a_feature_may_say_the_split(built):
    built(*({"subject": f"s{i}", "expression": "happy", "split": name} for i, name in enumerate(("train", "test"))))
    records = read(None, "faces")
    assert [(record.subject, record.split) for record in records] == [("s0", "train"), ("s1", "test")]
    assert [record.key for record in records] == [f"faces/1.0.0[{i}]" for i in range(2)]
    assert [record.name for record in records] == [f"faces[{i}]" for i in range(2)]
    built({"subject": "s0", "expression": "happy", "split": "dev"})
    with pytest.raises(UserError, match=r"^faces\[0\]: split is 'dev'; allowed: train, validation, test"):
        read(None, "faces")


def test_small_fields_come_with_the_size_of_the_picture_instead_of_it(built):
    built(
        {"subject": "ä", "expression": "", "aus": {"AU1": 0.0, "AU12": 2.5}},
        {"subject": "b", "expression": "", "aus": {"AU1": 0.0, "AU12": 0.0}},
    )
    first, second = read(None, "faces")
    assert (first.subject, first.expression, first.aus) == ("ä", None, {"AU1": 0.0, "AU12": 2.5})
    assert second.aus == {"AU1": 0.0, "AU12": 0.0}
    assert [first.num_bytes, second.num_bytes] == [len(Faces.photo(None, i)) for i in range(2)]
    assert (second.load() == 1).all() and second.load().shape == (64, 64, 3)


def test_more_records_than_are_read_at_once(built):
    count = 1030
    built(*({"subject": f"s{i}", "expression": "sad"} for i in range(count)))
    records = read(None, "faces")
    assert [record.subject for record in records] == [f"s{i}" for i in range(count)]
    assert (records[1029].load() == 1029 % 256).all()


@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_shard_is_named(built, cut):
    folder = built(*({"subject": f"s{i}", "expression": "sad"} for i in range(20)))
    records = read(None, "faces")
    (shard,) = folder.glob("*.array_record*")
    content = bytearray(shard.read_bytes())
    if cut:
        del content[len(content) // 2 :]
    else:
        content[100:140] = bytes(40)
    shard.unlink()  # the records hold the old file open
    shard.write_bytes(content)
    with pytest.raises(UserError, match=r"^faces cannot be read near its record 0 \(.*restore its files"):
        read(None, "faces")
    shard.unlink()
    with pytest.raises(UserError, match=r"^faces cannot be read near its record 0 \(.*No such file"):
        read(None, "faces")
    assert records[0].load().shape == (64, 64, 3)
