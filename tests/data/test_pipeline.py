"""From pairs to batches: the same pictures however they are read, and a thread that ends with its loop."""

import dataclasses
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from cdaae_jax import images
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data.pairs import PairSampler
from cdaae_jax.data.pipeline import BatchMaker, Photos, Prefetcher
from cdaae_jax.errors import UserError

SIZE = 32
EVERYTHING, NOTHING = 4.0, 0.0  # GiB of cache


@pytest.fixture(scope="module")
def faces(faces_manifest):
    return datasets.load(Data(manifests=(faces_manifest.name,)), faces_manifest.parent, SIZE)


def make_maker(faces, cache_gib=EVERYTHING, batch_size=12, process=(0, 1), flip=True, shown=False):
    sampler = PairSampler(faces, 0.2, flip)
    return BatchMaker(faces, Photos(faces, SIZE, cache_gib), sampler, 5, batch_size, *process, shown=shown)


def assert_same(batch, other):
    assert batch.keys() == other.keys() == {"source", "target", "label"}
    for name in batch:
        assert batch[name].dtype == other[name].dtype
        np.testing.assert_array_equal(batch[name], other[name])


def test_batches_hold_the_pictures_and_labels_of_the_pairs(faces):
    batch = make_maker(faces)(3)
    assert batch["source"].dtype == batch["target"].dtype == np.uint8 and batch["label"].dtype == np.float32
    assert batch["source"].shape == batch["target"].shape == (12, SIZE, SIZE, 3) and batch["label"].shape == (12, 3)
    pairs = PairSampler(faces, 0.2, True).draw(5, 3, 12)
    assert 0 < pairs.mirrored.sum() < 12
    np.testing.assert_array_equal(batch["label"], faces.labels[pairs.target])
    for name, indices in (("source", pairs.source), ("target", pairs.target)):
        for picture, index, mirrored in zip(batch[name], indices, pairs.mirrored, strict=True):
            expected = images.fit(faces.records[index].load(), SIZE)
            np.testing.assert_array_equal(picture, expected[:, ::-1] if mirrored else expected)


def test_batches_say_what_the_sources_show_if_they_are_asked(faces):
    known = np.random.default_rng(0).random(faces.labels.shape) < 0.5
    partly = dataclasses.replace(faces, known=known)
    pairs = PairSampler(partly, 0.2, True).draw(5, 3, 12)
    batch = make_maker(partly, shown=True)(3)
    np.testing.assert_array_equal(batch["shown"], faces.labels[pairs.source])
    np.testing.assert_array_equal(batch["shown_known"], known[pairs.source])
    assert make_maker(faces, shown=True)(3).keys() == {"source", "target", "label", "shown"}


def test_both_pictures_of_a_pair_are_mirrored_alike(faces):
    flipped, plain = make_maker(faces)(0), make_maker(faces, flip=False)(0)
    seen = set()
    for k in range(12):
        ways = [
            ("plain" if np.array_equal(flipped[name][k], plain[name][k]) else "")
            + ("mirrored" if np.array_equal(flipped[name][k], plain[name][k][:, ::-1]) else "")
            for name in ("source", "target")
        ]
        assert ways[0] == ways[1] and ways[0] in ("plain", "mirrored")
        seen.add(ways[0])
    assert seen == {"plain", "mirrored"}


def test_cached_and_decoded_on_the_fly_are_the_same(faces):
    cached, decoded = Photos(faces, SIZE, EVERYTHING), Photos(faces, SIZE, NOTHING)
    assert cached.cached and not decoded.cached
    some = np.array([5, 0, 0, 11])
    np.testing.assert_array_equal(cached[some], decoded[some])
    assert cached[some].dtype == np.uint8 and cached[some].shape == (4, SIZE, SIZE, 3)
    for step in range(3):
        assert_same(make_maker(faces, EVERYTHING)(step), make_maker(faces, NOTHING)(step))


def test_the_cache_is_used_up_to_its_limit_and_not_beyond(faces):
    needed = len(faces) * SIZE * SIZE * 3 / 2**30
    assert Photos(faces, SIZE, needed).cached
    assert not Photos(faces, SIZE, needed * 0.99).cached


