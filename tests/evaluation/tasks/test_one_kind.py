"""Models of emotions and action units together, asked for one of the two."""

import dataclasses

import numpy as np
from support import make_sampler

from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.evaluation.tasks import one_kind
from cdaae_jax.labels import LabelSpace


def test_asked_for_one_kind_a_model_makes_what_it_makes_of_the_whole_label():
    whole = dataclasses.replace(make_sampler(), labels=LabelSpace("both", ("AU12", "happy")))
    photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    units, emotions = one_kind.asked_for(whole, "au"), one_kind.asked_for(whole, "emotion")
    assert units.labels == LabelSpace("au", ("AU12",)) and emotions.labels == LabelSpace("emotion", ("happy",))
    made = [units.edit(photo, {"AU12": 3}), emotions.edit(photo, "happy=0.5")]
    np.testing.assert_array_equal(made[0], whole.edit(photo, {"AU12": 3}))
    np.testing.assert_array_equal(made[1], whole.edit(photo, "happy=0.5"))
    assert (made[0] != made[1]).any()


def test_photos_are_those_with_labels_of_the_kind(faces_copy):
    lines = (faces_copy / "faces.csv").read_text().splitlines()
    (faces_copy / "emotions.csv").write_text(
        "\n".join(",".join(line.split(",")[:3]) for line in lines if "p1" not in line)
    )
    (faces_copy / "one.csv").write_text(
        "file,subject,AU4\nfaces/p1/neutral/photo.png,p1,0\nfaces/p1/happy/photo.png,p1,2"
    )
    data = Data(manifests=("emotions.csv", "one.csv"), label_kind="both", set_weights=(1, 2))
    mixed = datasets.load(data, faces_copy, 32)
    units = one_kind.photos_of(mixed, "au")
    assert units.people == ("p1",) and units.space == LabelSpace("au", ("AU4",)) and units.known is None
    np.testing.assert_allclose(sorted(units.labels.ravel()), [0, 0.4])
    emotions = one_kind.photos_of(mixed, "emotion")
    assert emotions.people == ("p2", "p3", "p4") and emotions.space.names == ("neutral", "happy", "surprised")
    assert emotions.most_neutral() == [1, 4, 7] and (emotions.labels.sum(axis=1) == 1).all()
    assert len(emotions.of(("p1", "p3"))) == 3  # people who have no such labels are no trouble
    assert one_kind.photos_of(emotions, "au") is None
