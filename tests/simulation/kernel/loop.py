"""An event loop on virtual time that runs the tasks of many simulated processes, and can stop any of them.

In:       a seed's random numbers decide nothing here: handles run in the order in which they became ready.
Out:      `SimulatedLoop`: no wait takes real time. The process of a handle is found in its context.
Promise:  a killed process runs no further step, not even a `finally`; a frozen one runs its steps when it is thawed.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextvars import Context
from itertools import count
from typing import Any, Final

from tests.simulation.kernel.process import PROCESS, Process

LIVELOCK_STEPS: Final = 100_000
"""So many steps at one instant are an endless loop."""


class NothingLeftToRun(AssertionError):
    """Every task waits for something that nothing will set."""


class TimeStandsStill(AssertionError):
    """Something runs again and again without waiting for anything."""


class CountedFuture(asyncio.Future[Any]):
    """Its hash is its number: asyncio keeps futures in sets, whose order must not depend on addresses."""

    def __init__(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._number = number

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class CountedTask(asyncio.Task[Any]):
    """As `CountedFuture`."""

    def __init__(
        self, number: int, work: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop, context: Context | None
    ) -> None:
        self._number = number
        super().__init__(work, loop=loop, context=context)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class SimulatedLoop(asyncio.BaseEventLoop):
    """Time moves to the next timer as soon as nothing is ready."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        """Handles that have run: two runs of one seed have the same number."""
        self._now_s = 0.0
        self._numbers = count()
        self._standing_since = 0
        """Steps when time last moved."""
        self._ready: Any
        self._scheduled: Any

    def time(self) -> float:
        """Virtual seconds since the start."""
        return self._now_s

    def create_future(self) -> "asyncio.Future[Any]":
        """See `CountedFuture`."""
        return CountedFuture(next(self._numbers), self)

    def new_task(self, work: Coroutine[Any, Any, Any], context: Context | None) -> "asyncio.Task[Any]":
        """For the task factory; see `CountedTask`."""
        return CountedTask(next(self._numbers), work, self, context)

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """There are no threads."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":  # type: ignore[override]
        """Done at once: a thread would run in real time."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as why:  # noqa: BLE001  # it is the caller's, as an executor's would be
            future.set_exception(why)
        return future

    def resume(self, process: Process) -> None:
        """Thaw a process: what became ready meanwhile runs now."""
        process.state = "running"
        self._ready.extend(process.held)
        process.held.clear()

    def _run_once(self) -> None:
        """See `asyncio.BaseEventLoop`: what is ready now runs; what it makes ready runs in the next turn."""
        if not self._ready and not self._stopping:  # type: ignore[attr-defined]
            self._advance()
        while self._scheduled and self._scheduled[0].when() <= self._now_s:
            timer = heapq.heappop(self._scheduled)
            timer._scheduled = False
            self._ready.append(timer)
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle.cancelled():
                self._run_in_its_process(handle)

    def _advance(self) -> None:
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)._scheduled = False
        if not self._scheduled:
            raise NothingLeftToRun
        self._now_s = max(self._now_s, self._scheduled[0].when())
        self._standing_since = self.steps

    def _run_in_its_process(self, handle: Any) -> None:
        process = handle._context.get(PROCESS)  # nothing public has it
        if process is None or process.takes(handle):
            self.steps += 1
            if self.steps - self._standing_since > LIVELOCK_STEPS:
                raise TimeStandsStill(repr(handle))
            handle._run()

    def _write_to_self(self) -> None:
        """There is no selector to wake."""

    def _process_events(self, event_list: Any) -> None:
        """There is no I/O."""
