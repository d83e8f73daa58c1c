"""Who may be judged, and by which models, as their checkpoints say it."""

import types

import pytest

from cdaae_jax import UserError
from cdaae_jax.evaluation.tasks import people


def meta(train=("a", "b", "c"), validation=("d",), test=("e", "f"), fingerprint="f00d", manifests=("faces.csv",)):
    parts = {"train": list(train), "validation": list(validation), "test": list(test)}
    data = {"manifests": list(manifests)}
    return {"format": 2, "people": parts, "fingerprint": fingerprint, "config": {"data": data}}


def test_the_people_of_the_split_are_judged():
    assert people.people_to_judge({"ours": meta()}, "test") == ("e", "f")
    assert people.people_to_judge({"ours": meta()}, "validation") == ("d",)
    with pytest.raises(UserError, match="split is 'train'; allowed: test, validation"):
        people.people_to_judge({"ours": meta()}, "train")
    with pytest.raises(UserError, match="ours kept nobody apart as validation"):
        people.people_to_judge({"ours": meta(validation=())}, "validation")


def test_models_of_the_first_people_of_a_set_are_comparable():
    assert people.people_to_judge({"few": meta(train=("a",)), "all": meta()}, "test") == ("e", "f")


def test_a_model_that_knows_the_people_judged_is_refused_by_their_names():
    known = meta(train=("a", "f"), validation=(), test=("e",))
    with pytest.raises(UserError, match=r"^theirs would be judged on f, whom its training used \(split train\)"):
        people.people_to_judge({"ours": meta(), "theirs": known}, "test")
    assert people.people_to_judge({"theirs": known, "ours": meta()}, "test") == ("e",)
    # People whom decisions were made on are no test either; on themselves, they may be judged.
    validated = meta(validation=("d", "e", "f"), test=("g",))
    with pytest.raises(UserError, match=r"on e, f, whom its training used \(split validation\)"):
        people.people_to_judge({"ours": meta(), "theirs": validated}, "test")
    assert people.people_to_judge({"ours": meta(), "theirs": validated}, "validation") == ("d",)
    with pytest.raises(UserError, match="on a, b, c and 1 more, whom"):
        people.people_to_judge({"ours": meta("z", (), "abcd"), "theirs": meta("abcd")}, "test")


def test_models_of_different_data_are_refused():
    other = meta(fingerprint="beef", manifests=("others.csv",))
    with pytest.raises(UserError, match=r"different data \(others.csv and faces.csv: other people, photos or labels\)"):
        people.people_to_judge({"ours": meta(), "theirs": other}, "test")
    # The same photos under another path are the same data.
    assert people.people_to_judge({"ours": meta(), "theirs": meta(manifests=("moved/faces.csv",))}, "test")


@pytest.mark.parametrize("field", ["people", "fingerprint"])
def test_checkpoints_that_do_not_say_who_they_know_are_refused(field):
    old = meta()
    del old[field]
    with pytest.raises(UserError, match=f"checkpoint of old does not say .* no '{field}'.*train again"):
        people.people_to_judge({"ours": meta(), "old": old}, "test")


def test_people_who_are_gone_from_the_data_are_named():
    def data(ids):
        return types.SimpleNamespace(people=tuple(ids), fingerprint="f00d")

    people.refuse_moved_data({"ours": meta()}, data("abcdefg"))
    with pytest.raises(UserError, match=r"^b of the people whom ours knows \(split train\) are not .*--data_dir"):
        people.refuse_moved_data({"ours": meta()}, data("acdef"))
    with pytest.raises(UserError, match=r"e, f of the people whom theirs knows \(split test\)"):
        people.refuse_moved_data({"ours": meta(test=()), "theirs": meta()}, data("abcd"))


def test_whoever_is_kept_apart_calibrates_nothing():
    assert people.kept_for_training(meta(train=("a",)), tuple("abcdefg")) == ("a", "b", "c", "g")
