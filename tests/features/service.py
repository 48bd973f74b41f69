"""The running roles that all features share, and one loop on which synchronous steps wait for them.

Out: `Service` (a neighbour, a bucket, the database, and `wait` for a coroutine), `a_service`.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from ops.settings.load import Settings
from stores.mongo.connection import Database, connect, database
from tests.integration.importing import Files, some_files
from tests.integration.running import Neighbour, Role, a_neighbour, running

ROLES: Final = ("worker", "importer", "expirer")
T = TypeVar("T")


@dataclass(frozen=True)
class Service:
    """All that runs."""

    loop: asyncio.Runner
    neighbour: Neighbour
    files: Files
    db: Database

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Steps of pytest-bdd are plain functions: this does their waiting, on the loop of the clients."""
        return self.loop.run(work)


@contextmanager
def a_service(environment: Mapping[str, str], settings: Settings, logs: Path) -> Iterator[Service]:
    """Everything is ready."""
    with asyncio.Runner() as loop, some_files(environment) as files:
        exits = AsyncExitStack()
        neighbour, db = loop.run(exits.enter_async_context(some_clients(environment, settings, logs)))
        try:
            yield Service(loop, neighbour, files, db)
        finally:
            loop.run(exits.aclose())


@asynccontextmanager
async def some_clients(
    environment: Mapping[str, str], settings: Settings, logs: Path
) -> AsyncIterator[tuple[Neighbour, Database]]:
    """The roles and their clients."""
    async with AsyncExitStack() as exits:
        roles: list[Role] = [
            await exits.enter_async_context(running(name, environment, logs / f"{name}.log")) for name in ROLES
        ]
        await asyncio.gather(*(role.until_ready() for role in roles))
        client = connect(settings.mongo)
        exits.callback(client.close)
        yield await exits.enter_async_context(a_neighbour(settings)), database(client, settings.mongo)
