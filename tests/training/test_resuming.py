"""A run is continued with the same model, people and photos only; other settings may change."""

import dataclasses
import logging

import pytest
from support import SPACE, make_split, make_state, make_tiny_config

from cdaae_jax import checkpoint
from cdaae_jax.errors import UserError
from cdaae_jax.labels import LabelSpace
from cdaae_jax.training.resuming import refuse_other_run


@pytest.fixture
def workdir(tmp_path):
    """Holds a checkpoint of p1 and p2 in train, and p3 in test."""
    with checkpoint.Checkpointer(tmp_path, 1) as saver:
        saver.save(make_state(5), make_tiny_config(), SPACE, make_split())
    return tmp_path


def refuse(workdir, config=None, space=SPACE, split=None):
    refuse_other_run(workdir, config or make_tiny_config(), space, split or make_split())


def with_data(**changes):
    config = make_tiny_config()
    config.data = dataclasses.replace(config.data, **changes)
    return config


def test_the_same_run_and_an_empty_folder_are_accepted(workdir, tmp_path, caplog):
    refuse(workdir)
    refuse(tmp_path / "new")
    assert not caplog.records


@pytest.mark.parametrize(
    ("split", "moved"),
    [
        # The split slid: one who was trained on would be judged on.
        (make_split(("p1",), (), ("p2", "p3")), "p2: test here, train there"),
        (make_split(("p1", "p2", "p3"), (), ()), "p3: train here, test there"),
        (make_split(("p1", "p2"), ("p3",), ()), "p3: validation here, test there"),
        (make_split(("p1", "p2", "p9"), (), ("p3",)), "p9: train here, absent there"),
        (make_split(("p2",), (), ("p3",)), "p1: absent here, train there"),
        (
            make_split(("q1", "q2"), (), ("q3",)),
            "p1: absent here, train there; p2: absent here, train there; p3: absent here, test there; 3 more",
        ),
    ],
)
def test_people_who_moved_are_named(workdir, split, moved):
    with pytest.raises(UserError) as raised:
        refuse(workdir, split=split)
    assert f"{workdir} holds a run with other people ({moved}); the data was changed; use the data" in str(raised.value)
    assert "\n" not in str(raised.value)
    # Other photos come with other people; the people are what to say first.
    with pytest.raises(UserError, match="holds a run with other people"):
        refuse(workdir, split=type(split)(*(dataclasses.replace(part, fingerprint="beef") for part in split)))


def test_the_fields_that_may_have_moved_them_are_named(workdir):
    config = with_data(held_out=2, manifests=("other.csv",))
    config.optim.learning_rate = 1.0
    with pytest.raises(UserError) as raised:
        refuse(workdir, config, split=make_split(("p1",), (), ("p2", "p3")))
    fields = "data.held_out: 2 here, 1 there; data.manifests: ['other.csv'] here, ['faces.csv'] there"
    assert f"; the configuration differs in {fields}; use the data of that run, or" in str(raised.value)


def test_other_photos_of_the_same_people_are_refused(workdir):
    with pytest.raises(UserError, match="holds a run with other photos or labels of the same people; the data"):
        refuse(workdir, split=make_split(fingerprint="beef"))


def test_a_manifest_that_has_moved_is_said_and_accepted(workdir, caplog):
    with caplog.at_level(logging.WARNING):
        refuse(workdir, with_data(manifests=("elsewhere/faces.csv",)))
    assert "config.data.manifests: ['elsewhere/faces.csv'] here, ['faces.csv'] there in the run so far" in caplog.text


def test_another_model_is_refused_before_other_people(workdir):
    config = make_tiny_config()
    config.model = dataclasses.replace(config.model, width=6)
    with pytest.raises(UserError, match=r"holds a run of another model \(model\.width: 6 here, 4 there\)"):
        refuse(workdir, config, split=make_split(("p1",)))
    with pytest.raises(UserError, match=r"another model \(labels\.names: .* here, .* there\)"):
        refuse(workdir, space=LabelSpace("emotion", ("neutral", "sad")))
