"""Serves the page on this machine, and to no other: static files, and beside them what the local engine computes."""

import functools
import http.server
import json
import pathlib
import shutil
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from cdaae_jax.errors import UserError
from cdaae_jax.page import videos
from cdaae_jax.page.local_engine import LocalEngine

HOST = "127.0.0.1"
MOST_BYTES = 100_000_000  # of a photo's file
_VIDEO = "engine/video/"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}


def make_server(
    folder: pathlib.Path,
    port: int,
    engine: LocalEngine | None,
    beside: dict[str, bytes],
    clips: videos.Videos | None = None,
) -> Any:
    """Returns a server that listens on 127.0.0.1 alone; `serve_forever` starts it.

    Args:
      folder: of the static files.
      port: 0 takes any free one; `server_port` says which.
      engine: answers /engine/...; None serves files alone.
      beside: files that are not in the folder, by name.
      clips: answers /engine/video/...; None knows of none.

    Raises:
      UserError: the port is taken.
    """
    handler = functools.partial(_Handler, directory=str(folder), engine=engine, beside=beside, clips=clips)
    try:
        server = http.server.ThreadingHTTPServer((HOST, port), handler)
    except OSError as error:
        raise UserError(f"port {port} cannot be used ({error.strerror}); give another one with --port") from None
    server.daemon_threads = True
    return server


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | _TYPES

    def __init__(
        self,
        *arguments: Any,
        engine: LocalEngine | None,
        beside: dict[str, bytes],
        clips: videos.Videos | None,
        **options: Any,
    ):
        self.engine, self.beside, self.clips = engine, beside, clips
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        """Sends a file."""
        name = self.path.partition("?")[0].lstrip("/")
        if not self._from_this_machine():
            return
        if self.clips is not None and name.startswith(_VIDEO):
            self._of_the_video(self.clips, name.removeprefix(_VIDEO))
        elif name in self.beside:
            self._send(HTTPStatus.OK, self.beside[name], self.guess_type(name))
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        """Sends the header of a file."""
        if self._from_this_machine():
            super().do_HEAD()

    def do_POST(self) -> None:
        """Answers /engine/faces, /engine/change/MODEL, /engine/video/take/NAME, .../start and .../stop.

        What cannot be used is status 400 and a sentence.
        """
        if not self._from_this_machine():
            return
        kind, _, model = unquote(self.path).removeprefix("/engine/").partition("/")
        clips = self.clips if kind == "video" else None
        most, length = videos.MOST_BYTES if clips else MOST_BYTES, self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > most:
            self.close_connection = True  # what is not read would be taken for the next request
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {most // 10**6} million bytes are taken")
            return
        try:
            if clips is not None:
                self._answer(self._to_the_video(clips, model, int(length)))
                return
            content = self.rfile.read(int(length))
            if self.engine is not None and kind == "faces":
                self._answer(self.engine.faces(content))
            elif self.engine is not None and kind == "change":
                shapes, values = self.engine.change(model, content)
                self._send(HTTPStatus.OK, values, "application/octet-stream", {"X-Fields": json.dumps(shapes)})
            else:
                self._say(HTTPStatus.NOT_FOUND, "there is nothing here")
        except UserError as error:
            self._say(HTTPStatus.BAD_REQUEST, str(error))

    def _to_the_video(self, clips: videos.Videos, asked: str, length: int) -> dict[str, Any]:
        what, _, name = asked.partition("/")
        if what == "take":
            return clips.take(name, self.rfile, length)
        content = self.rfile.read(length)
        if what == "start":
            clips.start(content)
        elif what == "stop":
            clips.stop()
        else:
            raise UserError("there is nothing here")
        return clips.progress()

    def _of_the_video(self, clips: videos.Videos, what: str) -> None:
        try:
            if what == "progress":
                self._answer(clips.progress())
            elif what == "first_frame.png":
                self._send(HTTPStatus.OK, clips.first_frame(), "image/png")
            elif what == "result":
                made = clips.result()
                with made.open("rb") as reading:
                    self._head(HTTPStatus.OK, self.guess_type(made.name), made.stat().st_size)
                    shutil.copyfileobj(reading, self.wfile)
            else:
                self._say(HTTPStatus.NOT_FOUND, "there is nothing here")
        except UserError as error:
            self._say(HTTPStatus.BAD_REQUEST, str(error))

    def end_headers(self) -> None:
        """Adds what keeps the page to itself."""
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")  # the page itself forbids other hosts
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing: what a person looks at is nobody's business, not even a terminal's."""

    def _from_this_machine(self) -> bool:
        """Refuses names that another page has pointed at this machine, and requests that another page makes."""
        own = {f"{name}:{self.server.server_port}" for name in (HOST, "localhost")}  # type: ignore[attr-defined]
        origin = self.headers.get("Origin")
        if self.headers.get("Host") in own and (origin is None or origin.removeprefix("http://") in own):
            return True
        self.close_connection = True
        self._say(HTTPStatus.FORBIDDEN, "only the page of this machine may ask")
        return False

    def _say(self, status: HTTPStatus, sentence: str) -> None:
        self._send(status, json.dumps({"error": sentence}).encode(), "application/json")

    def _answer(self, content: dict[str, Any]) -> None:
        self._send(HTTPStatus.OK, json.dumps(content).encode(), "application/json")

    def _send(self, status: HTTPStatus, content: bytes, kind: str, extra: dict[str, str] | None = None) -> None:
        self._head(status, kind, len(content), extra)
        self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, length: int, extra: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.end_headers()
