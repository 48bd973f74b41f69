"""A TCP proxy between a role and a part of the stack: only this role loses the part.

In:   the address of the part; when it refuses connections, when it is silent, when it is available again.
Out:  an address of its own; the ranges that were requested of S3 through it.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final, Literal

from tests.fakes.relay import Ends, Relay, relayed

Manner = Literal["refused", "silent"]
"""How a part is unavailable: connections are refused and open ones closed; or no answer ever comes."""

PIECE_BYTES: Final = 65_536
RANGE: Final = re.compile(rb"\r\nrange: bytes=(\d+)-(\d+)\r\n", re.IGNORECASE)


class Proxy(Relay):
    """Passes bytes unchanged."""

    def __init__(self, host: str, target_port: int) -> None:
        super().__init__(host, target_port)
        self._flows = asyncio.Event()
        self.bytes_per_s: float | None = None
        """Limit for what a client sends, on each connection; None: no limit."""
        self.delay_s = 0.0
        """Before each piece that a client sends."""
        self.ranges: list[tuple[int, int]] = []
        """First and last byte of each requested range, in order."""

    async def start(self) -> None:
        self._flows.set()
        await super().start()

    async def stop(self) -> None:
        self._flows.set()
        await super().stop()

    @asynccontextmanager
    async def unavailable(self, manner: Manner) -> AsyncIterator[None]:
        """The part is unavailable until the block ends."""
        if manner == "refused":
            await self.stop()
            yield
            await self.start()
        else:
            self._flows.clear()
            yield
            self._flows.set()

    async def relay(self, ends: Ends) -> None:
        await asyncio.gather(
            self._pass(ends.from_client, ends.to_part, ends, is_limited=True),
            self._pass(ends.from_part, ends.to_client, ends, is_limited=False),
        )

    def _pause_s(self, size: int) -> float:
        return self.delay_s + (0.0 if self.bytes_per_s is None else size / self.bytes_per_s)

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, ends: Ends, *, is_limited: bool
    ) -> None:
        """One direction. Bytes sent during a silence arrive late, as on a network that recovers."""
        with suppress(OSError):
            while piece := await source.read(PIECE_BYTES):
                self.ranges += [(int(first), int(last)) for first, last in RANGE.findall(piece)]
                await self._flows.wait()
                if is_limited:
                    await asyncio.sleep(self._pause_s(len(piece)))
                target.write(piece)
                await target.drain()
        ends.abort()


def proxied(address: str) -> AbstractAsyncContextManager[tuple[Proxy, str]]:
    """A proxy of what is at this address, a URL; and the same URL by way of it."""
    return relayed(Proxy, address)
