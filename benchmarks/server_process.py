"""A real server process for benchmarks: started, awaited, weighed and ended."""

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil
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


def rss_mb(process: asyncio.subprocess.Process) -> float:
    """Resident memory of a server, the process in which it decodes words included."""
    return _mb(sum(part.memory_info().rss for part in _all_of(process)))


def peak_rss_mb(process: asyncio.subprocess.Process) -> float | None:
    """The most that its processes ever held, added up; None where the system does not tell."""
    peaks = [re.search(r"VmHWM:\s+(\d+)", status) for status in _statuses(process)]
    return _mb(sum(1024 * int(peak[1]) for peak in peaks if peak)) if any(peaks) else None


def cpu_s(process: asyncio.subprocess.Process) -> float:
    """Processor time that a server has used, all cores and processes together."""
    return sum(times.user + times.system for times in (part.cpu_times() for part in _all_of(process)))


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a server holds."""

    rss_mb: float
    files: int  # open, connections included
    threads: int


def footprint(process: asyncio.subprocess.Process) -> Footprint:
    """As it is now."""
    parts = _all_of(process)
    return Footprint(rss_mb(process), sum(part.num_fds() for part in parts), sum(part.num_threads() for part in parts))


def _all_of(process: asyncio.subprocess.Process) -> list[psutil.Process]:
    server = psutil.Process(process.pid)
    return [server, *server.children(recursive=True)]


def _statuses(process: asyncio.subprocess.Process) -> Iterator[str]:
    for part in _all_of(process):
        status = Path(f"/proc/{part.pid}/status")
        if status.is_file():
            yield status.read_text(encoding="utf-8")


def _mb(size: float) -> float:
    return round(size / 2**20, 1)
