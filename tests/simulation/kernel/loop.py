"""An event loop on virtual time that runs the tasks of many simulated processes, and can stop any of them.

In:       coroutines. Handles run in the order in which they became ready; no chance decides anything here.
Out:      `SimulatedLoop`: no wait takes real time. The process of a handle is found in its context.
Promise:  a killed process runs no further step, not even a `finally`; a frozen one runs its steps when it is thawed.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heappop, heappush
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
    """Its hash is a number: asyncio keeps futures in sets, whose order must not depend on addresses."""

    def __hash__(self) -> int:
        return number_of(self)


class CountedTask(asyncio.Task[Any]):
    """As `CountedFuture`."""

    def __hash__(self) -> int:
        return number_of(self)


class SimulatedLoop(asyncio.BaseEventLoop):
    """Time moves to the next timer as soon as nothing is ready."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        """Handles that have run: two runs of one seed have the same number."""
        self.numbers = count()
        """Of futures and tasks."""
        self._now_s = 0.0
        self._ready: Any
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._timer_numbers = count()
        self._standing_since = 0
        """Steps when time last moved."""

    def time(self) -> float:
        """Virtual seconds since the start."""
        return self._now_s

    def create_future(self) -> "asyncio.Future[Any]":
        """See `CountedFuture`."""
        return CountedFuture(loop=self)

    def new_task(self, work: Coroutine[Any, Any, Any], context: Context | None) -> "asyncio.Task[Any]":
        """For the task factory; see `CountedTask`."""
        return CountedTask(work, loop=self, context=context)

    def call_soon(  # type: ignore[override]  # the stub has variadic generics
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Without the checks of asyncio, of which there would be a hundred thousand in a history."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # there are no threads

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Kept as tuples, which compare faster than handles."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._timer_numbers), timer))
        return timer

    def call_later(  # type: ignore[override]  # as above
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See `call_at`."""
        return self.call_at(self._now_s + delay, callback, *args, context=context)

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
        timers, ready = self._timers, self._ready
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            self._advance()
        while timers and timers[0][0] <= self._now_s:
            ready.append(heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(PROCESS)  # nothing public has it
            if process is None or process.takes(handle):
                self.steps += 1
                handle._run()
        if self.steps - self._standing_since > LIVELOCK_STEPS:
            raise TimeStandsStill(repr(ready[0]) if ready else "")

    def _advance(self) -> None:
        while self._timers and self._timers[0][2]._cancelled:
            heappop(self._timers)
        if not self._timers:
            raise NothingLeftToRun
        self._now_s = max(self._now_s, self._timers[0][0])
        self._standing_since = self.steps

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is dropped when its time comes."""

    def _write_to_self(self) -> None:
        """There is no selector to wake."""

    def _process_events(self, event_list: Any) -> None:
        """There is no I/O."""


def number_of(future: Any) -> int:
    """A future's number, given at the first question."""
    try:
        number: int = future.number
    except AttributeError:
        number = future.number = next(future.get_loop().numbers)
    return number
