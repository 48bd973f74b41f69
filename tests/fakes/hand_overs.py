"""motor's hand-overs to threads, at each of which a test can cancel a task.

Out: `HandOvers`, which counts them, delays server selection, and cancels at a chosen one; `PLACES`.
"""

import asyncio
import contextvars
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Final, Literal

import pytest
from motor.frameworks import asyncio as framework
from pymongo.synchronous.topology import Topology

Place = Literal["submitted", "started", "answered"]
PLACES: Final[tuple[Place, ...]] = ("submitted", "started", "answered")
"""In the loop, once a thread may take the statement; in the thread, before server selection; in the thread, after the
server's answer and before the loop sees it."""
REACTION_S: Final = 0.02
"""Time for the loop to act on a cancellation while the thread is held."""
SETTLED_WITHIN_S: Final = 30.0


def nothing() -> None:
    """For runs without a cancellation."""


class HandOvers:
    """Lives for one test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._select: Callable[..., Any] = Topology.select_server
        self._jobs: list[Future[Any]] = []
        self._at: tuple[int, Place] | None = None
        self._cancel: Callable[[], object] = nothing
        self._selection_s = 0.0
        monkeypatch.setattr(framework, "run_on_executor", self._handed_over)
        monkeypatch.setattr(
            Topology,
            "select_server",
            lambda topology, *args, **options: self._selected(topology, *args, **options),  # noqa: PLW0108  # a bound method would lose the topology
        )

    @property
    def count(self) -> int:
        """Hand-overs since the last `watch`."""
        return len(self._jobs)

    def watch(self, at: tuple[int, Place] | None, cancel: Callable[[], object], *, selection_s: float = 0.0) -> None:
        """Reset the count; call `cancel` at this place of this hand-over (from 1). `selection_s`: delay of each."""
        self._jobs, self._at, self._cancel, self._selection_s = [], at, cancel, selection_s

    async def settle(self) -> None:
        """Wait until all threads are idle, and remove the delay."""
        _, running = await asyncio.to_thread(wait, self._jobs, SETTLED_WITHIN_S)
        assert not running
        self.watch(None, nothing)

    def _handed_over(
        self, loop: asyncio.AbstractEventLoop, work: Callable[..., Any], *args: object, **options: object
    ) -> "asyncio.Future[Any]":
        number = self.count + 1

        def in_thread() -> Any:
            self._reach(number, "started", loop)
            try:
                return work(*args, **options)
            finally:
                self._reach(number, "answered", loop)

        job = framework._EXECUTOR.submit(contextvars.copy_context().run, in_thread)
        self._jobs.append(job)
        self._reach(number, "submitted", loop)
        return asyncio.wrap_future(job, loop=loop)

    def _reach(self, number: int, place: Place, loop: asyncio.AbstractEventLoop) -> None:
        if (number, place) != self._at:
            return
        loop.call_soon_threadsafe(self._cancel)
        if place != "submitted":
            time.sleep(REACTION_S)

    def _selected(self, topology: Topology, *args: object, **options: object) -> object:
        time.sleep(self._selection_s)
        return self._select(topology, *args, **options)
