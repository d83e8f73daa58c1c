"""The meta of a model is checked before anything in it is used."""

import copy
import dataclasses
import pathlib

import pytest
from support import make_sampler

from cdaae_jax.data.alignment import GEOMETRY
from cdaae_jax.errors import UserError
from cdaae_jax.pretrained import meta_check


@pytest.fixture(scope="module")
def meta():
    return make_sampler().meta


def test_what_a_training_writes_is_accepted(meta):
    meta_check.check(meta, pathlib.Path("m"))
    more = {"alignment": dataclasses.asdict(GEOMETRY), "picture_size": 64, "label_gains": {"happy": 0.9}}
    meta_check.check(meta | more, pathlib.Path("m"))


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("config", None, "meta.config is None, not a group of named values"),
        ("labels.names", ["a", 1], r"meta.labels.names is \['a', 1\], not a list of texts"),
        ("labels.kind", None, "meta.labels.kind is None, not a text"),
        ("people.test", "p1", "meta.people.test is 'p1', not a list of texts"),
        ("picture_size", True, "meta.picture_size is True, not a whole number"),
        ("alignment", {"nose": 0.5}, "meta.alignment"),
        ("label_gains", {"happy": "much"}, "meta.label_gains.happy is 'much', not a number"),
        ("label_gains", [1.1], r"meta.label_gains is \[1.1\], not a group of named values"),
        ("versions", {}, "meta.versions.cdaae_jax is missing"),
    ],
)
def test_a_part_of_another_kind_is_named(meta, part, value, message):
    spoilt = copy.deepcopy(meta)
    *groups, last = part.split(".")
    node = spoilt
    for group in groups:
        node = node[group]
    node[last] = value
    with pytest.raises(UserError, match=f"^m is no model that this version can open: {message}"):
        meta_check.check(spoilt, pathlib.Path("m"))


@pytest.mark.parametrize("nothing", [None, [], "text", 3])
def test_something_else_than_named_values_is_refused(nothing):
    with pytest.raises(UserError, match="meta is .*, not a group of named values"):
        meta_check.check(nothing, pathlib.Path("m"))