def test_photos_of_a_large_set_are_decoded_when_they_are_first_drawn(faces, monkeypatch):
    decoded = []
    fit = images.fit
    monkeypatch.setattr(images, "fit", lambda picture, size: decoded.append(1) or fit(picture, size))
    photos = Photos(faces, SIZE, EVERYTHING, at_once=len(faces) - 1)
    assert photos.cached and not decoded
    some = np.array([5, 0, 0, 11])
    expected = np.stack([fit(faces.records[i].load(), SIZE) for i in some])
    for _ in range(2):
        np.testing.assert_array_equal(photos[some], expected)
        assert len(decoded) == 3
    np.testing.assert_array_equal(photos[np.arange(12)], Photos(faces, SIZE, NOTHING)[np.arange(12)])
    assert len(decoded) == len(faces) * 2


def test_the_shares_of_the_processes_make_up_the_whole_batch(faces):
    whole = make_maker(faces)(4)
    for count in (2, 3):
        shares = [make_maker(faces, process=(i, count))(4) for i in range(count)]
        assert all(len(share["source"]) == 12 // count for share in shares)
        assert_same({name: np.concatenate([share[name] for share in shares]) for name in whole}, whole)


def test_a_step_gives_the_same_batch_again_and_another_step_another(faces):
    maker = make_maker(faces)
    first = maker(9)
    assert (maker(10)["target"] != first["target"]).any()
    assert_same(maker(9), first)


def test_a_photo_that_ends_early_is_named(faces_copy):
    path = faces_copy / "faces" / "p2" / "happy" / "photo.png"
    path.write_bytes(path.read_bytes()[:-60])
    faces = datasets.load(Data(manifests=("faces",)), faces_copy, SIZE)
    with pytest.raises(UserError, match="p2/happy/photo.png cannot be read to its end"):
        Photos(faces, SIZE, EVERYTHING)
    photos = Photos(faces, SIZE, NOTHING)
    with pytest.raises(UserError, match="p2/happy/photo.png cannot be read to its end"):
        photos[np.arange(len(faces))]


def prefetch_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_prefetched_items_come_in_order_and_the_threads_end():
    with Prefetcher(lambda step: step * step, range(3, 8)) as prefetcher:
        assert list(prefetcher) == [9, 16, 25, 36, 49]
    assert not prefetch_threads()


def test_nothing_is_made_where_there_is_nothing_left_to_do():
    with Prefetcher(lambda step: pytest.fail("not to be called"), range(0)) as prefetcher:
        assert list(prefetcher) == []
    assert not prefetch_threads()


def test_leaving_the_loop_early_ends_the_threads():
    made = []
    with Prefetcher(made.append, range(1_000_000)) as prefetcher:
        for _ in prefetcher:
            break
    assert not prefetch_threads()
    assert len(made) < 20


def test_no_more_than_a_few_steps_are_made_ahead():
    made = []
    with Prefetcher(lambda step: made.append(step) or step, range(100), ahead=3, threads=1) as prefetcher:
        for step in prefetcher:
            if step == 5:
                break
        deadline = time.monotonic() + 30
        while len(made) < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)  # for an eleventh, which must not come
    # Six were taken, three wait, and one more is in the thread's hands.
    assert made == list(range(10))


def test_several_steps_are_made_at_once_and_still_come_in_order():
    together = threading.Barrier(3, timeout=30)

    def make(step):
        together.wait()  # until two others are being made too
        time.sleep(0.02 * (3 - step % 3))
        return step

    with Prefetcher(make, range(9), threads=3) as prefetcher:
        assert list(prefetcher) == list(range(9))


def test_an_exception_is_raised_in_the_loop_after_what_came_before_it():
    def make(step):
        if step == 2:
            raise UserError("photo 7 cannot be read")
        return step

    taken = []
    with pytest.raises(UserError, match="photo 7 cannot be read"):
        with Prefetcher(make, range(100)) as prefetcher:
            for step in prefetcher:
                taken.append(step)
    assert taken == [0, 1]
    assert not prefetch_threads()


def test_an_exception_in_the_loop_ends_the_threads_and_passes():
    with pytest.raises(ZeroDivisionError):
        with Prefetcher(lambda step: step, range(100)) as prefetcher:
            for step in prefetcher:
                step / step
    assert not prefetch_threads()


def test_the_time_spent_waiting_is_counted():
    with Prefetcher(lambda step: time.sleep(0.05), range(2)) as slow:
        list(slow)
    assert 0.01 < slow.waited


def test_reading_photos_loads_neither_optax_nor_a_network():
    names = "[name for name in sys.modules if name == 'optax' or name.startswith('cdaae_jax.models')]"
    code = f"import sys, cdaae_jax.data.pipeline; print({names})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
