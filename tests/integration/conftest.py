"""What integration tests may ask for beside the stack: a neighbour, a bucket, codes in a campaign, a running sale.

The examples with kcat are left out where there is none, and that is said; in CI they fail then. Databases of several
nodes are left out, and that is said, where there is no mongod, in CI too: other tests then use the embedded server.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.settings.load import Settings
from stores.mongo.campaigns import Campaigns
from stores.mongo.codes import MongoParts
from stores.mongo.collections import Collections
from stores.mongo.connection import Database, connect, database
from stores.s3.objects import open_objects
from tests.fakes.stocking import put_codes
from tests.integration import clusters
from tests.integration.importing import Files, some_files
from tests.integration.kcat import LEFT_OUT, left_out
from tests.integration.neighbouring import Sale
from tests.integration.one_partition import Objects
from tests.integration.running import Neighbour, a_neighbour, running
from tests.stacks import CONTAINERS, source

PutCodes = Callable[..., Awaitable[None]]
OF_THE_LOCAL_STACK = (
    [
        "test_bench.py",
        "test_bench_shards.py",
        "test_corrupt.py",
        "test_demo.py",
        "test_devstack.py",
        "test_devstack_brokers.py",
        "test_devstack_clusters.py",
        "test_devstack_combined.py",
        "test_migrate_sharded.py",
        "test_sharded_reach.py",
    ]
    if source() == CONTAINERS
    else []
)
WITH_KCAT = ["test_examples_kcat.py"] if left_out() else []
WITH_MONGOD = (
    [
        "test_bench_shards.py",
        "test_devstack_clusters.py",
        "test_devstack_combined.py",
        "test_migrate_sharded.py",
        "test_sharded_reach.py",
    ]
    if clusters.left_out()
    else []
)
collect_ignore = [*OF_THE_LOCAL_STACK, *WITH_KCAT, *WITH_MONGOD]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what is left out at the end of the run, where it is read."""
    if OF_THE_LOCAL_STACK:
        terminalreporter.write_line(f"left out: {', '.join(OF_THE_LOCAL_STACK)}: they are about the local stack")
    if WITH_KCAT:
        terminalreporter.write_line(LEFT_OUT)
    if WITH_MONGOD:
        terminalreporter.write_line(clusters.LEFT_OUT)


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


@pytest.fixture
async def sale(
    environment: dict[str, str], neighbour: Neighbour, db: Database, stocked: PutCodes, tmp_path: Path
) -> AsyncIterator[Sale]:
    """A few codes for campaign `spring`, and a worker that gives them out."""
    await stocked("spring", 10)
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        yield Sale(environment, neighbour, db)


@pytest.fixture
async def objects(
    settings: Settings, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Objects]:
    """S3, for a partition in this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment[name])
    async with open_objects(settings.s3) as inner:
        yield Objects(inner)


@pytest.fixture
def parts(db: Database) -> MongoParts:
    """MongoDB, for a partition in this process."""
    collections = Collections(db)
    return MongoParts(db.client, collections, Campaigns(collections), asyncio.Semaphore(8))
