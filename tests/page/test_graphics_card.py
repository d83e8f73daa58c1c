"""The built page and a graphics card: when it computes, and that the page goes on without it.

Chromium lends a card that is software: WebGPU as it is, and far slower than the processor, for which the page would not
try it. Cards that fail are made up.
"""

import os
import pathlib
import shutil

import numpy as np
import pytest
from page_visits import downloaded, move, open_photo, pixels, png
from PIL import Image

from benchmarks import chromium
from benchmarks.graphics_card import ANY_SPEED, FLAGS, SOFTWARE_TOO, copy_changed
from cdaae_jax import pretrained
from cdaae_jax.page import building, server
from cdaae_jax.sampling import Sampler

pytestmark = pytest.mark.slow
PORTRAIT = sorted(pretrained.PORTRAITS.glob("*.jpg"))[0]
MODULE = "vendor/card/ort.webgpu.min.mjs"
CARD, PROCESSOR = (f"Computed by this machine's {what}." for what in ("graphics card", "processor"))
HURRY = SOFTWARE_TOO | {"graphics_card.js": ("const TRIAL = 60_000;", "const TRIAL = 1500;")}

# In place of onnxruntime-web: a card that is the processor, whose session is then spoiled by some script.
SPOILED = """
import * as processor from "../ort.wasm.min.mjs";
processor.env.wasm.wasmPaths = new URL("../", import.meta.url).href;
processor.env.wasm.numThreads = 1;
export const env = { wasm: {} };
export const { Tensor } = processor;
export const InferenceSession = {
  async create(file, options) {
    if (options.executionProviders[0] !== "webgpu") throw new Error("this is a card");
    const session = await processor.InferenceSession.create(file, { ...options, executionProviders: ["wasm"] });
    const run = (inputs) => session.run(inputs);
    let runs = 0;
    SCRIPT
  },
};
"""
LEFT = {
    "throws": ("throw new Error('out of memory');", "out of memory"),
    "fails at last": (
        "return { run: (x) => { if (++runs === 9) throw new Error('it fell out'); return run(x); } };",
        "it fell out",
    ),
    "hangs": ("return { run: () => new Promise(() => {}) };", "no answer in 1.5 s"),
    "is slow": (
        "return { run: async (x) => { await new Promise((f) => setTimeout(f, 90)); return run(x); } };",
        "ms, processor",
    ),
    "is slightly wrong": (
        "return { async run(x) { const y = await run(x); y.mask.data[7] += 0.001; return y; } };",
        "apart 1.0e-3",
    ),
    "makes no number": (
        "return { async run(x) { const y = await run(x); y.paint.data[7] = NaN; return y; } };",
        "apart NaN",
    ),
    "lacks a field": ("return { async run(x) { const { paint, ...y } = await run(x); return y; } };", "apart NaN"),
}


@pytest.fixture(scope="module")
def folder() -> pathlib.Path:
    found = pathlib.Path(os.environ.get("CDAAE_WEB", ""))
    if not (found / building.LIST).is_file():
        pytest.skip("needs CDAAE_WEB to name the folder that `make web` built")
    return found


@pytest.fixture(scope="module")
def with_card():
    pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    if not shutil.which(chromium.NAME):
        pytest.skip("needs the command chromium: apt-get install chromium")
    with chromium.opened(*FLAGS) as opened:
        yield opened


@pytest.fixture
def visit(folder, tmp_path):
    """Returns what opens the page with changes to its files, edits a portrait and waits for what computes then."""
    pages, wrong, asked = [], [], []
    serving = server.make_server(tmp_path / "page", 0, None, {})

    def opened(browser, changes, module=None):
        copy_changed(folder, tmp_path / "page", changes)
        if module is not None:
            (tmp_path / "page" / MODULE).unlink()  # is a link to what was built
            (tmp_path / "page" / MODULE).write_text(module)
        page = browser.new_page()
        pages.append(page)
        page.context.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "card" in said.location["url"] else None)
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        open_photo(page, png(Image.open(PORTRAIT)))
        move(page, "happy", 0.6)
        page.wait_for_selector("#computes:not(:empty)", timeout=90_000)
        return page

    with chromium.answering(serving) as address:
        yield opened
        for page in pages:
            page.context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


def equals_python(page, face_model) -> bool:
    made = pixels(downloaded(page))
    expected = Sampler.from_pretrained("emotion").edit_photo(png(Image.open(PORTRAIT)), "happy")
    return bool(np.abs(made - pixels(expected)).max() <= 2)


# How often the page asks the worker from now on.
COUNT = "() => { self.asked = 0; addEventListener('message', () => (self.asked += 1)); }"
KEPT = """async () => {
  const [name] = await caches.keys();
  const kept = await (await caches.open(name)).keys();
  return kept.filter(({ url }) => url.includes("/vendor/card/")).length;
}"""


def test_a_card_that_computes_the_same_takes_over(with_card, visit, face_model):
    page = visit(with_card, ANY_SPEED)
    assert page.inner_text("#computes") == CARD, page.get_attribute("#computes", "title")
    # The page allows 1e-4; these weights, whose masks go from nothing to all within a point, are 2.6e-5 apart.
    assert float(page.get_attribute("#computes", "title").partition("apart ")[2]) < 4e-5
    (worker,) = page.workers
    worker.evaluate(COUNT)
    move(page, "happy", 1)
    assert equals_python(page, face_model)
    assert worker.evaluate("self.asked") > 0
    assert page.evaluate(KEPT) == 3


@pytest.mark.parametrize("how", LEFT)
def test_a_card_that_is_no_better_is_left(with_card, visit, face_model, how):
    script, why = LEFT[how]
    changes = HURRY if how == "hangs" else ANY_SPEED if how == "fails at last" else SOFTWARE_TOO
    page = visit(with_card, changes, SPOILED.replace("SCRIPT", script))
    move(page, "happy", 1)
    assert equals_python(page, face_model)
    page.wait_for_selector(f"#computes[title*='{why}']", state="attached")
    assert page.inner_text("#computes") == PROCESSOR
    assert page.workers == []


def test_a_card_that_is_software_is_not_tried(with_card, visit):
    page = visit(with_card, {}, "this is no script")
    assert page.inner_text("#computes") == PROCESSOR
    assert page.get_attribute("#computes", "title") == ""
    assert page.evaluate(KEPT) == 0


def test_files_of_the_card_that_cannot_be_read_are_done_without(with_card, visit, face_model):
    page = visit(with_card, SOFTWARE_TOO, module="this is no script")
    assert page.inner_text("#computes") == PROCESSOR
    move(page, "happy", 1)
    assert equals_python(page, face_model)
