"""Builders that align with a stand-in for the networks, and folders of drawn sets."""

import drawn_sets
import fake_faces
import pytest
import tensorflow_datasets as tfds

from cdaae_jax.data.building.builder import AlignedSet


@pytest.fixture
def fake_aligner(monkeypatch):
    """No networks: the middle of each picture is its aligned face."""
    monkeypatch.setattr(AlignedSet, "load_aligner", staticmethod(fake_faces.load_for_sets))


@pytest.fixture
def build(fake_aligner, tmp_path):
    """Returns the function that builds a set from a folder into a folder, in this process, and returns the builder."""

    def build(builder, folder, config, into=tmp_path / "tfds", workers=1):
        made = builder(data_dir=into, config=config, workers=workers)
        made.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=folder))
        return made

    return build


@pytest.fixture
def drawn(tmp_path):
    """Returns the function that draws a set's folder and returns it."""

    def drawn(name, **options):
        folder = tmp_path / "published" / name
        getattr(drawn_sets, name)(folder, **options)
        return folder

    return drawn
