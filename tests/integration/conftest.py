"""What integration tests may ask for beside the stack: a neighbour, a bucket, and codes in a campaign."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from ops.settings import Settings
from stores.mongo.connection import Database, connect, database
from tests.fakes.stocking import put_codes
from tests.integration.importing import Files, some_files
from tests.integration.running import Neighbour, a_neighbour
from tests.stacks import CONTAINERS, source

PutCodes = Callable[..., Awaitable[None]]
OF_THE_LOCAL_STACK = ["test_bench.py", "test_demo.py", "test_devstack.py"]
collect_ignore = OF_THE_LOCAL_STACK if source() == CONTAINERS else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """At the end, where it is read."""
    if collect_ignore:
        terminalreporter.write_line(f"left out: {', '.join(collect_ignore)}: they are about the local stack")


@pytest.fixture
async def neighbour(migrated: Settings) -> AsyncIterator[Neighbour]:
    """Another team's program on this test's topics."""
    async with a_neighbour(migrated) as neighbour:
        yield neighbour


@pytest.fixture
def files(environment: dict[str, str]) -> Iterator[Files]:
    """A bucket of this test's own."""
    with some_files(environment) as files:
        yield files


@pytest.fixture
async def db(migrated: Settings) -> AsyncIterator[Database]:
    """This test's database."""
    client = connect(migrated.mongo)
    yield database(client, migrated.mongo)
    client.close()


@pytest.fixture
def stocked(db: Database) -> PutCodes:
    """Put codes into a campaign, as an import would."""

    async def put(campaign_id: str, count: int, **options: Any) -> None:  # passed on
        await put_codes(db, campaign_id, count, **options)

    return put
