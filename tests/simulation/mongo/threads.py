"""motor's threads: each operation runs to its end in one, whatever becomes of the task that wants it.

In:       coroutines that stand for what pymongo does in a thread.
Out:      futures, as motor's methods return them.
Promise:  a cancelled task does not stop its operation. One that still waits for a free thread is dropped. A thread is
          no task: it may outlive the task that wanted it, and even the main task of its process.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from functools import partial
from typing import Any, Final

from tests.simulation.kernel.stepping import Served, settle

Work = Callable[[], Coroutine[Any, Any, Any]]

THREADS_MAX: Final = 10
"""motor's: five for each processor."""


class Threads:
    """Of one client."""

    def __init__(self) -> None:
        self._free = THREADS_MAX
        self._queue: deque[tuple[asyncio.Future[Any], Work, Context]] = deque()

    def run(self, work: Work) -> "asyncio.Future[Any]":
        """Start it as soon as a thread is free."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.append((answer, work, copy_context()))
        self._start()
        return answer

    def _start(self) -> None:
        while self._free and self._queue:
            answer, work, context = self._queue.popleft()
            if not answer.cancelled():
                self._free -= 1
                context.run(Served(work(), partial(self._ended, answer)).advance)

    def _ended(self, answer: "asyncio.Future[Any]", outcome: Any) -> None:
        self._free += 1
        if not answer.done():
            settle(answer, outcome)
        self._start()
