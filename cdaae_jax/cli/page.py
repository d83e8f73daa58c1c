"""Opens a page on this machine with sliders for emotions and action units: photos are edited in the browser.

  cdaae-demo
  cdaae-demo --port=9000 --folder=build/web

Nothing leaves the machine: the server listens on 127.0.0.1 alone. Faces and changes are computed by this program, or,
with --folder, in the browser, by what `make web` built. Videos need the extra `video`, and this program.
"""

import contextlib
import pathlib
import signal
import threading
from typing import Any

from absl import flags

from cdaae_jax.cli import program

_PORT = flags.DEFINE_integer("port", 8123, "Where the page is found; 0 takes any free port.", 0, 65535)
_FOLDER = flags.DEFINE_string("folder", None, "What `make web` built; else this program computes.")
_SHARE = flags.DEFINE_bool("share", False, "Refused: the page is for this machine.")


def main() -> None:
    """Reads the flags, serves the page until Ctrl-C."""
    from cdaae_jax import compiling, memory
    from cdaae_jax.errors import UserError
    from cdaae_jax.page import server, settings, site

    if _SHARE.value:
        raise UserError(
            "--share is refused: photos of faces would leave this machine over a server without passwords; "
            "`make web` builds a folder that any static host serves, and each visitor's browser then computes itself"
        )
    if _FOLDER.value:
        folder = pathlib.Path(_FOLDER.value)
        if not (folder / settings.FILE).is_file():
            raise UserError(f"{folder} holds no page; build one with `make web`, or leave --folder out")
        _serve(server.make_server(folder, _PORT.value, None, {}))
        return
    memory.keep()
    compiling.hurry()
    engine = site.local_engine()
    threading.Thread(target=engine.warm_up, daemon=True).start()
    # Ended by SIGTERM, too, nobody's video stays behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.closing(site.videos(engine)) as clips:
        _serve(server.make_server(site.STATIC, _PORT.value, engine, site.beside(engine), clips))


def _serve(serving: Any) -> None:
    host, port = serving.server_address
    print(f"The page is at http://{host}:{port}/ (Ctrl-C ends it)", flush=True)
    serving.serve_forever()


def run() -> None:
    """The console script `cdaae-demo`."""
    program.run(main, __name__)
