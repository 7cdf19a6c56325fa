"""One data folder, one server."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.store.folder import StoreError, only_server

HOLD = """
import sys
from pathlib import Path
from server.store.folder import only_server

with only_server(Path(sys.argv[1]), "http://127.0.0.1:8420"):
    print("holding", flush=True)
    sys.stdin.read()
"""


def test_a_second_server_is_refused_with_the_address_of_the_first(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "holding\n"
        with (
            pytest.raises(StoreError, match=r"running on the calls in .* already, at http://127\.0\.0\.1:8420: use"),
            only_server(tmp_path, "http://127.0.0.1:8421"),
        ):
            pass
        first.kill()
    with only_server(tmp_path, "http://127.0.0.1:8421"):  # a server that died holds nothing
        assert (tmp_path / "server.address").read_text() == "http://127.0.0.1:8421"
    assert not (tmp_path / "server.address").exists()


def test_a_second_server_is_refused_where_the_first_one_s_address_is_damaged(tmp_path: Path) -> None:
    with only_server(tmp_path, "http://127.0.0.1:8420"):
        (tmp_path / "server.address").write_bytes(b"\xff\xfe")
        with pytest.raises(StoreError, match="already, at an address that cannot be read: use"):
            only_server(tmp_path, "http://127.0.0.1:8421").__enter__()


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreError, match="Expected a folder that calls can be kept in"),
        only_server(tmp_path / "file" / "data", "http://127.0.0.1:8420"),
    ):
        pass
