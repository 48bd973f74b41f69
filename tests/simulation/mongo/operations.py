"""An operation that runs on the server, and what may end it before it is done.

In:       its command.
Out:      pauses, in which it can be interrupted: by a time-out, an election, or the end of its session.
Promise:  between two pauses nothing else happens on the server.
"""

import asyncio
from typing import Any

from tests.simulation.mongo.errors import ServerError
from tests.simulation.mongo.values import Document


class Operation:
    """Lives while the server runs it."""

    __slots__ = ("_error", "_until_s", "_waiting", "command", "name", "session_id")

    def __init__(self, command: Document, now_s: float) -> None:
        self.command = command
        self.name: str = next(iter(command))
        self.session_id: bytes | None = bytes(command["lsid"]["id"]) if "lsid" in command else None
        limit_ms = command.get("maxTimeMS")
        self._until_s = None if limit_ms is None else now_s + limit_ms / 1000
        self._waiting: asyncio.Future[None] | None = None
        self._error: BaseException | None = None

    def interrupt(self, error: BaseException) -> None:
        """End it with this error at its current pause, or at its next one."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
        else:
            self._error = error

    def check(self) -> None:
        """Raise what it was interrupted with."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    async def pause(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            ServerError: 50, its time is over; or what it was interrupted with.
        """
        loop = asyncio.get_running_loop()
        timer = loop.create_future()
        handle = loop.call_later(seconds, _set, timer)
        try:
            await self.wait(timer)
        finally:
            handle.cancel()

    async def wait(self, awaited: "asyncio.Future[Any]") -> None:
        """The same until something is done, whatever its outcome."""
        self.check()
        if awaited.done():
            return
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[None] = loop.create_future()
        self._waiting = waiting
        handle = None
        if self._until_s is not None:
            handle = loop.call_at(max(self._until_s, loop.time()), _fail, waiting)

        def wake(_done: "asyncio.Future[Any]") -> None:
            _set(waiting)

        awaited.add_done_callback(wake)
        try:
            await waiting
        finally:
            self._waiting = None
            awaited.remove_done_callback(wake)
            if handle is not None:
                handle.cancel()


def _set(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)


def _fail(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_exception(ServerError(50, "operation exceeded time limit"))
