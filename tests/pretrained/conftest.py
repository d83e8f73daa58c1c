"""What the tests of models in folders share."""

import pytest
from support import make_sampler

from cdaae_jax.exporting import model, trial


@pytest.fixture(scope="package")
def exported(tmp_path_factory):
    """A tiny model as cdaae-export writes it; not to be changed."""
    folder = tmp_path_factory.mktemp("export") / "tiny"
    folder.mkdir()
    model.write(folder, make_sampler(), model.Provenance("tiny"), trial.faces(None, 32))
    return folder
