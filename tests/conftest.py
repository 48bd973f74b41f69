"""What every test may ask for: a stack, once per session, and settings of its own per test.

Out: `stack` (the running parts), `environment` (variables with a fresh prefix and database), `settings`, `migrated`
     (the same with topics and collections, removed afterwards).
"""

import asyncio
import os
import secrets
from collections.abc import Iterator

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

import devstack
from devstack.folder import layout_of
from ops.broker.migrate import migrate
from ops.settings.load import Settings, load_settings
from schemas.stock import changelog_topic
from schemas.topics import ALL_TOPICS, SERVICE_TOPICS, Topics
from stores.mongo.connection import connect
from tests.fakes.dropping import drop
from tests.stacks import a_stack, is_sharded, source

pytest_plugins = ["tests.children", "tests.forking"]

WORKER = os.environ.get("PYTEST_XDIST_WORKER")
"""Of several test processes, this one's name: each has a stack of its own, and may freeze it."""
if WORKER:
    os.environ["CODES_DEV_DIR"] = str(layout_of(None).root / WORKER)

SHARED = frozenset({"browser", "secured"})
"""Folders whose tests share the running page, or the broker with all its listeners."""
FEW_PARTITIONS = 2
"""Enough to see partitions, few enough to make and delete them for every test."""

hypothesis_settings.register_profile("ci", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("ci")


def pytest_configure() -> None:
    """Fail at once if the requested stack is unavailable."""
    source()


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several test processes, one has all tests of a file, and one all that share something costly."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(folder if folder in SHARED else str(item.path)))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Spread over processes, shared roles would be started by each of them."""
    if WORKER and session.items and "@" not in session.items[0].nodeid:
        raise pytest.UsageError("run several processes with --dist loadgroup, and a pytest that xdist knows")


def pytest_unconfigure(config: pytest.Config) -> None:
    """An interrupted test process does not take its stack down: the one that started it does."""
    if config.pluginmanager.hasplugin("dsession"):
        for folder in layout_of(None).root.glob("gw*"):
            devstack.down(folder)


@pytest.fixture(scope="session")
def stack() -> Iterator[devstack.Stack]:
    """Kafka, MongoDB and S3, from the source that `CODES_TEST_STACK` names."""
    with a_stack() as stack:
        yield stack


@pytest.fixture
def environment(stack: devstack.Stack) -> dict[str, str]:
    """What a role's process needs, with a topic prefix, a group prefix and a database of this test's own."""
    return fresh_environment(stack)


def fresh_environment(stack: devstack.Stack) -> dict[str, str]:
    """The same, for fixtures that tests share."""
    name = f"test-{secrets.token_hex(4)}"
    return {
        **stack.environment(),
        "CODES_TOPICS__PREFIX": f"{name}.",
        "CODES_KAFKA__GROUP_PREFIX": f"{name}-",
        "CODES_TOPICS__PARTITIONS": orjson.dumps({topic.name: FEW_PARTITIONS for topic in ALL_TOPICS}).decode(),
        "CODES_KAFKA__SESSION_TIMEOUT_MS": "2000",
        "CODES_MONGO__DATABASE": name,
        "CODES_OPS__PORT": "0",
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """The same, as the roles read it."""
    return load_settings(environment)


@pytest.fixture
def migrated(settings: Settings) -> Iterator[Settings]:
    """The same, with topics and collections made; they are removed at the end."""
    yield from a_migrated(settings)


def a_migrated(settings: Settings) -> Iterator[Settings]:
    """The same, for fixtures that live longer."""
    asyncio.run(migrate(settings, shard=is_sharded()))
    yield settings
    asyncio.run(remove(settings))


async def remove(settings: Settings) -> None:
    """Delete a test's topics and its database."""
    client = connect(settings.mongo)
    await drop(client[settings.mongo.database])
    client.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    try:
        topics = [Topics(settings.topics.prefix).full(topic) for topic in SERVICE_TOPICS]
        await admin.delete_topics([*topics, changelog_topic(settings.kafka.group_prefix)])
    finally:
        await admin.close()
