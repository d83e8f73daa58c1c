"""How a model is found: by name, in a folder, on the hub; and what is said where there is none."""

import shutil
import sys

import pytest

from cdaae_jax import Sampler, UserError, pretrained
from cdaae_jax.pretrained import model_folder


@pytest.fixture
def place(exported, tmp_path, monkeypatch):
    """A package that ships `tiny`, and the folder in which we are."""
    monkeypatch.setattr(pretrained, "PLACE", tmp_path / "package")
    shutil.copytree(exported, tmp_path / "package" / "tiny")
    (tmp_path / "package" / "portraits").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


@pytest.fixture
def asked_of_hub(exported, monkeypatch):
    """What the hub was asked for; it has every model but one."""
    huggingface_hub = pytest.importorskip("huggingface_hub")
    asked = []

    def snapshot_download(repository, revision, allow_patterns):
        asked.append((repository, revision, sorted(allow_patterns)))
        if repository == "somebody/nothing":
            raise huggingface_hub.errors.LocalEntryNotFoundError("cannot be reached\nand more")
        return str(exported)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return asked


def test_shipped_models_are_those_with_weights(place):
    assert pretrained.names() == ["tiny"]


def test_a_name_is_a_shipped_model_even_beside_a_folder_of_that_name(place):
    (place / "here" / "tiny").mkdir()
    assert Sampler.from_pretrained("tiny").meta["name"] == "tiny"
    with pytest.raises(UserError, match="there is no checkpoint in"):
        Sampler.from_pretrained("./tiny")


def test_for_checkpoint_the_folder_comes_first_and_nothing_means_the_default(place, monkeypatch):
    assert pretrained.open_model("tiny").meta["name"] == "tiny"
    monkeypatch.setattr(pretrained, "DEFAULT", "tiny")
    (place / "here" / "tiny").mkdir()
    assert pretrained.open_model(None).meta["name"] == "tiny"
    for path in ("tiny", ""):  # an empty --checkpoint is a mistake, as of a shell variable that is not set
        with pytest.raises(UserError, match="there is no checkpoint in"):
            pretrained.open_model(path)


def test_a_path_is_a_path(place, exported):
    shutil.copytree(exported, place / "here" / "runs" / "mine")
    assert pretrained.find("runs/mine").name == "mine"
    assert Sampler.from_pretrained("runs/mine").labels.names == ("neutral", "happy")
    assert pretrained.open_model("runs/mine").meta["step"] == 4


def test_an_unknown_name_says_which_there_are(place):
    for opened in (Sampler.from_pretrained, pretrained.open_model):
        with pytest.raises(UserError, match=r"no folder emotoin, .* no model of that name: it has tiny; give one"):
            opened("emotoin")


def test_a_mistyped_path_is_not_asked_of_the_hub(place, asked_of_hub):
    (place / "here" / "runs").mkdir()
    with pytest.raises(UserError, match="there is no folder runs/lodnon; check the name"):
        Sampler.from_pretrained("runs/lodnon")
    with pytest.raises(UserError, match="there is no checkpoint in"):
        pretrained.open_model("elsewhere/london")
    assert not asked_of_hub


def test_models_of_the_hub(place, asked_of_hub):
    assert Sampler.from_pretrained("somebody/model").meta["name"] == "tiny"
    assert pretrained.open_model("hub:somebody/model@v1").meta["name"] == "tiny"
    files = sorted(model_folder.FILES)
    assert asked_of_hub == [("somebody/model", None, files), ("somebody/model", "v1", files)]
    with pytest.raises(UserError, match=r"no folder somebody/nothing, .*\(cannot be reached\); check") as raised:
        Sampler.from_pretrained("somebody/nothing")
    assert "\n" not in str(raised.value)


def test_without_the_package_the_extra_is_named(place, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match=r'pip install "cdaae_jax\[hub\]"'):
        Sampler.from_pretrained("somebody/model")
