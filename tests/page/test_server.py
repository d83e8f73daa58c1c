"""The page's server, with an engine that only remembers what it was asked."""

import json
import threading
import urllib.error
import urllib.request

import pytest

from benchmarks import chromium
from cdaae_jax.errors import UserError
from cdaae_jax.page import server, site


class Engine:
    def faces(self, content):
        if content != b"photo":
            raise UserError("the photo is not a picture")
        return {"faces": []}

    def change(self, model, content):
        return {"flow": [1, 1, 2]}, model.encode() + content


@pytest.fixture
def address():
    serving = server.make_server(site.STATIC, 0, Engine(), {"settings.json": b"{}"})
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}/"
    serving.shutdown()
    thread.join()
    serving.server_close()


def ask(address, content=None, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(address, content, headers)) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read(), answer.headers


def test_files_and_what_lies_beside_them_are_sent_and_the_page_forbids_other_hosts(address):
    status, content, headers = ask(address)
    assert status == 200 and b"<!doctype html>" in content
    assert b"Content-Security-Policy\" content=\"default-src 'self';" in content
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert ask(address + "settings.json")[:2] == (200, b"{}")
    assert ask(address + "main.js")[2]["Content-Type"] == "text/javascript"


def test_nothing_outside_the_folder_is_sent(address):
    assert ask(address + "../server.py")[0] == 404
    assert ask(address + "%2e%2e/server.py")[0] == 404


def test_the_engine_answers(address):
    assert json.loads(ask(address + "engine/faces", b"photo")[1]) == {"faces": []}
    status, content, headers = ask(address + "engine/change/emotion", b"!")
    assert (status, content, json.loads(headers["X-Fields"])) == (200, b"emotion!", {"flow": [1, 1, 2]})


def test_what_cannot_be_used_is_a_sentence(address):
    status, content, _ = ask(address + "engine/faces", b"text")
    assert (status, json.loads(content)) == (400, {"error": "the photo is not a picture"})
    assert ask(address + "elsewhere", b"photo")[0] == 404


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_other_pages_are_refused(address, header):
    assert ask(address + "settings.json", **header)[0] == 403
    assert ask(address + "engine/faces", b"photo", **header)[0] == 403


def test_a_port_that_is_taken_is_refused(address):
    port = int(address.rsplit(":", 1)[1].strip("/"))
    with pytest.raises(UserError, match=f"port {port} cannot be used .*--port"):
        server.make_server(site.STATIC, port, None, {})


class Clips:
    """Remembers what it was asked."""

    def __init__(self, made):
        self.asked, self.made = [], made

    def take(self, name, stream, length):
        self.asked.append((name, stream.read(length)))
        if name == "bad.mp4":
            raise UserError("bad.mp4 is no video")
        return {"number": 1}

    def start(self, content):
        self.asked.append(content)

    def stop(self):
        self.asked.append("stop")

    def progress(self):
        return {"state": "making"}

    def first_frame(self):
        return b"picture"

    def result(self):
        return self.made


def test_a_video_is_taken_made_and_handed_back(tmp_path):
    made = tmp_path / "edited.mp4"
    made.write_bytes(b"edited video")
    clips = Clips(made)
    with chromium.answering(server.make_server(site.STATIC, 0, Engine(), {}, clips)) as address:
        video = f"{address}engine/video/"
        assert json.loads(ask(video + "take/my%20clip.mp4", b"video")[1]) == {"number": 1}
        assert json.loads(ask(video + "start", b"{}")[1]) == {"state": "making"}
        assert json.loads(ask(video + "stop", b"")[1]) == {"state": "making"}
        assert clips.asked == [("my clip.mp4", b"video"), b"{}", "stop"]
        assert ask(video + "progress")[:2] == (200, b'{"state": "making"}')
        assert ask(video + "first_frame.png")[:2] == (200, b"picture")
        status, content, headers = ask(video + "result")
        assert (status, content, headers["Content-Type"]) == (200, b"edited video", "video/mp4")
        assert ask(video + "take/bad.mp4", b"text")[:2] == (400, b'{"error": "bad.mp4 is no video"}')
        assert ask(video + "else")[0] == 404 and ask(video + "else", b"")[0] == 400
        assert ask(video + "progress", Host="evil.example")[0] == 403
        assert ask(video + "start", b"{}", Origin="http://evil.example")[0] == 403


def test_without_an_engine_there_are_no_videos(address):
    assert ask(address + "engine/video/progress")[0] == 404
    assert ask(address + "engine/video/take/me.mp4", b"video")[0] == 404
