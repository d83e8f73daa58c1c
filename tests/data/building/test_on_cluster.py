"""Builds with Apache Beam's DirectRunner, what a stopped one leaves, and options that are none."""

import sys

import fake_faces
import pytest
import tensorflow_datasets as tfds

from cdaae_jax.data import tfds_source
from cdaae_jax.data.building import builder as building
from cdaae_jax.data.building import outcome_notes
from cdaae_jax.data.building.builder import AlignedSet
from cdaae_jax.data.rafd.rafd_dataset_builder import Rafd, RafdConfig
from cdaae_jax.errors import UserError

from .records import contents, examples

SMALL = RafdConfig(size=32)
PICTURES = 72


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Beam and what it brings
def test_beam_builds_what_one_machine_builds(build, drawn, tmp_path, monkeypatch):
    pytest.importorskip("apache_beam", reason="needs apache-beam: pip install 'cdaae_jax[beam]'")
    folder = drawn("rafd")
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path / "tfds"))
    (folder / "Rafd090_02_Caucasian_female_happy_frontal.jpg").write_bytes(b"no picture")
    tfds_source.build("rafd/32", folder.parent, ("runner=DirectRunner", "direct_num_workers=2"))
    built = Rafd(data_dir=tmp_path / "tfds", config=SMALL)
    alone = build(Rafd, folder, SMALL, tmp_path / "alone")
    written = contents(built)
    assert written.pop("rafd-train.shard_infos.json")  # TFDS leaves it where Beam writes records
    assert written == contents(alone) and len(examples(built)) == PICTURES - 1
    assert [path.name for path in (tmp_path / "tfds" / "rafd" / "32").iterdir()] == ["1.0.0"]
    with pytest.raises(UserError, match="--beam lacks the runner; write for example --beam=runner=DirectRunner"):
        tfds_source.build("rafd/64", folder.parent, ("direct_num_workers=2",))


def test_what_other_machines_have_aligned_is_not_aligned_again(build, drawn, tmp_path, monkeypatch):
    folder, asked = drawn("rafd"), []

    class Cluster:
        """Does some of the pieces, and is stopped."""

        @staticmethod
        def align_all(work, align, load_aligner, output, runner, options):
            assert (runner, options) == ("somewhere", None)
            for piece in work[:20]:
                outcome_notes.write(output, align(load_aligner(), piece))
            raise KeyboardInterrupt
            yield

    monkeypatch.setattr(building, "on_cluster", lambda: Cluster)
    started = Rafd(data_dir=tmp_path / "tfds", config=SMALL, workers=1)
    with pytest.raises(KeyboardInterrupt):
        started.download_and_prepare(
            download_config=tfds.download.DownloadConfig(manual_dir=folder, beam_runner="somewhere")
        )

    def counting(geometry):
        align = fake_faces.load_for_sets(geometry)
        return lambda photo, size: asked.append(1) or align(photo, size)

    monkeypatch.setattr(AlignedSet, "load_aligner", staticmethod(counting))
    built = build(Rafd, folder, SMALL)
    assert len(asked) == PICTURES - 20 and len(examples(built)) == PICTURES
    assert contents(built) == contents(build(Rafd, folder, SMALL, tmp_path / "alone"))


def test_without_beam_it_is_said_what_to_install(drawn, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    monkeypatch.delitem(sys.modules, "cdaae_jax.data.building.on_cluster", raising=False)
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path / "tfds"))
    with pytest.raises(UserError, match=r"--beam needs apache-beam \(.*pip install 'cdaae_jax\[beam\]'"):
        tfds_source.build("rafd/32", drawn("rafd").parent, ("runner=DirectRunner",))
    with pytest.raises(UserError, match="synthetic_faces is built in this process alone; leave --beam out"):
        tfds_source.build("synthetic_faces/64?people=3", None, ("runner=DirectRunner",))
