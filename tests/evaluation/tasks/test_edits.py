"""The edits that are asked for: of whom, from which source, in whose words."""

import dataclasses

import numpy as np
import pytest

from cdaae_jax import UserError
from cdaae_jax.config import Data
from cdaae_jax.data import dataset as datasets
from cdaae_jax.evaluation.tasks import edits
from cdaae_jax.evaluation.tasks.drawn import DrawnFaces, truth_of
from cdaae_jax.labels import LabelSpace


def load(folder, *manifests, **options):
    return datasets.load(Data(manifests=manifests), folder, 32, **options)


@pytest.fixture(scope="module")
def data_dir(faces_manifest):
    return faces_manifest.parent


@pytest.fixture(scope="module")
def faces(data_dir):
    return load(data_dir, "faces.csv")


def test_the_task_is_neutral_to_everything_else_of_the_people_judged(faces):
    task = edits.held_out_task(faces, ("p3", "p4"), 32)
    assert task.person == ("p3", "p3", "p4", "p4")
    assert task.names == ["happy=1", "surprised=1"] * 2
    np.testing.assert_array_equal(task.source[0], task.source[1])
    assert not np.array_equal(task.source[0], task.source[2])
    assert all(not np.array_equal(source, target) for source, target in zip(task.source, task.target, strict=True))
    some = task.of([3, 0])
    assert some.person == ("p4", "p3") and some.names == ["surprised=1", "happy=1"]
    np.testing.assert_array_equal(some.target, task.target[[3, 0]])


def test_the_other_person_is_the_next_one_judged(faces):
    task = edits.held_out_task(faces, ("p3", "p4"), 32)
    np.testing.assert_array_equal(edits.other_person(task)["other person"], task.source[[2, 3, 0, 1]])
    assert edits.other_person(edits.held_out_task(faces, ("p4",), 32)) == {}


def test_other_pictures_are_reached_from_the_models_own_sources(data_dir):
    own = load(data_dir, "faces.csv?expression=neutral,happy")
    # One picture of each person, none of them neutral: it takes the source that the model knows.
    others = load(data_dir, "faces.csv?expression=surprised", varied=False)
    task = edits.held_out_task(own, ("p4",), 32, others)
    assert task.person == ("p4",) and task.names == ["surprised=1"]
    known = edits.held_out_task(own, ("p4",), 32)
    np.testing.assert_array_equal(task.source, known.source)
    assert not np.array_equal(task.target, known.target)
    with pytest.raises(UserError, match="no picture but the sources"):
        edits.held_out_task(own, ("p4",), 32, load(data_dir, "faces.csv?expression=neutral", varied=False))


def test_sources_that_are_not_neutral_are_told(data_dir, faces, caplog):
    edits.held_out_task(faces, ("p3", "p4"), 32)
    assert not caplog.messages
    edits.held_out_task(load(data_dir, "faces.csv?expression=happy,surprised"), ("p3", "p4"), 32)
    assert caplog.messages == ["2 of 2 people have no neutral photo, and are changed from another expression: p3, p4"]


def test_nobody_else_of_the_data_is_judged(data_dir, faces, faces_copy, caplog):
    lines = (data_dir / "faces.csv").read_text().splitlines()
    (faces_copy / "known.csv").write_text("\n".join(line for line in lines if "p4" not in line) + "\n")
    with pytest.raises(UserError, match="everybody in these pictures was trained on"):
        edits.held_out_task(faces, ("p4",), 32, load(faces_copy, "known.csv"))
    strangers = [line.replace(",p1,", ",stranger,").replace(",p2,", ",a stranger,") for line in lines]
    (faces_copy / "new.csv").write_text("\n".join(line for line in strangers if "p4" not in line) + "\n")
    assert edits.held_out_task(faces, ("p4",), 32, load(faces_copy, "new.csv")).person == ("stranger",) * 2
    two = edits.held_out_task(load(faces_copy, "faces.csv"), ("p3", "p4"), 32, load(faces_copy, "new.csv"))
    assert two.person == ("p3",) * 2 + ("stranger",) * 2
    assert (
        caplog.messages
        == ["judged on people of whom the training's data knows nothing, the last of these pictures (1): stranger"] * 2
    )


def test_labels_are_put_into_the_model_s_words(faces):
    task = edits.held_out_task(faces, ("p4",), 32)  # neutral, happy, surprised
    other = edits.in_space(task, LabelSpace("emotion", ("sad", "surprised", "neutral")))
    assert other.names == ["surprised=1"] and other.label.tolist() == [[0, 1, 0]] and other.person == ("p4",)
    np.testing.assert_array_equal(other.target, task.target[1:])
    assert edits.in_space(task, task.space) is task
    with pytest.raises(UserError, match="has only neutral, happy, surprised, and the model knows sad"):
        edits.in_space(task, LabelSpace("emotion", ("sad",)))


def test_labels_ask_for_action_units():
    nothing = np.zeros((2, 32, 32, 3), np.uint8)
    label = np.float32([[0.2, 1.0], [0.0, 0.5]])
    units = edits.Task(nothing, nothing, label, ("a", "a"), LabelSpace("au", ("AU1", "AU12")))
    np.testing.assert_allclose(units.requested_aus(("AU12", "AU4", "AU1")), [[5, 0, 1], [2.5, 0, 0]])
    assert units.knows_aus(("AU12", "AU4")).all()
    partly = dataclasses.replace(units, known=np.array([[True, True], [False, True]]))
    assert partly.knows_aus(("AU12", "AU4", "AU1")).tolist() == [[True, True, True], [True, True, False]]
    assert partly.of([1]).knows_aus(("AU1",)).tolist() == [[False]]
    turned = edits.in_space(partly, LabelSpace("au", ("AU12", "AU2", "AU1")))
    assert turned.knows_aus(("AU1", "AU2", "AU12")).tolist() == [[True, False, True], [False, False, True]]
    space = LabelSpace("emotion", ("neutral", "happy", "sad", "contemptuous"))
    label = np.float32([[0.5, 0.5, 0, 0], [1, 0, 0, 0]])
    emotions = edits.Task(nothing, nothing, label, ("p000001",) * 2, space)
    with pytest.raises(ValueError, match="known of drawn people only"):
        emotions.requested_aus(("AU12",))
    asked = dataclasses.replace(emotions, truth=DrawnFaces()).requested_aus(("AU12", "AU4"))
    assert asked[0, 0] > 0 and asked[0, 1] == 0 and not asked[1].any()


def test_one_full_expression_is_one_hot():
    nothing = np.zeros((3, 32, 32, 3), np.uint8)
    label = np.float32([[0, 1], [0.5, 0.5], [0.5, 0]])
    task = edits.Task(nothing, nothing, label, tuple("aaa"), LabelSpace("emotion", ("neutral", "happy")))
    assert task.is_one_hot.tolist() == [True, False, False]


def test_only_synthetic_faces_have_a_known_truth():
    drawn = "tfds:synthetic_faces/64?people=40"
    assert truth_of([drawn, "tfds:synthetic_faces"]) is not None
    for manifests in ([], ["faces.csv"], [drawn, "faces.csv"], ["tfds:frl_london"]):
        assert truth_of(manifests) is None
