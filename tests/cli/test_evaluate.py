"""The evaluation program: which models it takes, and by which names."""

import pathlib

import pytest

from cdaae_jax.cli.evaluate import _workdirs
from cdaae_jax.errors import UserError


def test_a_checkpoint_without_a_name_has_that_of_its_folder():
    assert _workdirs(["runs/london", "caae=runs/other", "runs/rig/"]) == {
        "london": pathlib.Path("runs/london"),
        "caae": pathlib.Path("runs/other"),
        "rig": pathlib.Path("runs/rig"),
    }


@pytest.mark.parametrize("items", [["a/run", "b/run"], ["run=a", "run=b"], ["a/run", "run=b"]])
def test_two_models_of_one_name_are_refused(items):
    with pytest.raises(UserError, match=r"two models of the name 'run' \(.*\); .*--checkpoint=NAME=DIR,NAME=DIR"):
        _workdirs(items)
