"""A real server process for benchmarks: started, awaited and ended. `benchmarks/load/processes.py` weighs it."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

from websockets.asyncio.client import connect

from audio.errors import CalmlineError

READY_MOST_S = 60.0  # a server that is not up by then is taken to have failed


class NotReadyError(CalmlineError):
    """The server process did not come up."""

    def __init__(self, status: int | None) -> None:
        how = "did not answer" if status is None else f"ended with exit status {status}"
        super().__init__(f"A server was expected within {READY_MOST_S:.0f} s; it {how}.")


@asynccontextmanager
async def server_process(
    folder: Path, settings: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """A server process with its own store and port, and settings as environment variables; its websocket address."""
    port = _free_port()
    own = {"CALMLINE_SERVER_PORT": str(port), "CALMLINE_SERVER_DATA_FOLDER": str(folder)}
    environment = {**os.environ, **own, **settings}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "server.cli", "serve", env=environment)
    address = f"ws://127.0.0.1:{port}"
    try:
        await asyncio.wait_for(_answers(address, process), READY_MOST_S)
        yield address, process
    except TimeoutError as error:
        raise NotReadyError(process.returncode) from error
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _answers(address: str, process: asyncio.subprocess.Process) -> None:
    while True:
        try:
            async with connect(f"{address}/ws/follow"):
                return
        except OSError:
            if process.returncode is not None:
                raise NotReadyError(process.returncode) from None
            await asyncio.sleep(0.02)
