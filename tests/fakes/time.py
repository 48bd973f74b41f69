"""Time that passes at once: an event loop whose pauses take none, and a clock that a test turns."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Clock:
    """A time of day that moves only when told."""

    now: datetime

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def step(self, seconds: float) -> None:
        """Go forwards, or backwards."""
        self.now += timedelta(seconds=seconds)


class ImpatientSelector(selectors.SelectSelector):
    """Never waits for more than what is there already; counts the seconds it should have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See `selectors.BaseSelector.select`."""
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing will ever happen again"
            self.skipped_s += max(0.0, timeout)
        return ready


class ImpatientLoop(asyncio.SelectorEventLoop):
    """`asyncio.sleep(3600)` is over at once, and the loop's time says that an hour went by."""

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
