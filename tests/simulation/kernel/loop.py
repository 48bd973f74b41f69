"""An event loop on virtual time that runs the tasks of many simulated processes, and can stop any of them.

In:       coroutines. Handles run in the order in which they became ready; no chance decides anything here.
Out:      `SimulatedLoop`: no wait takes real time. The process of a handle is found in its context.
Promise:  a killed process runs no further step, not even a `finally`; a frozen one runs its steps when it is thawed.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context, copy_context
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

    __slots__ = ("number",)

    number: int

    def __hash__(self) -> int:
        try:
            return self.number
        except AttributeError:
            self.number = next(self.get_loop().numbers)  # type: ignore[attr-defined]  # a simulated loop
            return self.number


class CountedTask(asyncio.Task[Any]):
    """As `CountedFuture`."""

    __slots__ = ("number", "process")

    number: int
    process: Process | None
    """Whose it is; asyncio does not say in which context a task runs."""

    def __hash__(self) -> int:
        return self.number


class Step(asyncio.Handle):
    """A handle without what a simulation never needs: there are a hundred thousand of them in a history."""

    __slots__ = ("_process",)

    _callback: Any  # and None when it is cancelled
    _args: Any

    def __init__(self, callback: Callable[..., object], args: Sequence[Any], context: Context | None) -> None:
        self._callback, self._args, self._cancelled = callback, args, False
        if context is None:
            self._context, self._process = copy_context(), PROCESS.get()
        else:
            self._context, self._process = context, context.get(PROCESS)

    def cancel(self) -> None:
        """See `asyncio.Handle`."""
        self._cancelled = True
        self._callback = self._args = None  # what they refer to is not needed any more


class Timer(asyncio.TimerHandle):
    """The same; a timer that is cancelled is dropped when its time comes."""

    __slots__ = ("_process",)

    _callback: Any  # and None when it is cancelled
    _args: Any

    def __init__(
        self, when: float, callback: Callable[..., object], args: Sequence[Any], context: Context | None
    ) -> None:
        self._when, self._callback, self._args, self._cancelled = when, callback, args, False
        if context is None:
            self._context, self._process = copy_context(), PROCESS.get()
        else:
            self._context, self._process = context, context.get(PROCESS)

    def cancel(self) -> None:
        """See `asyncio.TimerHandle`."""
        self._cancelled = True
        self._callback = self._args = None  # as above


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

    def create_task(  # type: ignore[override]  # the stub has variadic generics
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> "asyncio.Task[Any]":
        """See `CountedTask`."""
        task = new_task(CountedTask, next(self.numbers))
        task.process = PROCESS.get() if context is None else context.get(PROCESS)
        task.__init__(coro, loop=self, name=name, context=context)  # type: ignore[misc]  # which needs its number
        return task

    def call_soon(  # type: ignore[override]  # the stub has variadic generics
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Without the checks of asyncio."""
        handle = Step(callback, args, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # there are no threads

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Kept as tuples, which compare faster than handles."""
        timer = Timer(when, callback, args, context)
        heappush(self._timers, (when, next(self._timer_numbers), timer))
        return timer

    def call_later(  # type: ignore[override]  # as above
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See `call_at`."""
        timer = Timer(self._now_s + delay, callback, args, context)
        heappush(self._timers, (timer._when, next(self._timer_numbers), timer))
        return timer

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
            if not handle._cancelled and ((process := handle._process) is None or process.takes(handle)):
                self.steps += 1
                try:
                    handle._context.run(handle._callback, *handle._args)
                except Exception as why:  # noqa: BLE001  # as asyncio
                    self._failed(handle, why)
        if self.steps - self._standing_since > LIVELOCK_STEPS:
            raise TimeStandsStill(repr(ready[0]) if ready else "")

    def _failed(self, handle: asyncio.Handle, why: Exception) -> None:
        self.call_exception_handler({"message": "a callback has failed", "exception": why, "handle": handle})

    def _advance(self) -> None:
        while self._timers and self._timers[0][2]._cancelled:
            heappop(self._timers)
        if not self._timers:
            raise NothingLeftToRun
        self._now_s = max(self._now_s, self._timers[0][0])
        self._standing_since = self.steps

    def _write_to_self(self) -> None:
        """There is no selector to wake."""

    def _process_events(self, event_list: Any) -> None:
        """There is no I/O."""


def new_task(kind: type[CountedTask], number: int) -> CountedTask:
    """A task that has its number before asyncio keeps it in a set."""
    task = kind.__new__(kind)
    task.number = number
    return task
