"""Times the page in headless Chromium: opening to first edit, a slider's answer, and memory over many edits.

python -m benchmarks.page --output=page.json
python -m benchmarks.page --folder=build/web --output=page.json

Without --folder the program computes; with it the browser does, by what `make web` built. The photo is a drawn face of
512 px. Needs Debian's chromium, the package playwright, and for the program the extra `demo`.
"""

import argparse
import contextlib
import os
import pathlib
import statistics
import threading
import time
from collections.abc import Iterator

from benchmarks import chromium, report
from cdaae_jax.page import server, site

# From a slider's event until its edit is on the canvas, and until the browser begins the frame after that, in ms.
MOVE = """async ([name, amount]) => {
  const slider = document.querySelector(`input[data-name=${name}]`);
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  const began = performance.now();
  const drawn = new Promise((done) => new MutationObserver((_, watcher) => { watcher.disconnect(); done(); })
    .observe(document.body, { attributeFilter: ["data-shown"] }));
  slider.value = amount;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  await drawn;
  const edited = performance.now() - began;
  await frame();
  return [edited, performance.now() - began];
}"""


@contextlib.contextmanager
def served(folder: pathlib.Path | None) -> Iterator[str]:
    """Yields the address of the page: of a folder, or of the package, whose engine then computes."""
    engine = None if folder else site.local_engine()
    if engine:
        threading.Thread(target=engine.warm_up, daemon=True).start()  # as cdaae-demo does
    serving = server.make_server(folder or site.STATIC, 0, engine, site.beside(engine) if engine else {})
    with chromium.answering(serving) as address:
        yield address


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, help="what `make web` built; else the program computes")
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    given = parser.parse_args()
    with served(given.folder) as address, chromium.opened() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        began = time.perf_counter()
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        ready = time.perf_counter() - began
        page.click("#sample")
        page.wait_for_selector(".face", state="attached")
        page.evaluate(MOVE, ["happy", 1])
        first_edit = time.perf_counter() - began
        session = page.context.new_cdp_session(page)

        def used() -> int:
            session.send("HeapProfiler.collectGarbage")
            usage = session.send("Runtime.getHeapUsage")
            return usage["usedSize"] + usage.get("backingStorageSize", 0)

        for edit in range(10):
            page.evaluate(MOVE, ["happy", 0.3 + edit / 20])
        before = used()
        times = [page.evaluate(MOVE, ["happy", 0.2 + (edit % 50) / 50]) for edit in range(given.edits)]
        after = used()
    edited, framed = zip(*times, strict=True)
    content = {
        "computes": "browser" if given.folder else "program",
        "ready_seconds": round(ready, 2),
        "first_edit_seconds": round(first_edit, 2),
        "slider_ms_median": round(statistics.median(edited), 1),
        "slider_ms_90_percent": round(statistics.quantiles(edited, n=10)[-1], 1),
        "slider_to_next_frame_ms_median": round(statistics.median(framed), 1),
        "load": round(os.getloadavg()[0], 1),
        "edits": given.edits,
        "memory_before_mb": round(before / 1e6, 1),
        "memory_after_mb": round(after / 1e6, 1),
    }
    print(content)
    report.write_json(given.output, content)


if __name__ == "__main__":
    main()
