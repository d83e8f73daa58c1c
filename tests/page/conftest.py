"""A browser, and portraits to show it."""

import os
import pathlib
import shutil

import pytest

from benchmarks import chromium
from cdaae_jax import pretrained


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    if not shutil.which(chromium.NAME):
        pytest.skip("needs the command chromium: apt-get install chromium")
    with chromium.opened() as opened:
        yield opened


@pytest.fixture(scope="session")
def photos() -> list[pathlib.Path]:
    """Three portraits: those of CDAAE_DATA if it is set, else drawn ones."""
    drawn = sorted(pretrained.PORTRAITS.glob("*.jpg"))
    found = sorted((pathlib.Path(os.environ.get("CDAAE_DATA", "nowhere")) / "anywhere").glob("*.jpg"))
    return [found[0], found[13], drawn[0]] if found else drawn[:3]
