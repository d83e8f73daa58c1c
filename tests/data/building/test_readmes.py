"""What the builders' READMEs say is what the builders do: options, commands, and the Python that they show."""

import importlib
import os
import pathlib
import re
import textwrap
import urllib.parse

import drawn_sets
import pytest

from cdaae_jax.data.tfds_source import BUILDERS

SETS = ("ck_plus", "crema_d", "disfa", "kdef", "manyfaces", "rafd", "ravdess")
DATA = pathlib.Path(importlib.import_module("cdaae_jax.data").__file__).parent


def readme(name):
    return (DATA / name / "README.md").read_text()


@pytest.mark.parametrize("name", SETS)
def test_every_name_of_a_set_can_be_built_and_every_option_is_told(name):
    module = importlib.import_module(BUILDERS[name])
    for size, query in re.findall(rf"tfds:{name}(?:/(\d+))?(?:\?([\w=&.]+))?", readme(name)):
        module.config_of(size, dict(urllib.parse.parse_qsl(query)))
    told = set(re.findall(r"^\| `/?(\w+)` \| [^|]*, [^|]*\|", readme(name), re.MULTILINE))
    config = module.config_of("", {})
    allowed = type(config).allowed()
    assert set(allowed) <= told
    for option, values in allowed.items():
        (row,) = re.findall(rf"^\| `/?{option}` \| ([^|]*) \|", readme(name), re.MULTILINE)
        if isinstance(values[0], str):
            assert row == ", ".join(values) and getattr(config, option) == values[0]
        else:
            assert row == f"{values[0]} to {values[1]}, {getattr(config, option)}"


@pytest.mark.parametrize("name", SETS)
def test_the_python_of_a_readme_builds_the_set(name, fake_aligner, tmp_path, monkeypatch):
    drawn_sets.__dict__[name](tmp_path / "DATA" / name)
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"(    import tensorflow_datasets as tfds\n.*?)\n\n\S", readme(name), re.DOTALL)
    scope: dict = {"__name__": "__main__"}
    exec(textwrap.dedent(program), scope)
    assert len(scope["pictures"]) and scope["pictures"][0]["image"].shape == (256, 256, 3)
    assert os.listdir("records") and "image" in scope["builder"].info.features


@pytest.mark.parametrize("name", SETS)
def test_the_layout_that_a_readme_shows_is_the_drawn_sets(name, tmp_path):
    drawn_sets.__dict__[name](tmp_path / "DATA" / name)
    shown = re.findall(rf"^    (DATA/{name}/\S+)", readme(name), re.MULTILINE)
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    stems = {re.sub(r"\d+|\.\w+$", "", path).lower() for path in there}
    for path in shown:
        if not path.endswith("...") and "Camera" not in path:
            assert re.sub(r"\d+|\.\w+$", "", path).lower() in stems, path
