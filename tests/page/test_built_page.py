"""The folder that `make web` builds: what it refuses, and in a real browser that it computes without a network."""

import os
import pathlib

import numpy as np
import pytest
from page_visits import almost_equal, choose, downloaded, move, open_photo, pixels, png
from PIL import Image

from benchmarks import chromium
from cdaae_jax import pretrained
from cdaae_jax.errors import UserError
from cdaae_jax.page import building, server
from cdaae_jax.photos import editing
from cdaae_jax.sampling import Sampler

PORTRAITS = sorted(pretrained.PORTRAITS.glob("*.jpg"))


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
    if not (pathlib.Path(folder) / building.LIST).is_file():
        pytest.skip("needs CDAAE_WEB to name the folder that `make web` built")
    return server.make_server(pathlib.Path(folder), 0, None, {})


@pytest.fixture
def page(browser, serving):
    wrong, asked = [], []
    with chromium.answering(serving) as address:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        yield page
        page.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


# Until the service worker has all files, and answers this page.
KEPT = """() => new Promise((done) => {
  const { serviceWorker } = navigator;
  if (serviceWorker.controller) done();
  else serviceWorker.addEventListener("controllerchange", () => done());
})"""


@pytest.mark.slow
def test_the_browser_edits_without_a_network_after_the_first_time(page, serving):
    page.evaluate(KEPT)
    serving.shutdown()
    serving.server_close()  # from here on nobody answers
    page.reload()
    page.wait_for_selector("body[data-ready]")
    page.click("#sample")
    page.wait_for_selector(".face", state="attached")
    page.get_by_role("button", name="Smile", exact=True).click()
    page.wait_for_selector("#download:enabled")


@pytest.mark.slow
def test_without_a_graphics_card_nothing_is_loaded_for_one(page):
    folder = pathlib.Path(os.environ["CDAAE_WEB"])
    assert "vendor/card" not in (folder / building.LIST).read_text() + (folder / "index.html").read_text()
    asked = []
    page.context.on("request", lambda request: asked.append(request.url))
    assert page.evaluate("navigator.gpu.requestAdapter()") is None
    open_photo(page, PORTRAITS[0].read_bytes())
    move(page, "happy", 1)
    page.wait_for_selector("#computes:not(:empty)")
    assert page.inner_text("#computes") == "Computed by this machine's processor."
    assert len(asked) > 0
    assert [url for url in asked if "vendor/card" in url] == []


@pytest.mark.slow
def test_a_video_needs_the_program_and_the_page_says_so(page):
    choose(page, "clip.mp4", b"video", "video/mp4")
    page.wait_for_selector("text=clip.mp4 is a video. Videos need the program: pip install")


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_the_browser_equals_python_but_for_folds(page, photos, face_model, number):
    photo = png(Image.open(photos[number]))
    open_photo(page, photo)
    move(page, "happy", 1)
    made = pixels(downloaded(page))
    assert almost_equal(made, pixels(Sampler.from_pretrained("emotion").edit_photo(photo, "happy")))
    assert np.abs(made - pixels(photo)).max() > 20


def scene(*faces) -> Image.Image:
    """A grey photo with portraits in it: (which one, its size, where its corner is, degrees against the clock)."""
    photo = Image.new("RGB", (1500, 1100), (120, 130, 110))
    for number, size, corner, turn in faces:
        portrait = Image.open(PORTRAITS[number]).convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
        photo.paste(portrait.rotate(turn, expand=True, fillcolor=(120, 130, 110)), corner)
    return photo


SCENES = {
    "small and large": scene((0, 110, (120, 800), 0), (1, 400, (600, 100), 0), (2, 150, (1200, 700), 20)),
    "on its side": scene((0, 600, (300, 200), 90)),
    "upside down": scene((1, 600, (500, 300), 180)),
}
# Where the frames lie: left, top, width and height in percent of the photo's.
FRAMES = """frames => frames.map(({ style }) => [style.left, style.top, style.width, style.height].map(parseFloat))"""


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENES)
def test_the_browser_finds_the_faces_that_python_finds(page, face_model, name):
    photo = png(SCENES[name])
    expected = editing.shared_finder().find(pixels(photo).astype(np.uint8))
    open_photo(page, photo)
    page.locator(".face").nth(len(expected) - 1).wait_for(state="attached")
    boxes = [[*face.hull.min(axis=0), *np.ptp(face.hull, axis=0)] for face in expected]
    in_percent = 100 * np.array(boxes) / (2 * SCENES[name].size)
    frames = np.array(page.locator(".face").evaluate_all(FRAMES))
    assert np.abs(np.sort(frames, axis=0) - np.sort(in_percent, axis=0)).max() < 0.02
