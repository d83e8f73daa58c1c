"""The true picture of any label: what a label means to a face, and what cannot be drawn."""

import pathlib

import numpy as np
import pytest

from cdaae_jax import images
from cdaae_jax.data.synthetic_faces import renderer
from cdaae_jax.data.synthetic_faces import synthetic_faces_dataset_builder as synthetic_faces
from cdaae_jax.data.synthetic_faces.emotions import emotion_aus
from cdaae_jax.data.synthetic_faces.truth import label_aus, truth, truth_batch
from cdaae_jax.errors import UserError
from cdaae_jax.labels import EMOTIONS, LabelSpace

SIZE = 32  # that of the set's tests: one compilation


def test_a_label_means_the_same_however_it_is_written():
    space = LabelSpace("emotion", EMOTIONS)
    written = label_aus("happy=0.7,surprised=0.3")
    np.testing.assert_array_equal(label_aus({"joy": 0.7, "surprise": 0.3}), written)
    np.testing.assert_array_equal(label_aus(space.parse("happy=0.7,surprised=0.3"), space), written)
    np.testing.assert_allclose(
        written, 0.7 * emotion_aus({"happy": 1}) + 0.3 * emotion_aus({"surprised": 1}), rtol=1e-6
    )
    units = LabelSpace("au", ("AU1", "AU12"))
    written = label_aus("AU12=3.3,AU1=2")
    np.testing.assert_array_equal(label_aus({"au12": 3.3, "AU1": 2}), written)
    np.testing.assert_array_equal(label_aus(units.parse("AU12=3.3,AU1=2"), units), written)
    assert written[renderer.AU_NAMES.index("AU12")] == np.float32(3.3) and np.count_nonzero(written) == 2


def test_mixtures_are_linear_in_aus_and_end_at_five():
    assert not label_aus("neutral").any() and not label_aus("happy=0").any()
    np.testing.assert_array_equal(label_aus("neutral=0.5,sad=0.5"), label_aus("sad=0.5"))
    np.testing.assert_array_equal(label_aus("happy=0.5"), 0.5 * emotion_aus({"happy": 1.0}))
    more = label_aus("happy=1.5")
    np.testing.assert_array_equal(more, np.minimum(1.5 * emotion_aus({"happy": 1.0}), 5.0))
    assert more.max() == 5.0


def test_truth_of_labels_and_people_that_are_not_in_the_set():
    identity = renderer.sample_identity(500)
    picture = truth(identity, {"AU12": 3.25, "AU1": 2}, SIZE)
    np.testing.assert_array_equal(picture, truth("p000500", "AU1=2,AU12=3.25", SIZE))
    np.testing.assert_array_equal(picture, renderer.render(identity, {"AU1": 2, "AU12": 3.25}, SIZE))
    steps = truth_batch(["p000500"], [{"AU12": amount} for amount in (0, 1, 3, 5)], SIZE).astype(float)
    far = np.abs(steps - steps[0]).mean(axis=(1, 2, 3))
    assert (np.diff(far) > 0).all()
    everyone = truth_batch(["p000000", "p000001", identity], ["happy"], SIZE)
    np.testing.assert_array_equal(everyone[1], truth("p000001", "happy", SIZE))


@pytest.mark.parametrize(
    ("person", "label", "space", "message"),
    [
        ("902", "happy", None, "'902' is nobody in the synthetic faces"),
        ("p000001", "hapy", None, "unknown expression 'hapy'.*happy"),
        ("p000001", {"AU3": 1}, None, "unknown action unit 'AU3'"),
        ("p000001", "AU12=3,happy", None, "unknown action unit 'happy'"),
        ("p000001", {"AU12": 5.5}, None, "AU12=5.5 is out of range"),
        ("p000001", "happy=1.6", None, "happy=1.6 is out of range"),
        ("p000001", np.zeros(8, np.float32), None, "give its LabelSpace as `space`"),
        ("p000001", np.zeros(3, np.float32), LabelSpace("emotion", EMOTIONS), "a label vector has 8 finite numbers"),
        ("p000001", np.full(1, -0.2), LabelSpace("emotion", ("sad",)), "sad=-0.2 is out of range"),
        ("p000001", np.full(1, 1.2), LabelSpace("au", ("AU6",)), "AU6=6 is out of range"),
        ("p000001", "sleepy", LabelSpace("emotion", ("neutral", "sleepy")), "unknown expression 'sleepy'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(person, label, space, message):
    with pytest.raises(UserError, match=message):
        truth(person, label, SIZE, space)


def test_people_and_labels_must_fit():
    for people, labels in ((["p000001"] * 2, ["happy"] * 3), ([], ["happy"]), (["p000001"], [])):
        with pytest.raises(UserError, match="people and .* labels"):
            truth_batch(people, labels, SIZE)


def test_who_draws_differently_raises_the_version():
    # In blocks of 2x2 pixels, which what a processor rounds does not show in. After a new VERSION:
    #   images.write(recorded, blocks)
    version = synthetic_faces.SyntheticFaces.VERSION
    recorded = pathlib.Path(__file__).parent / f"drawn_by_{version}.png"
    people = ("p000000", "p000009", "p000104", "p000119")
    pictures = truth_batch(people, ("neutral", "happy", "surprised", "AU4=4,AU17=5"), SIZE)
    blocks = np.hstack(pictures.reshape(4, SIZE // 2, 2, SIZE // 2, 2, 3).mean(axis=(2, 4))).round().astype(np.uint8)
    assert recorded.exists(), f"record what version {version} draws"
    difference = np.abs(images.read(recorded).astype(int) - blocks)
    assert difference.max() <= 2, f"the renderer does not draw what {version} drew: raise VERSION and record it"
