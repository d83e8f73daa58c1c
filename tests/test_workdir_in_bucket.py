"""Workdirs and data in a bucket: one in memory, reached through the library that reaches the real ones."""

import dataclasses
import errno
import importlib.util
import shutil
import threading
import time

import fsspec
import jax
import numpy as np
import pytest
from support import make_sampler, make_tiny_config

from cdaae_jax import Sampler, UserError, buckets, checkpoint, workdir_in_bucket
from cdaae_jax.buckets import Bucket
from cdaae_jax.errors import Stopped
from cdaae_jax.exporting import model, trial
from cdaae_jax.training.loop import train
from cdaae_jax.workdir_in_bucket import mirrored


@pytest.fixture
def address(tmp_path, monkeypatch):
    """An empty bucket, and a machine that has no copies yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(workdir_in_bucket, "SECONDS", 0.05)
    yield "memory://bucket/run"
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def another_machine(tmp_path):
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)


def names(address):
    return set(Bucket(address).versions())


def config_of(steps):
    config = make_tiny_config()
    return dataclasses.replace(config, run=dataclasses.replace(config.run, steps=steps))


def test_a_training_goes_on_from_a_bucket_on_another_machine(address, faces_manifest, tmp_path):
    data = faces_manifest.parent
    Bucket("memory://bucket/data")._system.put(str(data), "/bucket/data", recursive=True)
    train(config_of(4), address, "memory://bucket/data")
    assert {"metrics.jsonl", "config.json", "checkpoints/2/UPLOADED", "checkpoints/4/UPLOADED"} <= names(address)
    assert "RUNNING" not in names(address) and not any(name.startswith(".") for name in names(address))
    another_machine(tmp_path)
    last = train(config_of(6), address, "memory://bucket/data")
    steps = {name.split("/")[1] for name in names(address) if name.startswith("checkpoints/")}
    assert steps == {"4", "6"}  # keep_checkpoints
    whole = train(config_of(6), tmp_path / "whole", data)
    jax.tree.map(np.testing.assert_array_equal, last, whole)
    # Sampling opens it, on a machine that has seen nothing of it.
    another_machine(tmp_path)
    photo = trial.faces(None, 32)[0]
    expected = Sampler.from_checkpoint(tmp_path / "whole").edit(photo, "happy")
    np.testing.assert_array_equal(Sampler.from_checkpoint(address).edit(photo, "happy"), expected)
    np.testing.assert_array_equal(Sampler.from_checkpoint(f"{address}/checkpoints/6").edit(photo, "happy"), expected)


def test_the_one_before_is_used_if_the_newest_is_damaged_and_the_bucket_gets_a_good_one(
    address, faces_manifest, tmp_path, caplog
):
    train(config_of(4), address, faces_manifest.parent)
    bucket = Bucket(address)
    largest = max(bucket._system.find("/bucket/run/checkpoints/4/train"), key=bucket._system.size)
    bucket._system.pipe_file(largest, bucket._system.cat_file(largest)[: bucket._system.size(largest) // 2])
    another_machine(tmp_path)
    last = train(config_of(4), address, faces_manifest.parent)
    assert "using step 2 instead" in caplog.text and int(last.step) == 4
    another_machine(tmp_path)
    caplog.clear()
    with mirrored(address) as folder:
        assert int(checkpoint.restore(folder, last).step) == 4
    assert "damaged" not in caplog.text


def test_a_run_that_was_removed_from_the_bucket_does_not_come_back(address):
    with mirrored(address) as folder:
        write_checkpoint(folder, 2)
        (folder / "metrics.jsonl").write_text("{}")
    Bucket(address).remove("")
    with mirrored(address) as folder:
        assert not checkpoint.steps(folder) and not (folder / "metrics.jsonl").exists()
    assert not names(address)


def test_a_checkpoint_that_is_removed_while_it_is_copied_is_copied_whole(address, monkeypatch):
    upload = Bucket.upload

    def slow(bucket, file, name):
        if "checkpoints/2/" in name:
            shutil.rmtree(folder / "checkpoints" / "2", ignore_errors=True)
        upload(bucket, file, name)

    monkeypatch.setattr(Bucket, "upload", slow)
    with mirrored(address) as folder:
        write_checkpoint(folder, 2)
        wait_until(lambda: "checkpoints/2/UPLOADED" in names(address))
        assert Bucket(address).read("checkpoints/2/model/a") == b"content" and not checkpoint.steps(folder)
        write_checkpoint(folder, 4)
    assert {name for name in names(address) if "UPLOADED" in name} == {"checkpoints/4/UPLOADED"}


def test_a_checkpoint_that_is_being_removed_does_not_count(address, monkeypatch):
    link = workdir_in_bucket.os.link

    def gone(source, target):
        if "checkpoints/2/" in str(source):
            shutil.rmtree(folder / "checkpoints" / "2")
        link(source, target)

    monkeypatch.setattr(workdir_in_bucket.os, "link", gone)
    with mirrored(address) as folder:
        write_checkpoint(folder, 2)
        wait_until(lambda: not checkpoint.steps(folder))
    assert not [name for name in names(address) if "UPLOADED" in name]


def test_a_file_system_without_links_will_do(address, monkeypatch):
    def refused(*_):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(workdir_in_bucket.os, "link", refused)
    with mirrored(address) as folder:
        write_checkpoint(folder, 2)
    assert Bucket(address).read("checkpoints/2/model/a") == b"content"


def test_a_run_that_was_taken_over_copies_nothing_more_and_ends(address):
    told = threading.Event()
    with pytest.raises(UserError, match="taken over by process 1 on another machine, abc while .* let that one train"):
        with mirrored(address, told.set) as folder:
            Bucket(address).write("RUNNING", b"process 1 on another machine, abc 7")
            assert told.wait(10)
            write_checkpoint(folder, 2)
    assert names(address) == {"RUNNING"}
    with mirrored(address) as folder:  # the other has ended without a word
        assert not checkpoint.steps(folder)


def test_a_training_that_was_taken_over_stops(address, faces_manifest, monkeypatch):
    begun = threading.Event()
    monkeypatch.setattr("cdaae_jax.training.writers.Writer.advance", lambda *_: begun.set())

    def another():
        begun.wait(60)
        Bucket(address).write("RUNNING", b"process 1 on another machine, abc 7")

    thread = threading.Thread(target=another)
    thread.start()
    with pytest.raises(UserError, match="taken over by process 1"):
        train(config_of(1_000_000), address, faces_manifest.parent)
    thread.join()


def write_checkpoint(folder, step):
    """Makes what counts as a complete checkpoint, at once as orbax does."""
    (folder / "making" / "model").mkdir(parents=True)
    (folder / "making" / "model" / "a").write_bytes(b"content")
    (folder / "checkpoints").mkdir(exist_ok=True)
    (folder / "making").rename(folder / "checkpoints" / str(step))


def wait_until(true):
    due = time.monotonic() + 30
    while not true():
        assert time.monotonic() < due
        time.sleep(0.01)


def test_what_a_killed_run_did_not_finish_copying_does_not_count(address, tmp_path):
    bucket = Bucket(address)
    for name in ("checkpoints/2/model/a", "checkpoints/2/UPLOADED", "checkpoints/4/model/a", "RUNNING"):
        bucket.write(name, b"content")
    with mirrored(address) as folder:
        assert checkpoint.steps(folder) == [2] and not list(folder.glob("arriving*"))
        assert (folder / "checkpoints" / "2" / "model" / "a").read_bytes() == b"content"
        assert not (folder / "checkpoints" / "2" / "UPLOADED").exists()


def test_what_could_not_be_copied_is_copied_by_the_next_run_on_this_machine(address, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(Bucket, "upload", lambda *_: (_ for _ in ()).throw(UserError("cannot write to it")))
        with pytest.raises(UserError, match="cannot write to it; what the run wrote is in .*, and the same command"):
            with mirrored(address) as folder:
                (folder / "checkpoints" / "2").mkdir(parents=True)
                (folder / "checkpoints" / "2" / "model").write_bytes(b"content")
                time.sleep(0.3)  # it has tried more than once
    assert "checkpoints/2/UPLOADED" not in names(address)
    with mirrored(address) as folder:
        assert {"checkpoints/2/model", "checkpoints/2/UPLOADED"} <= names(address)


def test_a_file_system_is_a_bucket_too(address, tmp_path):
    place = f"file://{tmp_path}/mounted/run"
    with mirrored(place) as folder:
        (folder / "checkpoints" / "2").mkdir(parents=True)
        (folder / "checkpoints" / "2" / "model").write_bytes(b"content")
    assert names(place) == {"checkpoints/2/model", "checkpoints/2/UPLOADED"}


def test_a_copy_that_starts_empty_empties_no_bucket(address, tmp_path):
    Bucket(address).write("checkpoints/2/model", b"content")
    Bucket(address).write("checkpoints/2/UPLOADED", b"complete")
    with mirrored(address) as folder:
        shutil.rmtree(folder / "checkpoints")
        time.sleep(0.3)
    assert "checkpoints/2/UPLOADED" in names(address)


def test_a_second_run_is_refused_while_the_first_is_at_work_and_not_afterwards(address, tmp_path, monkeypatch):
    ready, end = threading.Event(), threading.Event()

    def first():
        with mirrored(address):
            ready.set()
            end.wait(30)

    run = threading.Thread(target=first)
    run.start()
    ready.wait(30)
    try:
        with pytest.raises(UserError, match="is in use: process .* is training there; wait until it ends"):
            with mirrored(address):
                pytest.fail("both at once")
    finally:
        end.set()
        run.join()
    Bucket(address).write("RUNNING", b"process 1 on a machine that is gone, abc 7")
    with mirrored(address):
        assert b"that is gone" not in Bucket(address).read("RUNNING")


def test_a_run_that_is_stopped_has_copied_its_checkpoint(address, faces_manifest, monkeypatch):
    monkeypatch.setattr("cdaae_jax.training.signals.StopSignals.deferred", lambda _: lambda step: step == 3)
    with pytest.raises(Stopped):
        train(config_of(100), address, faces_manifest.parent)
    assert "checkpoints/3/UPLOADED" in names(address)


def test_exports_and_models_to_start_from_open_from_a_bucket(address, tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    model.write(folder, make_sampler(), model.Provenance("mine"), trial.faces(None, 32))
    Bucket(address)._system.put(str(folder), "/bucket/export", recursive=True)
    assert Sampler.from_pretrained("memory://bucket/export").meta["name"] == "mine"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("gs://bucket/run", r"cannot be opened .*pip install 'cdaae_jax\[gcs\]', or give a folder"),
        ("nosuch://bucket/run", "cannot be opened .*install the fsspec library for it"),
        ("memory://bucket/nothing", "there is nothing in memory://bucket/nothing; check the address"),
    ],
)
def test_what_cannot_be_opened_is_said(address, tmp_path, place, message):
    if place.startswith("gs://") and importlib.util.find_spec("gcsfs"):
        pytest.skip("gcsfs is installed")
    with pytest.raises(UserError, match=message):
        buckets.at_hand(place)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_only_what_changed_is_fetched_again(address, monkeypatch):
    bucket = Bucket(address)
    for name in ("a", "b/c"):
        bucket.write(name, b"one")
    buckets.at_hand(address)
    fetched, download = [], Bucket.download

    def noted(bucket, name, file):
        fetched.append(name)
        download(bucket, name, file)

    monkeypatch.setattr(Bucket, "download", noted)
    bucket.write("b/c", b"other")
    assert (buckets.at_hand(address) / "b" / "c").read_bytes() == b"other"
    assert fetched == ["b/c"]
    for damaged in ("", "[1]"):
        fetched.clear()
        (buckets.place_of_copy(address) / ".fetched.json").write_text(damaged)
        buckets.at_hand(address)
        assert sorted(fetched) == ["a", "b/c"]


def test_names_that_lead_out_of_the_folder_are_refused(address, tmp_path, monkeypatch):
    monkeypatch.setattr(Bucket, "versions", lambda *_: {"../../escaped": "1"})
    with pytest.raises(UserError, match="leads out of its folder"):
        buckets.at_hand(address)
    assert not list(tmp_path.rglob("escaped"))
