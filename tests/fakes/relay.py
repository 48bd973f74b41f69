"""A TCP relay on a port of its own, the base of the proxies between a role and a part of the stack.

In:   the address of the part.
Out:  `Relay`, to be subclassed; `relayed`, which runs a relay and rewrites the address to lead through it.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit


class Ends(NamedTuple):
    """Both connections of one client: its own, and the relay's to the part."""

    from_client: asyncio.StreamReader
    to_client: asyncio.StreamWriter
    from_part: asyncio.StreamReader
    to_part: asyncio.StreamWriter

    def abort(self) -> None:
        """Close both at once."""
        self.to_client.transport.abort()
        self.to_part.transport.abort()


class Relay(ABC):
    """Lives for one part and one role."""

    def __init__(self, host: str, target_port: int) -> None:
        self.port = 0
        self._target = host, target_port
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Listen, at the same port each time."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections, and abort the open ones."""
        if self._server is not None:
            self._server.close()
        for writer in self._open.values():
            writer.transport.abort()
        await asyncio.gather(*self._open)

    @abstractmethod
    async def relay(self, ends: Ends) -> None:
        """Pass both directions until one ends."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        with suppress(OSError):
            await self.relay(Ends(reader, writer, *await asyncio.open_connection(*self._target)))
        writer.transport.abort()
        del self._open[task]


R = TypeVar("R", bound=Relay)


@asynccontextmanager
async def relayed(make: Callable[[str, int], R], address: str) -> AsyncIterator[tuple[R, str]]:
    """A running relay to this address, a URL; and the same URL by way of it."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert parts.port is not None
    relay = make(parts.hostname, parts.port)
    await relay.start()
    try:
        yield relay, address.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{relay.port}")
    finally:
        await relay.stop()
