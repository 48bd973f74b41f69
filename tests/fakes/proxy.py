"""A TCP proxy between a role and a part of the stack: only this role loses the part, nobody else is disturbed.

In:   the address of the part; when to refuse, when to fall silent, when to be there again.
Out:  an address of its own; the ranges that were asked of S3 through it.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal
from urllib.parse import urlsplit

Manner = Literal["refused", "silent"]
"""How a part is away: nobody listens and what was open is closed; or whatever is sent, no answer comes."""

PIECE_BYTES: Final = 65_536
RANGE: Final = re.compile(rb"\r\nrange: bytes=(\d+)-(\d+)\r\n", re.IGNORECASE)


class Proxy:
    """Lives for one part and one role."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._speaks = asyncio.Event()
        self.port = 0
        self.bytes_per_s: float | None = None
        """Of what a client sends, on each connection; None: as fast as it goes."""
        self.ranges: list[tuple[int, int]] = []
        """First and last byte of each range asked for, in order."""

    async def start(self) -> None:
        """Listen, at the same port each time."""
        self._speaks.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse whoever comes, and cut off whoever is there."""
        if self._server is not None:
            self._server.close()
        self._speaks.set()
        for writer in self._open.values():
            writer.transport.abort()
        await asyncio.gather(*self._open)

    @asynccontextmanager
    async def away(self, manner: Manner) -> AsyncIterator[None]:
        """The part is away in this manner; at the end it is back."""
        if manner == "refused":
            await self.stop()
            yield
            await self.start()
        else:
            self._speaks.clear()
            yield
            self._speaks.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        with suppress(OSError):
            there, back = await asyncio.open_connection(*self._target)
            await asyncio.gather(
                self._pass(reader, back, writer, is_narrow=True), self._pass(there, writer, back, is_narrow=False)
            )
        writer.transport.abort()
        del self._open[task]

    async def _pass(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        other: asyncio.StreamWriter,
        *,
        is_narrow: bool,
    ) -> None:
        """One direction. What was sent into a silence arrives late, as with a network that comes back."""
        with suppress(OSError):
            while piece := await source.read(PIECE_BYTES):
                self.ranges += [(int(first), int(last)) for first, last in RANGE.findall(piece)]
                await self._speaks.wait()
                if is_narrow and self.bytes_per_s is not None:
                    await asyncio.sleep(len(piece) / self.bytes_per_s)
                target.write(piece)
                await target.drain()
        for end in (target, other):
            end.transport.abort()


@asynccontextmanager
async def proxied(address: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy of what is at this address, a URL; and the same URL by way of it."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert parts.port is not None
    proxy = Proxy(parts.hostname, parts.port)
    await proxy.start()
    try:
        yield proxy, address.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{proxy.port}")
    finally:
        await proxy.stop()
