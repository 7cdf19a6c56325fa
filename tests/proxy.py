"""A line between a client and a server that can break in the ways lines break: loudly, or without a word."""

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """A TCP proxy in front of a server, in a thread of its own; use it as a context manager.

    `address` is where clients connect to instead.
    """

    def __init__(self, address: str) -> None:
        self._server = urlsplit(address)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._ways: dict[asyncio.StreamWriter, asyncio.Event] = {}  # each set while something may pass
        self._to_server: set[asyncio.StreamWriter] = set()
        self._listener: asyncio.Server | None = None
        self._accepting = True
        self.address = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *exc: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Break the lines that there are: both ends notice at once."""
        self._run(self._abort())

    def silence(self, to_server_only: bool = False) -> None:
        """Pass on nothing any more on the lines that there are: neither end notices. New lines work."""
        self._run(self._let(False, [way for way in self._ways if way in self._to_server or not to_server_only]))

    def refuse(self) -> None:
        """Break every new line at once."""
        self._accepting = False

    def accept(self) -> None:
        """Take new lines again."""
        self._accepting = True

    def speak(self) -> None:
        """Pass on what was held back."""
        self._run(self._let(True, list(self._ways)))

    def _run(self, coroutine: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not self._accepting:
                raise ConnectionRefusedError
            there, back = await asyncio.open_connection(self._server.hostname, self._server.port)
        except OSError:
            writer.transport.abort()
            return
        self._to_server.add(back)
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer), return_exceptions=True)
        for end in (writer, back):
            end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way = self._ways[writer] = asyncio.Event()
        way.set()
        try:
            while data := await reader.read(65_536):
                await way.wait()
                writer.write(data)
                await writer.drain()
            await way.wait()
            writer.close()
        finally:
            del self._ways[writer]

    async def _let(self, speak: bool, writers: Iterable[asyncio.StreamWriter]) -> None:
        for writer in writers:
            way = self._ways[writer]
            way.set() if speak else way.clear()

    async def _abort(self) -> None:
        for writer in self._ways:
            writer.transport.abort()
        await self._let(True, list(self._ways))

    async def _close(self) -> None:
        assert self._listener is not None
        self._listener.close()
        await self._abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
