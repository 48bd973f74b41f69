"""The same claims about MongoDB and its driver on both: the simulated one, and a real one.

In:   a claim: a coroutine function that is given a bench.
Out:  `SimulatedBench`, `RealBench`; `on_simulated`, `on_real`, which run a claim to its end.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Final, Literal, Protocol
from unittest.mock import patch

from pymongo.synchronous.topology import Topology

from ops.settings.load import Settings, load_settings
from stores.mongo.connection import Client, Database, connect, database
from tests.fakes.dropping import drop
from tests.fakes.mongo_proxy import LABELLED, Fault, Statement, mongo_proxied
from tests.simulation.kernel import clocks
from tests.simulation.kernel.network import Loss
from tests.simulation.kernel.world import World, run_world
from tests.simulation.mongo.deployment import DEPLOYMENT, Deployment
from tests.simulation.mongo.replacements import PACKAGES, replacements

TIMEOUT_MS: Final = "5000"
SEED: Final = 7

Manner = Literal["instead", "after", "cut"]
"""An error in place of the command; or after its execution; or the connection is lost after the execution."""


class Fail(Protocol):
    """Lets the next commands of a name fail on a collection, or on none."""

    def __call__(
        self, command: str, collection: str = "", *, manner: Manner, code: int = 0, count: int = 1
    ) -> None: ...


class Bench(Protocol):
    """A database with an empty collection, `things`."""

    db: Database

    def client(self) -> Client:
        """One more client, as another process has it."""

    def slow_selection(self, seconds: float) -> None:
        """From now on each operation waits so long for a server."""

    async def selecting(self) -> None:
        """Wait until an operation waits so."""

    def failing(self) -> Any:
        """A context: `things` of a client whose commands can fail, and `Fail`."""


Claim = Callable[[Any], Coroutine[Any, Any, None]]


class SimulatedBench:
    """On virtual time."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        self.deployment = Deployment(world.network, world.random)
        DEPLOYMENT.set(self.deployment)
        self.db = database(self.client(), settings.mongo)

    def client(self) -> Client:
        """See `Bench.client`."""
        return connect(self.settings.mongo)

    def slow_selection(self, seconds: float) -> None:
        """See `Bench.slow_selection`."""
        self.deployment.delays.slow_selection(seconds)

    async def selecting(self) -> None:
        """See `Bench.selecting`. An operation begins at once."""
        await asyncio.sleep(0)

    @asynccontextmanager
    async def failing(self) -> AsyncIterator[tuple[Any, Fail]]:
        """See `Bench.failing`."""
        yield self.client()[self.db.name]["things"], self._fail

    def _fail(self, command: str, collection: str = "", *, manner: Manner, code: int = 0, count: int = 1) -> None:
        if manner == "cut":
            self.world.network.disturb = Cut(command, count).disturb
            return
        labels = ("TransientTransactionError",) if collection and code in LABELLED else ()
        moment: Any = "after" if manner == "after" else "before"
        self.deployment.fail(code, command, moment=moment, labels=labels, count=count)


class Cut:
    """Loses the answers to the next commands of a name."""

    def __init__(self, command: str, count: int) -> None:
        self._command = command
        self._left = count

    def disturb(self, _server: str, operation: str) -> Loss | None:
        """See `kernel.network.Disturb`."""
        if operation != self._command or not self._left:
            return None
        self._left -= 1
        return "answer"


class RealBench:
    """On the stack's database."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._clients: list[Client] = []
        self._selection_s = 0.0
        self._selecting = threading.Event()
        self.db = database(self.client(), settings.mongo)

    def client(self) -> Client:
        """See `Bench.client`."""
        client = connect(self.settings.mongo)
        self._clients.append(client)
        return client

    def slow_selection(self, seconds: float) -> None:
        """See `Bench.slow_selection`."""
        self._selecting.clear()
        self._selection_s = seconds

    async def selecting(self) -> None:
        """See `Bench.selecting`. Its thread may begin late."""
        await asyncio.to_thread(self._selecting.wait)

    @asynccontextmanager
    async def failing(self) -> AsyncIterator[tuple[Any, Fail]]:
        """See `Bench.failing`."""
        async with mongo_proxied(self.settings.mongo.uri.get_secret_value()) as (proxy, address):

            def fail(command: str, collection: str = "", *, manner: Manner, code: int = 0, count: int = 1) -> None:
                proxy.fail(Statement(command, collection), [Fault(code, manner)] * count)

            mongo = self.settings.mongo.model_copy(update={"uri": type(self.settings.mongo.uri)(address)})
            client = connect(mongo)
            yield client[self.db.name]["things"], fail
            await asyncio.to_thread(client.close)  # it speaks to the proxy, which this loop runs

    @contextmanager
    def patched(self) -> Iterator[None]:
        """Selection of servers is slow as long as a test wants it."""
        select = Topology.select_server

        def selected(topology: Topology, *args: object, **options: Any) -> object:
            if self._selection_s:
                self._selecting.set()
                time.sleep(self._selection_s)
            return select(topology, *args, **options)  # type: ignore[arg-type]

        with patch.object(Topology, "select_server", selected):
            yield

    async def remove(self) -> None:
        """Drop the database."""
        self._selection_s = 0.0
        await drop(self.db)
        for client in self._clients:
            client.close()


def on_simulated(claim: Claim) -> None:
    """On virtual time, in a new world."""
    settings = load_settings({"CODES_MONGO__TIMEOUT_MS": TIMEOUT_MS})

    async def run(world: World) -> None:
        bench = SimulatedBench(world, settings)
        await bench.db.command({"create": "things"})
        await claim(bench)

    with clocks.replaced({**clocks.CLOCKS, **replacements()}, ("stores", *PACKAGES, "tests")):
        run_world(SEED, run)


def on_real(claim: Claim, settings: Settings) -> None:
    """On the stack's database, in true time."""

    async def run() -> None:
        bench = RealBench(settings)
        async with AsyncExitStack() as last:
            last.push_async_callback(bench.remove)
            last.enter_context(bench.patched())
            await bench.db.command({"create": "things"})
            await claim(bench)

    asyncio.run(run())


async def eventually(found: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it holds within some seconds."""
    for _ in range(100):
        if await found():
            return True
        await asyncio.sleep(0.05)
    return False
