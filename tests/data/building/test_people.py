"""Who is in which split: by the id alone, with exact shares where everybody is known."""

import collections

import pytest

from cdaae_jax.data.building.people import split_of
from cdaae_jax.data.crema_d.crema_d_dataset_builder import CremaD
from cdaae_jax.data.disfa.disfa_dataset_builder import Disfa
from cdaae_jax.data.rafd.rafd_dataset_builder import Rafd


@pytest.mark.parametrize(("builder", "train", "held_out"), [(Rafd, 47, 10), (Disfa, 19, 4), (CremaD, 63, 14)])
def test_shares_of_sets_whose_people_are_known(builder, train, held_out):
    splits = collections.Counter(split_of(builder.name, person, builder.PEOPLE) for person in builder.PEOPLE)
    assert splits == {"train": train, "validation": held_out, "test": held_out}


def test_the_splits_do_not_change_with_the_version():
    # A model that was published was trained on these people; others must go on being able to judge it.
    test = [person for person in Disfa.PEOPLE if split_of("disfa", person, Disfa.PEOPLE) == "test"]
    assert test == ["SN011", "SN012", "SN027", "SN031"]
    others = [split_of("ck_plus", f"S{number:03d}") for number in range(5, 11)]
    assert others == ["validation", "validation", "train", "train", "train", "train"]


def test_about_the_same_shares_of_sets_whose_people_are_not_known():
    splits = collections.Counter(split_of("manyfaces", f"{i // 10:04d}_{i % 10:04d}") for i in range(2000))
    assert splits["test"] == pytest.approx(300, abs=50) and splits["validation"] == pytest.approx(300, abs=50)
