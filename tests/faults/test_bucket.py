"""A machine that goes away without a word, while its workdir is in a bucket.

On a disk, and on servers that speak Amazon's and Google's protocols, for which these must be installed:
pip install s3fs 'moto[server]' gcsfs gcp-storage-emulator
"""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from faults import program

from cdaae_jax import Sampler
from cdaae_jax.buckets import Bucket
from cdaae_jax.exporting import trial


def disk(place: pathlib.Path, monkeypatch, stack: contextlib.ExitStack) -> str:
    return f"file://{place}/bucket"


def amazon(place: pathlib.Path, monkeypatch, stack: contextlib.ExitStack) -> str:
    for module in ("s3fs", "moto.server"):
        pytest.importorskip(module)
    import fsspec

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody's")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    port = free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://localhost:{port}")
    serve(stack, port, "moto.server", "-p", str(port))
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir("cdaae")
    return "s3://cdaae"


def google(place: pathlib.Path, monkeypatch, stack: contextlib.ExitStack) -> str:
    for module in ("gcsfs", "gcp_storage_emulator"):
        pytest.importorskip(module)
    port = free_port()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://localhost:{port}")
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # asks Google who we are, and not the emulator
    serve(stack, port, "gcp_storage_emulator", "start", f"--port={port}", "--in-memory", "--default-bucket=cdaae")
    return "gs://cdaae"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def serve(stack: contextlib.ExitStack, port: int, *module: str) -> None:
    command = [sys.executable, "-m", *module]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(server.wait)
    stack.callback(server.terminate)
    due = time.monotonic() + 60
    while True:
        assert server.poll() is None and time.monotonic() < due
        with socket.socket() as client:
            if client.connect_ex(("localhost", port)) == 0:
                return
        time.sleep(0.1)


@pytest.mark.slow
# The clients of buckets leave connections to be closed when Python ends.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", [disk, amazon, google])
def test_another_machine_goes_on_from_the_bucket_after_a_kill(kind, faces_manifest, tmp_path, monkeypatch):
    with contextlib.ExitStack() as stack:
        address = f"{kind(tmp_path, monkeypatch, stack)}/runs/first"
        bucket, log = Bucket(address), tmp_path / "log"
        flags = ("--config.run.checkpoint_steps=10", "--config.run.keep_checkpoints=2")

        def on_machine(name: str, steps: int):
            monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
            return program.start(address, faces_manifest.parent, log, *flags, f"--config.run.steps={steps}")

        def uploaded() -> list[int]:
            return sorted(int(name.split("/")[1]) for name in bucket.versions("checkpoints") if "UPLOADED" in name)

        run = on_machine("first", 1_000_000)
        due = time.monotonic() + 120
        while not uploaded():
            assert run.poll() is None and time.monotonic() < due, log.read_text()[-2000:]
            time.sleep(0.2)
        run.kill()
        run.wait()
        newest = uploaded()[-1]
        run = on_machine("second", newest + 20)
        assert run.wait(timeout=180) == 0, log.read_text()[-2000:]
        assert f"from step {newest} to {newest + 20}" in log.read_text()
        assert uploaded() == [newest + 10, newest + 20] and bucket.read("RUNNING") is None

        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "third"))
        photo = trial.faces(None, 32)[0]
        edited = Sampler.from_checkpoint(address).edit(photo, "happy")
        (second,) = (tmp_path / "second" / "cdaae_jax" / "buckets").iterdir()
        np.testing.assert_array_equal(edited, Sampler.from_checkpoint(second).edit(photo, "happy"))
