"""The network between simulated processes and servers: delays, lost requests, lost answers, servers that are down.

In:       a call: what a server does for a client, as a coroutine.
Out:      its result or its error, or `ConnectionLost`.
Promise:  what reached the server is done to its end there, whatever becomes of the client: a cancelled, frozen or
          killed client only does not see the answer. What did not reach it is never done.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Final, Literal, TypeVar

from tests.simulation.kernel.process import PROCESS
from tests.simulation.kernel.stepping import Served, settle

T = TypeVar("T")

LATENCY_S: Final = (0.0002, 0.003)
"""One way, shortest and longest; uniformly distributed."""
LOSS_NOTICED_S: Final = (0.001, 0.5)
"""Until a client notices that its connection is gone."""

Loss = Literal["request", "answer"]


class ConnectionLost(Exception):
    """The client's connection is gone. `loss`: whether the request or the answer was lost; a client cannot know."""

    def __init__(self, loss: Loss) -> None:
        super().__init__(loss)
        self.loss = loss


@dataclass(eq=False, slots=True)
class Server:
    """One server, by its state as the network sees it."""

    name: str
    is_up: bool = True
    """False: connections are refused, and open ones are lost."""
    is_reachable: bool = True
    """False: nothing arrives and nothing is refused, as with a partitioned network or a frozen server."""
    restored: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever it is reachable."""
    clock_offset_s: float = 0.0
    """How far its wall clock is ahead of true time."""

    def __post_init__(self) -> None:
        self.restored.set()

    def freeze(self) -> None:
        """What is sent to it waits until the thaw."""
        self.is_reachable = False
        self.restored.clear()

    def thaw(self) -> None:
        """What waited is served now."""
        self.is_reachable = True
        self.restored.set()

    def crash(self) -> None:
        """It is down: see `is_up`."""
        self.is_up = False

    def start(self) -> None:
        """It is up again; its state on disk is its owner's business."""
        self.is_up = True


Disturb = Callable[[str, str], Loss | float | None]
"""By server and operation: what is lost, or how many seconds the answer is late; None: nothing happens."""


def undisturbed(_server: str, _operation: str) -> None:
    """Every call succeeds."""


@dataclass(eq=False, slots=True)
class Network:
    """Connects all processes with all servers."""

    random: Random
    disturb: Disturb = undisturbed
    outside: Context = field(default_factory=copy_context)
    """The context of servers: no process's."""

    async def call(
        self,
        server: Server,
        operation: str,
        work: Callable[[], Coroutine[Any, Any, T]],
        timeout_s: float | None = None,
    ) -> T:
        """Have the server do `work`; the result or error comes back after the network's delays.

        Raises:
            ConnectionLost: see `Loss`.
            TimeoutError: there was no answer in time.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        call = Call(self, server, work, self.disturb(server.name, operation), answer)
        loop.call_later(self._between(LATENCY_S), call.arrive, context=self.outside)
        if timeout_s is None:
            return await answer
        timer = loop.call_later(timeout_s, call.expire)
        try:
            return await answer
        finally:
            timer.cancel()

    def _between(self, bounds: tuple[float, float]) -> float:
        shortest_s, longest_s = bounds
        return shortest_s + (longest_s - shortest_s) * self.random.random()

    def later(self, bounds: tuple[float, float], late_s: float, step: Callable[..., object], *args: Any) -> None:
        """Go on after a random time, outside of every process."""
        asyncio.get_running_loop().call_later(self._between(bounds) + late_s, step, *args, context=self.outside)


@dataclass(eq=False, slots=True)
class Call:
    """One request on its way, by timers: a task with sleeps would take four times as many steps."""

    network: Network
    server: Server
    work: Callable[[], Coroutine[Any, Any, Any]]
    disturbance: Loss | float | None
    answer: "asyncio.Future[Any]"

    def expire(self) -> None:
        """The client waits no longer."""
        if not self.answer.done():
            self.answer.set_exception(TimeoutError())

    def arrive(self) -> None:
        """The request is at the server."""
        if self.disturbance == "request":
            self._lose("request")
        elif not self.server.is_reachable:
            self._when_restored(self.arrive)
        elif self.server.is_up:
            Served(self.work(), self.finish).advance()
        else:
            self._lose("request")

    def finish(self, outcome: Any) -> None:
        """The work is done: `outcome` is its result, or the error to raise."""
        late_s = self.disturbance if isinstance(self.disturbance, float) else 0.0
        self.network.later(LATENCY_S, late_s, self.deliver, outcome)

    def deliver(self, outcome: Any) -> None:
        """The answer is at the client."""
        if self.disturbance == "answer":
            self._lose("answer")
        elif not self.server.is_reachable:
            self._when_restored(partial(self.deliver, outcome))
        elif not self.server.is_up:
            self._lose("answer")
        elif not self.answer.done():
            settle(self.answer, outcome)

    def _when_restored(self, step: Callable[[], None]) -> None:
        Served(self.server.restored.wait(), lambda _restored: step()).advance()

    def _lose(self, loss: Loss) -> None:
        self.network.later(LOSS_NOTICED_S, 0.0, self._notice, loss)

    def _notice(self, loss: Loss) -> None:
        if not self.answer.done():
            self.answer.set_exception(ConnectionLost(loss))


def is_servers_step() -> bool:
    """Whether the running step is a server's, not a process's."""
    return PROCESS.get() is None
