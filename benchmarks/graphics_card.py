"""Compares WebGPU with WebAssembly in the built page: how far apart their changes are, and ms for one.

python -m benchmarks.graphics_card --folder=build/web

The card is Chromium's software one, which says nothing of the speed of a real one. Prints what the page says for each
drawn portrait and model. Needs Debian's chromium and the package playwright.
"""

import argparse
import os
import pathlib
import shutil
import tempfile
from collections.abc import Mapping

from benchmarks import chromium
from benchmarks.page import MOVE
from cdaae_jax import pretrained
from cdaae_jax.page import server

FLAGS = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--ignore-gpu-blocklist")
# What has the page try a card that is software, and then take it however slow it is: file, what it says, what instead.
SOFTWARE_TOO = {"engine_browser.js": (" || adapter.info?.isFallbackAdapter", "")}
ANY_SPEED = SOFTWARE_TOO | {"graphics_card.js": ("const SHARE = 1;", "const SHARE = 1e9;")}


def copy_changed(folder: pathlib.Path, copy: pathlib.Path, changes: Mapping[str, tuple[str, str]]) -> None:
    """Copies a built page, by links, and replaces a text in some files; ValueError where it is not there."""
    shutil.copytree(folder.resolve(), copy, copy_function=os.symlink)
    for name, (before, after) in changes.items():
        text = (folder / name).read_text()
        if before not in text:
            raise ValueError(f"{name} does not say {before!r}")
        (copy / name).unlink()  # is a link to what was built
        (copy / name).write_text(text.replace(before, after))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="what `make web` built")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        copy = pathlib.Path(temporary) / "page"
        copy_changed(given.folder, copy, ANY_SPEED)
        serving = server.make_server(copy, 0, None, {})
        with chromium.answering(serving) as address, chromium.opened(*FLAGS) as browser:
            for portrait in sorted(pretrained.PORTRAITS.glob("*.jpg")):
                page = browser.new_page()
                page.goto(address)
                page.wait_for_selector("body[data-ready]")
                page.set_input_files("#file", portrait)
                page.wait_for_selector(".face", state="attached")
                for model, name, amount in (("emotion", "happy", 1), ("au", "AU43", 4)):
                    page.evaluate(MOVE, [name, amount])
                    page.wait_for_selector(f"#computes[title^={model}]", state="attached", timeout=90_000)
                    print(portrait.stem, page.get_attribute("#computes", "title"), flush=True)
                page.close()


if __name__ == "__main__":
    main()
