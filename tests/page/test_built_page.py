"""The folder that `make web` builds: what it refuses, and in a real browser that it computes without a network."""

import base64
import io
import os
import pathlib
import shutil
import threading
import types

import numpy as np
import pytest
from PIL import Image

from cdaae_jax import pretrained
from cdaae_jax.errors import UserError
from cdaae_jax.page import building, server
from cdaae_jax.photos import editing, region
from cdaae_jax.sampling import Sampler

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


@pytest.fixture
def serving():
    folder = os.environ.get("CDAAE_WEB", "")
    if not (pathlib.Path(folder) / building.LIST).is_file() or not shutil.which("chromium"):
        pytest.skip("needs chromium, and CDAAE_WEB to name the folder that `make web` built")
    serving = server.make_server(pathlib.Path(folder), 0, None, {})
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield serving
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.fixture
def page(serving):
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        asked, wrong = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        address = f"http://127.0.0.1:{serving.server_port}/"
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        yield page
        browser.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


@pytest.mark.slow
def test_the_browser_edits_without_a_network_after_the_first_time(page, serving):
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_timeout(3000)  # until the worker has taken over this page
    serving.shutdown()
    serving.server_close()  # from here on nobody answers
    page.reload()
    page.wait_for_selector("body[data-ready]")
    page.click("#sample")
    page.wait_for_selector(".face", state="attached")
    page.get_by_role("button", name="Smile", exact=True).click()
    page.wait_for_selector("#download:enabled")


FACE = """async (data) => {
  const { loadEngine } = await import("./engines.js");
  const { openPhoto } = await import("./photo.js");
  const engine = await loadEngine(await (await fetch("settings.json")).json());
  const content = await (await fetch(data)).blob();
  return (await openPhoto(new File([content], "photo.png", { type: "image/png" }), engine)).faces[0].full;
}"""


@pytest.mark.slow
@pytest.mark.parametrize("portrait", sorted(pretrained.PORTRAITS.glob("*.jpg"))[:3], ids=lambda path: path.stem)
def test_for_the_face_that_it_found_the_browser_equals_python(page, portrait):
    pixels = np.asarray(Image.open(portrait).convert("RGB"))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    found = page.evaluate(FACE, "data:image/png;base64," + base64.b64encode(file.getvalue()).decode())
    page.set_input_files("#file", {"name": "photo.png", "mimeType": "image/png", "buffer": file.getvalue()})
    page.wait_for_selector(".face", state="attached")
    page.get_by_role("button", name="Smile", exact=True).click()
    page.wait_for_selector("#download:enabled")
    with page.expect_download() as download:
        page.click("#download")
    made = np.asarray(Image.open(download.value.path()).convert("RGB")).astype(int)
    sampler = Sampler.from_pretrained("emotion")
    face = types.SimpleNamespace(eyes=found["eyes"], hull=np.array(found["hull"]))
    aligned = editing.aligned_face(pixels, face, sampler.image_size, sampler.alignment)
    expected = region.apply_to_face(pixels, sampler.change(aligned, "happy"), face, 1.0, sampler.alignment)
    assert np.abs(made - expected).max() <= 2
    assert np.abs(made - pixels).max() > 20
