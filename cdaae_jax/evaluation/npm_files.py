"""Single files out of npm packages: fetched with npm and checked against known checksums; nothing is installed."""

import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence

from cdaae_jax.errors import UserError
from cdaae_jax.evaluation.pip_files import PackagedFile, check_intact, is_intact, write_checked

NPM_SECONDS = 600  # the largest archive has 28 MB; whatever takes longer will not come


def fetch_files(folder: str | os.PathLike, package: str, files: Sequence[PackagedFile]) -> None:
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
    lacking = [file for file in files if not is_intact(folder / file.name, file.checksum)]
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
            done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=NPM_SECONDS)
        except subprocess.TimeoutExpired:
            raise UserError(
                f"`npm pack {package}` took more than {NPM_SECONDS} s; check npm's connection, {by_hand}"
            ) from None
        archives = sorted(pathlib.Path(scratch).glob("*.tgz"))
        if done.returncode or not archives:
            complaints = [line for line in done.stderr.splitlines() if line.lower().startswith("npm err")]
            raise UserError(
                f"`npm pack {package}` failed with status {done.returncode}, "
                f"saying {' '.join(complaints[:1])!r}; run it by itself to see more, {by_hand}"
            )
        with tarfile.open(archives[0]) as archive:
            for file in lacking:
                _unpack(archive, file, folder)


def _unpack(archive: tarfile.TarFile, file: PackagedFile, folder: pathlib.Path) -> None:
    """Writes one file of the package into `folder`, or raises UserError if it is not the known one."""
    try:
        member = archive.extractfile(file.member)
        content = member.read() if member else b""
    except KeyError:
        content = b""
    write_checked(content, file, folder, "npm")


def read_intact(path: pathlib.Path, checksum: str, package: str, fetch: str) -> bytes:
    """A file's content; UserError unless `is_intact`, naming the `package` and the function that would `fetch` it."""
    check_intact(path, checksum, package, fetch, "npm")
    return path.read_bytes()
