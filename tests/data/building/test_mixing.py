"""Several sets in one training: emotions, action units, and what a set does not know is masked."""

import dataclasses

import drawn_sets
import fake_faces
import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from support import make_tiny_config

from cdaae_jax import parallel
from cdaae_jax.config import Data, Loss
from cdaae_jax.data import dataset as datasets
from cdaae_jax.data import fingerprints
from cdaae_jax.data.building.builder import AlignedSet
from cdaae_jax.data.pairs import PairSampler
from cdaae_jax.data.pipeline import BatchMaker, Photos
from cdaae_jax.labels import DISFA_AUS, EMOTIONS
from cdaae_jax.models import registry
from cdaae_jax.state import create_state, make_optimizer
from cdaae_jax.training.step import make_train_step

SETS = ("tfds:rafd/32?gazes=frontal", "tfds:disfa/32?apart=3&neutral=4", "tfds:crema_d/32?frames=1")
SIDE = 32


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A data folder with three drawn sets, which are built when they are first read."""
    folder = tmp_path_factory.mktemp("published")
    for name in ("rafd", "disfa", "crema_d"):
        getattr(drawn_sets, name)(folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AlignedSet, "load_aligner", staticmethod(fake_faces.load_for_sets))
        patch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path_factory.mktemp("home")))
        yield folder


def load(published, **fields):
    return datasets.load(Data(**{"manifests": SETS, "label_kind": "both"} | fields), published, SIDE)


def part(mixed, prefix):
    return [i for i, person in enumerate(mixed.person) if mixed.people[person].startswith(prefix)]


def test_emotions_units_and_a_training_step_of_the_mixed_set(published):
    mixed = load(published)
    shown = ("AU6", "AU12", "AU25")
    assert mixed.space.names == (*EMOTIONS, *shown)  # in the vocabularies' order; no picture shows the other units
    assert {name.split("-")[0] for name in mixed.people} == {"rafd", "disfa", "crema_d"}
    emotional, coded = part(mixed, "rafd"), part(mixed, "disfa")
    assert mixed.known[emotional][:, :8].all() and not mixed.known[emotional][:, 8:].any()
    assert mixed.known[coded][:, 8:].all() and not mixed.known[coded][:, :8].any()
    assert not mixed.labels[~mixed.known].any()
    assert not any(mixed.labels[i, 8:].any() for i in mixed.most_neutral())
    low = next(i for i in part(mixed, "crema_d") if mixed.records[i].amount == 0.5)
    assert mixed.labels[low, [0, 1]].tolist() == [0.5, 0.5]  # half happy, half neutral

    config = make_tiny_config(
        data=Data(manifests=SETS, label_kind="both", set_weights=(1, 1, 1)),
        loss=Loss(image_weight=0.1, latent_weight=0.0, warmup_steps=0),  # the image's critic sees the label too
    )
    networks = registry.build(config.model, parallel.AXIS)
    optimizer = make_optimizer(config.optim, config.run.steps)
    state = jax.jit(lambda: create_state(networks, optimizer, config.model, mixed.space.size, 0))()
    maker = BatchMaker(mixed, Photos(mixed, SIDE, 1.0), PairSampler(mixed, 0.1, flip=True), 0, 8)
    batch = jax.tree.map(lambda array: array[None], maker(0))
    assert 0 < batch["label_known"].mean() < 1

    train_step = make_train_step(networks, optimizer, config, parallel.AXIS)
    step = jax.jit(jax.vmap(train_step, (None, 0), None, axis_name=parallel.AXIS))
    after, metrics = step(state, batch)
    assert np.isfinite(metrics["generator"]) and int(after.step) == 1
    # What is masked moves no loss, and through no gradient a parameter, whatever stands there; what is known does.
    random = np.random.default_rng(0).uniform(-9, 9, batch["label"].shape).astype(np.float32)
    unknown = ~batch["label_known"]
    right = step(after, batch)
    for value in (np.where(unknown, random, batch["label"]), np.where(unknown, np.nan, batch["label"])):
        same = step(after, batch | {"label": value})
        jax.tree.map(np.testing.assert_array_equal, jax.device_get(same), jax.device_get(right))
    other = step(after, batch | {"label": np.where(unknown, batch["label"], random)})
    assert float(other[1]["generator"]) != float(right[1]["generator"])


def test_emotion_sets_share_one_vocabulary(published):
    mixed = load(published, label_kind="emotion", manifests=(SETS[0], SETS[2]))
    assert mixed.space.names == EMOTIONS and mixed.known is None and len(mixed.people) == 5


def test_action_units_that_a_set_does_not_code_are_masked(published, faces_manifest):
    table = published / "mine" / "faces.csv"
    table.parent.mkdir()
    table.write_text(faces_manifest.read_text().replace("faces/", f"{faces_manifest.parent}/faces/"))
    mixed = load(published, manifests=(SETS[1], "mine/faces.csv"), label_kind="au")
    assert mixed.space.names == ("AU1", "AU6", "AU12", "AU25")  # AU1 of the table; DISFA's is known and never shown
    column = mixed.space.names.index("AU25")
    assert mixed.known[part(mixed, "disfa")].all()
    mine = part(mixed, "p")
    assert not mixed.known[mine, column].any() and mixed.known[mine][:, :3].all()
    asked = load(published, manifests=(SETS[1],), label_kind="au", label_names=("AU12", "AU9"))
    assert asked.space.names == ("AU12", "AU9") and not asked.labels[:, 1].any()
    alone = load(published, manifests=(SETS[1],), label_kind="au")
    assert alone.known is None and set(alone.space.names) < set(DISFA_AUS)


def test_sets_are_drawn_by_their_weights_and_people_of_a_set_alike(published):
    mixed = load(published, set_weights=(3.0, 1.0, 4.0))
    training = datasets.split(mixed, Data(manifests=SETS)).train
    for some in (mixed, training, mixed.of(mixed.people[1:])):
        pairs = PairSampler(some, 0.0, flip=False).draw(0, 0, 40_000)
        drawn = np.array([some.people[k].split("-")[0] for k in some.person[pairs.source]])
        weights = {"rafd": 3.0, "disfa": 1.0, "crema_d": 4.0}
        there = {name.split("-")[0] for name in some.people}
        total = sum(weights[name] for name in there)
        for name in there:
            assert (drawn == name).mean() == pytest.approx(weights[name] / total, abs=0.01)
    people, counts = np.unique(
        mixed.person[PairSampler(mixed, 0.0, flip=False).draw(0, 0, 40_000).source], return_counts=True
    )
    assert len(people) == 8
    disfa = [count for k, count in zip(people, counts, strict=True) if mixed.people[k].startswith("disfa")]
    assert max(disfa) / min(disfa) < 1.1


def test_the_same_id_in_two_sets_is_one_person_unless_sets_are_separate(faces_copy):
    other = faces_copy / "other"
    other.mkdir()
    (other / "faces.csv").write_text((faces_copy / "faces.csv").read_text().replace("faces/", "../faces/"))
    both = Data(manifests=("faces.csv", "other/faces.csv", "faces"))
    assert datasets.load(both, faces_copy, SIDE).people == ("p1", "p2", "p3", "p4")
    apart = datasets.load(dataclasses.replace(both, separate_sets=True), faces_copy, SIDE)
    assert apart.people == tuple(f"{name}-p{k}" for name in (".", "faces", "other") for k in (1, 2, 3, 4))


def test_masks_are_part_of_what_identifies_the_data(published):
    mixed = load(published)
    unmasked = fingerprints.fingerprint(mixed.records, mixed.labels, mixed.space)
    assert mixed.fingerprint not in ("", unmasked)
