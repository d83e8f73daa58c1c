"""The page in a real browser. Slow, and only where Debian's chromium and the package playwright are installed."""

import io
import os
import pathlib

import numpy as np
import pytest
from page_visits import almost_equal, at_rest, choose, downloaded, move, open_photo, pixels, png
from PIL import Image

from benchmarks import chromium
from cdaae_jax import labels, pretrained
from cdaae_jax.page import server, site
from cdaae_jax.photos import editing
from cdaae_jax.video.editing import edit_video

pytestmark = pytest.mark.slow
PORTRAITS = sorted(pretrained.PORTRAITS.glob("*.jpg"))


@pytest.fixture(scope="module")
def engine(face_model):
    return site.local_engine()


@pytest.fixture(scope="module")
def address(engine):
    clips = site.videos(engine)
    with chromium.answering(server.make_server(site.STATIC, 0, engine, site.beside(engine), clips)) as address:
        yield address
    clips.close()


@pytest.fixture
def page(browser, address):
    """The page, opened; nothing may be said on the console, and no other host asked."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    yield page
    # The browser itself notes each answer of status 400; those are what the page then says in a sentence.
    assert [text for text in said if "400 (Bad Request)" not in text] == []
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []
    page.close()


@pytest.mark.parametrize("number", range(3))
def test_the_page_equals_python_but_for_folds(page, engine, photos, number):
    photo = png(Image.open(photos[number]))
    open_photo(page, photo)
    move(page, "happy", 1)
    made = downloaded(page)
    expected = engine.samplers["emotion"].edit_photo(photo, "happy")
    assert almost_equal(pixels(made), pixels(expected))
    assert np.abs(pixels(made) - pixels(photo)).max() > 20
    assert "compositeWithTrainedAlgorithmicMedia" in str(made.info["XML:com.adobe.xmp"])


def test_at_rest_the_page_shows_the_last_wish_as_python_makes_it(page, engine):
    photo = png(Image.open(PORTRAITS[1]))
    open_photo(page, photo)
    move(page, "happy", 0.2, 1.2, 0.5, 0.9)
    expected = engine.samplers["emotion"].edit_photo(photo, "happy=0.9")
    assert almost_equal(at_rest(page), pixels(expected))


@pytest.mark.parametrize(("model", "name", "amount"), [("emotion", "surprised", 1), ("au", "AU43", 5)])
def test_when_the_sliders_rest_nothing_jumps(page, model, name, amount):
    open_photo(page, png(Image.open(PORTRAITS[0])))
    draft = move(page, name, amount)
    full = at_rest(page)
    shifts = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    apart = [np.abs(draft - np.roll(full, shift, axis=(1, 0)))[1:-1, 1:-1].mean() for shift in shifts]
    assert 0 < apart[4] == min(apart)  # a draft, and nowhere else
    assert apart[4] < 1


def test_emotions_and_movements_combine_as_one_edit_after_the_other(page, engine):
    photo = png(Image.open(PORTRAITS[0]))
    open_photo(page, photo)
    move(page, "happy", 0.6)
    smiling = pixels(downloaded(page))
    assert np.abs(smiling - pixels(engine.samplers["emotion"].edit_photo(photo, "happy=0.6"))).max() <= 2
    page.click("summary")
    move(page, "AU43", 4)
    face = editing.shared_finder().find(np.asarray(Image.open(io.BytesIO(photo))), most=1)
    units = {unit: 0.6 * intensity for unit, intensity in labels.EMOTION_UNITS["happy"].items()}
    both = editing.edit_faces(engine.samplers["au"], smiling.astype(np.uint8), face, units | {"AU43": 4})
    assert almost_equal(pixels(downloaded(page)), both)


def test_bad_files_get_a_sentence_and_the_page_goes_on(page):
    choose(page, "notes.png", b"these are notes")
    page.get_by_text("notes.png is no picture that this browser can open.").wait_for()
    choose(page, "empty.jpg", b"")
    page.get_by_text("empty.jpg is empty.").wait_for()
    choose(page, "wall.png", png(np.full((300, 400, 3), 180, np.uint8)))
    page.get_by_text("No face was found in wall.png.").wait_for()
    page.click("#sample")
    page.wait_for_selector(".face", state="attached")
    assert page.inner_text("#message") == ""


def test_of_two_faces_the_chosen_one_is_changed(page):
    two = np.concatenate([np.asarray(Image.open(one).convert("RGB")) for one in PORTRAITS[:2]], axis=1)
    choose(page, "two.png", png(two))
    page.get_by_text("2 faces were found.").wait_for()
    faces = page.locator(".face")
    assert faces.count() == 2
    right = int(np.argmax([faces.nth(one).bounding_box()["x"] for one in range(2)]))
    faces.nth(right).press("Enter")
    move(page, "surprised", 1)
    apart = np.abs(pixels(downloaded(page)) - two).max(axis=-1)
    assert apart[:, :512].max() == 0
    assert apart[:, 512:].max() > 20


def test_a_photo_of_twelve_megapixels_comes_back_as_large_in_jpeg(page):
    file = io.BytesIO()
    Image.open(PORTRAITS[1]).convert("RGB").resize((3000, 4000), Image.Resampling.BICUBIC).save(file, "JPEG")
    choose(page, "large.jpg", file.getvalue(), "image/jpeg")
    page.wait_for_selector(".face", state="attached")
    move(page, "happy", 1)
    made = downloaded(page)
    assert made.size == (3000, 4000)
    assert b"compositeWithTrainedAlgorithmicMedia" in made.info["xmp"]


def test_two_hundred_edits_keep_memory_bounded(page):
    page.click("#sample")
    page.wait_for_selector(".face", state="attached")
    session = page.context.new_cdp_session(page)

    def used_after(edits: int) -> int:
        for edit in range(edits):
            move(page, "happy", 0.2 + (edit % 50) / 50)
        session.send("HeapProfiler.collectGarbage")
        usage = session.send("Runtime.getHeapUsage")
        return usage["usedSize"] + usage.get("backingStorageSize", 0)

    before = used_after(20)
    assert used_after(200) < before + 20_000_000


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_of_the_page(page, width, scheme, tmp_path):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.click("#sample")
    page.wait_for_selector(".face", state="attached")
    move(page, "happy", 1)
    page.wait_for_selector("#strip button")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    folder = pathlib.Path(os.environ.get("CDAAE_SCREENSHOTS", tmp_path))
    page.screenshot(path=folder / f"{width}_{scheme}.png", full_page=True)
    assert (folder / f"{width}_{scheme}.png").stat().st_size > 10_000


@pytest.fixture
def clip() -> bytes:
    """Six frames of a drawn face, which grows darker."""
    av = pytest.importorskip("av", reason="needs PyAV, the extra `video`")
    file, face = io.BytesIO(), np.asarray(Image.open(PORTRAITS[0]).convert("RGB").resize((256, 256)))
    with av.open(file, "w", format="mp4") as writer:
        video = writer.add_stream("libx264", rate=10, options={"crf": "10"})
        video.width, video.height, video.pix_fmt = 256, 256, "yuv420p"
        for number in range(6):
            darker = (face * (1 - 0.05 * number)).astype(np.uint8)
            writer.mux(video.encode(av.VideoFrame.from_ndarray(darker, format="rgb24")))
        writer.mux(video.encode(None))
    return file.getvalue()


def test_a_video_is_made_as_in_the_shell(page, engine, clip, tmp_path):
    choose(page, "clip.mp4", clip, "video/mp4")
    page.wait_for_selector(".face", state="attached")
    assert "A video of 0.6 seconds, 6 frames." in page.inner_text("#message")
    assert page.is_hidden("#download") and page.is_disabled("#make")
    move(page, "happy", 1)
    with page.expect_download() as download:
        page.click("#make")
    assert download.value.suggested_filename == "clip.happy.mp4"
    (tmp_path / "clip.mp4").write_bytes(clip)
    edit_video(engine.samplers["emotion"], tmp_path / "clip.mp4", tmp_path / "edited.mp4", "happy")
    assert pathlib.Path(download.value.path()).read_bytes() == (tmp_path / "edited.mp4").read_bytes()
    assert page.is_hidden("#stop") and page.inner_text("#message") == ""

    move(page, "AU12", 3)
    page.click("#make")
    page.wait_for_selector("#message.wrong")
    assert "emotions or single movements, not both" in page.inner_text("#message")
    choose(page, "text.mp4", b"text", "video/mp4")
    page.wait_for_selector("text=Text.mp4 cannot be read as a video")
