"""The network between simulated processes and servers: delays, lost requests, lost answers, servers that are down.

In:       a call: what a server does for a client, as a coroutine.
Out:      its result or its error, or `ConnectionLost`.
Promise:  what reached the server is done to its end there, whatever becomes of the client: a cancelled, frozen or
          killed client only does not see the answer. What did not reach it is never done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, Literal, TypeVar

from tests.simulation.kernel.process import PROCESS

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
    running: set["asyncio.Task[Any]"] = field(default_factory=set)
    """What servers do at the moment."""

    async def call(self, server: Server, operation: str, work: Callable[[], Awaitable[T]]) -> T:
        """Have the server do `work`; the result or error comes back after the network's delays.

        Raises:
            ConnectionLost: see `Loss`.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        task = loop.create_task(self._serve(server, operation, work, answer), context=self.outside.copy())
        self.running.add(task)
        task.add_done_callback(self.running.discard, context=self.outside.copy())
        return await answer

    async def _serve(
        self, server: Server, operation: str, work: Callable[[], Awaitable[T]], answer: "asyncio.Future[T]"
    ) -> None:
        disturbance = self.disturb(server.name, operation)
        await asyncio.sleep(self._between(LATENCY_S))
        if disturbance == "request" or not await self._arrives(server):
            await self._lose(answer, "request")
            return
        outcome: T | Exception
        try:
            outcome = await work()
        except Exception as why:  # noqa: BLE001  # it is the client's
            outcome = why
        await self._deliver(server, disturbance, outcome, answer)

    async def _arrives(self, server: Server) -> bool:
        if not server.is_reachable:
            await server.restored.wait()
        return server.is_up

    async def _deliver(
        self,
        server: Server,
        disturbance: Loss | float | None,
        outcome: Any,  # a result, or the error to raise
        answer: "asyncio.Future[Any]",
    ) -> None:
        late_s = disturbance if isinstance(disturbance, float) else 0.0
        await asyncio.sleep(self._between(LATENCY_S) + late_s)
        if disturbance == "answer" or not await self._arrives(server):
            await self._lose(answer, "answer")
        elif answer.done():
            return
        elif isinstance(outcome, BaseException):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    async def _lose(self, answer: "asyncio.Future[Any]", loss: Loss) -> None:
        await asyncio.sleep(self._between(LOSS_NOTICED_S))
        if not answer.done():
            answer.set_exception(ConnectionLost(loss))

    def _between(self, bounds: tuple[float, float]) -> float:
        return self.random.uniform(*bounds)


def is_servers_step() -> bool:
    """Whether the running step is a server's, not a process's."""
    return PROCESS.get() is None
