"""The folder that `make web` builds: what it refuses, and in a real browser that it computes without a network."""

import os
import pathlib
import shutil
import threading

import pytest

from cdaae_jax.errors import UserError
from cdaae_jax.page import building, server

# WebGL without a graphics card.
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


def test_packages_that_are_missing_are_named(tmp_path):
    with pytest.raises(UserError, match="lacks onnxruntime-web/dist/ort.wasm.min.mjs; run `npm ci`"):
        building.build(tmp_path, tmp_path / "page")


def test_a_folder_that_holds_something_else_stays(tmp_path):
    for name in building.VENDORED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    mine = tmp_path / "mine"
    mine.mkdir()
    with pytest.raises(UserError, match="something else than a page"):
        building.build(tmp_path, mine)
    assert mine.is_dir()


@pytest.mark.slow
def test_the_browser_edits_without_a_network_after_the_first_time():
    folder = os.environ.get("CDAAE_WEB", "")
    if not (pathlib.Path(folder) / building.LIST).is_file() or not shutil.which("chromium"):
        pytest.skip("needs chromium, and CDAAE_WEB to name the folder that `make web` built")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    serving = server.make_server(pathlib.Path(folder), 0, None, {})
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{serving.server_port}/"
    asked, wrong = [], []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_timeout(3000)  # until the worker has taken over this page
        serving.shutdown()
        thread.join()
        serving.server_close()  # from here on nobody answers
        page.reload()
        page.wait_for_selector("body[data-ready]")
        page.click("#sample")
        page.wait_for_selector(".face", state="attached")
        page.get_by_role("button", name="Smile", exact=True).click()
        page.wait_for_selector("#download:enabled")
        browser.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []
