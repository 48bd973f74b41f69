"""A coroutine that runs without a task: step by step, by the callbacks of the futures that it waits for.

In:       a coroutine that needs no task of its own: no `asyncio.timeout`, no cancellation.
Out:      `Served`, which gives the result or the error to a function.
Promise:  the first step runs at once, and each later one where a task's step would. One that waits for nothing costs
          no step of the loop at all.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Served:
    """Lives until its coroutine ends."""

    __slots__ = ("_coro", "_done")

    def __init__(self, coro: Coroutine[Any, Any, Any], done: Callable[[Any], None]) -> None:
        self._coro = coro
        self._done = done

    def advance(self, _awaited: object = None) -> None:
        """Run to the next wait; a failed wait raises its error in the coroutine by itself."""
        try:
            awaited = self._coro.send(None)
        except StopIteration as end:
            self._done(end.value)
            return
        except (Exception, asyncio.CancelledError) as why:  # noqa: BLE001  # it is the caller's
            self._done(why)
            return
        if awaited is None:
            asyncio.get_running_loop().call_soon(self.advance)
        else:
            awaited._asyncio_future_blocking = False
            awaited.add_done_callback(self.advance)


def settle(answer: "asyncio.Future[Any]", outcome: Any) -> None:
    """Set a result, or an error."""
    if isinstance(outcome, BaseException):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
