"""A real server process for benchmarks: started, awaited, weighed and ended."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
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


def rss_mb(process: asyncio.subprocess.Process, kind: str = "VmRSS") -> float | None:
    """Resident memory of a process, now or (VmHWM) at most so far; None where the system does not tell."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.is_file():
        return None
    line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith(kind))
    return round(int(line.split()[1]) / 1024, 1)


def cpu_s(process: asyncio.subprocess.Process) -> float | None:
    """Processor time that a process has used, all cores together; None where the system does not tell."""
    stat = Path(f"/proc/{process.pid}/stat")
    if not stat.is_file():
        return None
    user, system = stat.read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a process holds."""

    rss_mb: float
    files: int  # open, connections included
    threads: int


def footprint(process: asyncio.subprocess.Process) -> Footprint | None:
    """As it is now; None where the system does not tell."""
    rss, own = rss_mb(process), Path(f"/proc/{process.pid}")
    if rss is None:
        return None
    return Footprint(rss, len(list((own / "fd").iterdir())), len(list((own / "task").iterdir())))
