"""A crowd of clients in a process of its own: `python -m benchmarks.load.crowd_process KIND ADDRESS CALL COUNT`.

`follow`: websockets that never read a byte, half of them of CALL, half of the stored call "long". `load`: clients that
load "long" again and again, its events and its sound in turn. Says `ready` once all are there; ends when standard input
does, and says how often "long" was loaded whole.
"""

import asyncio
import socket
import sys
from urllib.parse import urlsplit

from server.web.connections import room_for

_HANDSHAKE = (
    "GET /ws/calls/{call} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_REQUEST = "GET /api/calls/long{part} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"


class Crowd:
    def __init__(self, address: str) -> None:
        self.loads = 0
        url = urlsplit(address)
        self._host, self._port, self._netloc = url.hostname or "", url.port or 0, url.netloc
        self._sockets: list[socket.socket] = []

    def follow(self, call: str) -> None:
        """One more follower, which never reads."""
        connection = socket.create_connection((self._host, self._port))
        connection.sendall(_HANDSHAKE.format(call=call, host=self._netloc).encode())
        self._sockets.append(connection)

    async def load(self) -> None:
        """One client, for ever."""
        while True:
            await self._fetch("")
            self.loads += 1
            await self._fetch("/audio")

    async def _fetch(self, part: str) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        writer.write(_REQUEST.format(part=part, host=self._netloc).encode())
        status = await reader.readline()
        if b" 200 " not in status:
            raise RuntimeError(f"Expected the stored call; the server said {status.decode().strip()}.")
        while await reader.read(2**18):
            pass
        writer.close()


async def run(kind: str, address: str, call: str, count: int) -> None:
    room_for(count)
    crowd = Crowd(address)
    if kind == "follow":
        for number in range(count):
            await asyncio.to_thread(crowd.follow, call if number % 2 else "long")
        tasks = []
    else:
        tasks = [asyncio.create_task(crowd.load()) for _ in range(count)]
    print("ready", flush=True)
    end = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([end, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()
    print(crowd.loads, flush=True)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
