"""Photos on the devices: the same batches, and the same training, as with photos that the host sends."""

import dataclasses
import json
import types

import jax
import numpy as np
import pytest
from support import make_tiny_config

from cdaae_jax import UserError
from cdaae_jax.config import Data, Loss
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data.maps import Maps
from cdaae_jax.data.mouths import Mouths
from cdaae_jax.data.pairs import PairSampler
from cdaae_jax.data.pipeline import BatchMaker, Photos
from cdaae_jax.data.places import FILE, MEAN_FACE, SIDE, Places
from cdaae_jax.training import placing
from cdaae_jax.training.loop import train

GPU, CPU = types.SimpleNamespace(platform="gpu"), types.SimpleNamespace(platform="cpu")


@pytest.fixture
def faces(faces_manifest):
    """The faces, half of them with maps, one person with landmarks."""
    points = SIDE * np.array([MEAN_FACE * 0.9 + 0.03])
    np.savez(faces_manifest.parent / "faces" / FILE, names=["p2"], points=points)
    loaded = datasets.load(Data(manifests=("faces.csv",)), faces_manifest.parent, 32)
    random = np.random.default_rng(0)
    for record in loaded.records[::2]:
        fields = {"flow": random.normal(size=(64, 64, 2)), "painted": random.random((64, 64))}
        file = record.name.rsplit(".", 1)[0] + ".npz"
        np.savez(file, **{k: v.astype(np.float16) for k, v in (fields | {"shade": fields["painted"] - 0.5}).items()})
    return loaded


def test_the_devices_look_up_the_bytes_that_the_host_would_send(faces):
    photos, maps, places = Photos(faces, 32, 1.0), Maps(faces), Places(faces)
    mouths = Mouths(faces, maps)
    sampler = PairSampler(faces, 0.2, flip=True, neutral_source=0.7)
    maker = BatchMaker(faces, photos, sampler, 3, 16, maps=maps, places=places, shown=True, mouths=mouths)
    look_up = jax.jit(placing.look_up)
    known = places_known = 0.0
    for step in range(5):
        sent, made = maker(step), look_up(maker.chosen(step), placing.tables(photos, maps, places))
        assert sent.keys() == made.keys() >= {"maps", "place", "shown", "lips"}
        for name, array in sent.items():
            np.testing.assert_array_equal(made[name], array, err_msg=name)
            assert made[name].dtype == array.dtype
        known += float(np.abs(sent["maps"]).sum())
        places_known += sent["place_known"].sum()
    assert known > 0 and places_known > 0  # some pairs have maps that are not 0, and some have places


@pytest.mark.slow
def test_a_training_is_the_same_wherever_photos_lie_and_however_steps_are_called(faces_manifest, tmp_path):
    def run(photos_on, per_call):
        config = make_tiny_config(loss=Loss(image_weight=0.0, latent_weight=0.0))  # without critics: compiled sooner
        data = dataclasses.replace(config.data, photos_on=photos_on)
        run = dict(steps=5, num_devices=2, steps_per_call=per_call, log_steps=2, grid_steps=0)
        config = dataclasses.replace(config, data=data, run=dataclasses.replace(config.run, **run))
        place = tmp_path / f"{photos_on}{per_call}"
        train(config, place, faces_manifest.parent)
        return [json.loads(line) for line in (place / "metrics.jsonl").read_text().splitlines()]

    sent = run("host", 1)
    # The pairs and pictures are equal to the byte. XLA fuses the look-up, and compiles the body of a loop, in ways of
    # their own, and rounds differently in them.
    for told in (run("device", 1), run("device", 2)):
        assert [line["step"] for line in told] == [2, 4, 5]
        for one, other in zip(sent, told, strict=True):
            assert other["reconstruction"] == pytest.approx(one["reconstruction"], rel=1e-4)


def test_on_cpu_photos_stay_on_the_host_unless_asked_for(faces):
    photos = Photos(faces, 32, 1.0)
    assert not placing.on_devices(Data(), photos, [CPU]) and placing.on_devices(Data(), photos, [GPU])
    assert placing.on_devices(Data(photos_on="device"), photos, [CPU])
    assert not placing.on_devices(Data(photos_on="host"), photos, [GPU])


@pytest.mark.parametrize(
    ("fields", "cache_gib", "message"),
    [
        ({}, 0.0, "they are too many, or take more than config.data.cache_gib"),
        ({"shift": 0.1}, 1.0, "change them on the host"),
    ],
)
def test_photos_that_cannot_lie_there_are_sent_or_refused(faces, fields, cache_gib, message):
    photos = Photos(faces, 32, cache_gib)
    assert not placing.on_devices(Data(**fields), photos, [GPU])
    with pytest.raises(UserError, match=message):
        placing.on_devices(Data(**fields, photos_on="device"), photos, [CPU])
