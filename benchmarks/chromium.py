"""The page in headless Chromium, for tests and for what times it."""

import contextlib
import shutil
import threading
from collections.abc import Iterator
from typing import Any

from cdaae_jax.page import server

NAME = "chromium"
_FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)  # no graphics card


@contextlib.contextmanager
def answering(serving: Any) -> Iterator[str]:
    """Answers requests in a thread, and yields the address."""
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    try:
        yield f"http://{server.HOST}:{serving.server_port}/"
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()


@contextlib.contextmanager
def opened(*flags: str) -> Iterator[Any]:
    """Yields a browser, started with more flags; ImportError where the package playwright is missing."""
    from playwright import sync_api

    with sync_api.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which(NAME), args=[*_FLAGS, *flags])
        try:
            yield browser
        finally:
            browser.close()
