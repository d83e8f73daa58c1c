"""What a visitor of the page does in a browser, and sees."""

import base64
import io
import pathlib
from typing import Any

import numpy as np
from PIL import Image

Picture = np.ndarray | Image.Image

# Moves a slider, and returns the canvas as it is when that is shown first.
_MOVE = """async ([name, amounts]) => {
  const slider = document.querySelector(`input[data-name=${name}]`);
  const shown = new Promise((done) => new MutationObserver((_, watcher) => {
    watcher.disconnect();
    done(document.getElementById("result").toDataURL("image/png"));
  }).observe(document.body, { attributeFilter: ["data-shown"] }));
  for (const amount of amounts) {
    slider.value = amount;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
  return shown;
}"""
_CANVAS = "document.getElementById('result').toDataURL('image/png')"


def png(picture: Picture) -> bytes:
    file = io.BytesIO()
    (Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).convert("RGB").save(file, "PNG")
    return file.getvalue()


def pixels(picture: Image.Image | bytes) -> np.ndarray:
    opened = Image.open(io.BytesIO(picture)) if isinstance(picture, bytes) else picture
    return np.asarray(opened.convert("RGB")).astype(int)


def almost_equal(made: np.ndarray, expected: np.ndarray) -> bool:
    """Returns whether pictures are at most two grey levels apart, but for one pixel in 5,000, which may be 16 apart.

    Where skin folds, a rounding decides which of two places lies on top.
    """
    away = np.abs(made - expected).max(axis=-1)
    return bool(away.max() <= 16 and (away > 2).mean() <= 1 / 5000)


def choose(page: Any, name: str, content: bytes, kind: str = "image/png") -> None:
    """Chooses a file."""
    page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": content})


def open_photo(page: Any, content: bytes) -> None:
    """Chooses a photo, and waits until a face of it is framed."""
    choose(page, "photo.png", content)
    page.wait_for_selector(".face", state="attached")


def move(page: Any, name: str, *amounts: float) -> np.ndarray:
    """Moves a slider, waits for the edit, and returns what is seen at once."""
    return pixels(_decoded(page.evaluate(_MOVE, [name, amounts])))


def at_rest(page: Any) -> np.ndarray:
    """Waits until the sliders rest, and returns what is then seen."""
    page.wait_for_selector("body[data-rested]")
    return pixels(_decoded(page.evaluate(_CANVAS)))


def downloaded(page: Any) -> Image.Image:
    with page.expect_download() as download:
        page.click("#download")
    return Image.open(io.BytesIO(pathlib.Path(download.value.path()).read_bytes()))


def _decoded(address: str) -> bytes:
    return base64.b64decode(address.partition(",")[2])
