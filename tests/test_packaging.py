"""What is delivered, and that the tests need no particular way to be started."""

import configparser
import importlib.resources
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

from cdaae_jax.pretrained import model_folder

ROOT = pathlib.Path(__file__).parents[1]


def test_type_checkers_see_the_packages_annotations():
    assert importlib.resources.files("cdaae_jax").joinpath("py.typed").is_file()
    assert "py.typed" in _package_data()["cdaae_jax"]


def test_every_pattern_of_the_package_data_names_a_file():
    missing = [
        f"{package}: {pattern}"
        for package, patterns in _package_data().items()
        for pattern in patterns
        if not list(ROOT.joinpath(*package.split(".")).glob(pattern))
    ]
    assert not missing


def test_plain_pytest_finds_what_is_not_installed():
    # -P leaves the working directory out of sys.path, as the command `pytest` does.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/studies"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_pre_commit_runs_what_lint_runs():
    hooks = ROOT.joinpath(".pre-commit-config.yaml").read_text()
    assert hooks.count("entry:") == 1
    assert "entry: make lint\n" in hooks
    assert "repo: local\n" in hooks


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_a_model_and_is_small(tmp_path):
    checkout = tmp_path / "checkout"
    for name in ("cdaae_jax", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        checkout.mkdir(exist_ok=True)
        copy(ROOT / name, checkout / name)
    added = checkout / "cdaae_jax" / "pretrained" / "added"
    added.mkdir()
    for name in model_folder.FILES:
        (added / name).write_text("something")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir=built", "."]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (checkout / "built").glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        path.relative_to(checkout).as_posix()
        for path in (checkout / "cdaae_jax").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected - inside == set()
    assert wheel.stat().st_size <= 40e6


def _package_data() -> dict[str, list[str]]:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return {
        package: [pattern.strip() for pattern in patterns.replace("\n", ",").split(",") if pattern.strip()]
        for package, patterns in parser["options.package_data"].items()
    }
