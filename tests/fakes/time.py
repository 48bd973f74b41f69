"""Time under a test's control: an event loop whose pauses take no time, and clocks that a test sets.

Out: `run`, `ImpatientLoop`; `Clock`, `SecondsClock`.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Clock:
    """A wall clock that stands still between steps."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def step(self, seconds: float) -> None:
        """Move forwards or backwards."""
        self.now += timedelta(seconds=seconds)


@dataclass(slots=True)
class SecondsClock:
    """Seconds, as `time.monotonic` and `time.time` give them; they pass only by assignment to `now`."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


class ImpatientSelector(selectors.SelectSelector):
    """Never waits; counts the seconds that it should have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See `selectors.BaseSelector.select`."""
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing is left to wait for"
            self.skipped_s += max(0.0, timeout)
        return ready


class ImpatientLoop(asyncio.SelectorEventLoop):
    """`asyncio.sleep(3600)` ends at once, and the loop's time moves by an hour."""

    def __init__(self) -> None:
        self._skipping = ImpatientSelector()
        super().__init__(self._skipping)

    def run_in_executor(  # type: ignore[override]  # the stub has variadic generics, which a fake need not repeat
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        """Done at once: time that is skipped must not pass while a thread works."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as why:  # noqa: BLE001  # it is the caller's, as an executor's would be
            future.set_exception(why)
        return future

    def time(self) -> float:
        """Seconds, skipped ones included."""
        return super().time() + self._skipping.skipped_s


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end without waiting."""
    with asyncio.Runner(loop_factory=ImpatientLoop) as runner:
        return runner.run(work)
