"""Cursors as motor has them: batches that are fetched in threads, and kept until they are read.

In:       the command that opens a cursor.
Out:      documents: `to_list`, `async for`.
Promise:  a cancelled `to_list` leaves its operation running; what it fetched is lost with the cursor.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

from pymongo.errors import InvalidOperation

from tests.simulation.mongo.calls import Call
from tests.simulation.mongo.connections import Connections
from tests.simulation.mongo.errors import NotModelled
from tests.simulation.mongo.sessions import ClientSession
from tests.simulation.mongo.threads import Threads
from tests.simulation.mongo.values import Document


class SimulatedCursor:
    """A query or another command that gives documents in batches."""

    def __init__(
        self,
        connections: Connections,
        threads: Threads,
        command: Document,
        session: ClientSession | None,
        batch_size: int = 0,
    ) -> None:
        self._connections = connections
        self._threads = threads
        self._command = command
        self._explicit = session
        self._session = session or ClientSession(connections.pool)
        self._batch_size = batch_size
        self._data: deque[Document] = deque()
        self._id: int | None = None
        self._is_killed = False

    @property
    def alive(self) -> bool:
        """Whether there may be more."""
        return bool(self._data) or not self._is_killed

    def sort(self, key: str | Sequence[tuple[str, int]], direction: int | None = None) -> Self:
        """The order."""
        pairs = [(key, direction or 1)] if isinstance(key, str) else list(key)
        return self._with("sort", dict(pairs))

    def limit(self, limit: int) -> Self:
        """At most so many documents; 0: all."""
        return self._with("limit", limit)

    def batch_size(self, size: int) -> Self:
        """Documents per round trip."""
        self._batch_size = size
        return self

    def _with(self, option: str, value: Any) -> Self:
        if self._id is not None or "find" not in self._command:
            raise InvalidOperation("Cannot set options after executing query")
        if value:
            self._command[option] = value
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Document:
        if self.alive and (self._data or await self._get_more()):
            return self._data.popleft()
        raise StopAsyncIteration

    def to_list(self, length: int | None = None) -> "asyncio.Future[list[Document]]":
        """The next `length` documents, or all."""
        future: asyncio.Future[list[Document]] = asyncio.get_running_loop().create_future()
        if self.alive:
            self._get_more().add_done_callback(partial(self._to_list, length, [], future))
        else:
            future.set_result([])
        return future

    def _to_list(
        self,
        length: int | None,
        found: list[Document],
        future: "asyncio.Future[list[Document]]",
        fetched: "asyncio.Future[int]",
    ) -> None:
        if fetched.cancelled():
            future.cancel()
            return
        error = fetched.exception()
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
            return
        count = fetched.result() if length is None else min(length - len(found), fetched.result())
        found.extend(self._data.popleft() for _ in range(count))
        if (length is not None and len(found) >= length) or not self.alive:
            future.set_result(found)
        else:
            self._get_more().add_done_callback(partial(self._to_list, length, found, future))

    def fetched(self) -> Document:
        """The next document of the batch."""
        return self._data.popleft()

    async def close(self) -> None:
        """Nothing more is read; the server's cursor is left to its end."""
        self._die()

    def _get_more(self) -> "asyncio.Future[int]":
        return self._threads.run(self.refresh)

    async def refresh(self) -> int:
        """Fetch a batch unless there is one; how many documents are there."""
        if self._data or self._is_killed:
            return len(self._data)
        try:
            if self._id is None:
                answer = await self._connections.call("find", self._open, self._session, is_read=True)
            else:
                answer = await self._connections.call(
                    "getMore", self._next, self._session, is_read=True, retryable=False
                )
        except BaseException:
            self._die()
            raise
        cursor = answer["cursor"]
        self._id = cursor["id"]
        self._data.extend(cursor["firstBatch"] if "firstBatch" in cursor else cursor["nextBatch"])
        if not self._id:
            self._die()
        return len(self._data)

    async def _open(self, call: Call) -> Mapping[str, Any]:
        size = {"batchSize": self._batch_size} if self._batch_size and "find" in self._command else {}
        answer: Mapping[str, Any] = await self._connections.command(call, {**self._command, **size}, retryable=False)
        return answer

    async def _next(self, call: Call) -> Mapping[str, Any]:
        name = next((self._command[name] for name in ("find", "aggregate") if name in self._command), None)
        if name is None:
            raise NotModelled(f"a second batch of {self._command}")
        size = {"batchSize": self._batch_size} if self._batch_size else {}
        command = {"getMore": self._id, "collection": name, "$db": self._command["$db"], **size}
        answer: Mapping[str, Any] = await self._connections.command(call, command, retryable=False)
        return answer

    def _die(self) -> None:
        self._is_killed = True
        if self._explicit is None and not self._session.has_ended:
            self._session.end()
