"""What tests of `codes migrate` share: a service that is not migrated yet, and views of its broker and its database.

Out: `unmigrated` (removes what the test creates), `parts`, `broker`, `config_of`, `partitions_of`, `options_of`,
     `changed`, `with_partitions`.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ops.broker.client import client_options
from ops.settings.load import Settings, load_settings
from schemas.stock import changelog_topic
from schemas.topics import SERVICE_TOPICS
from stores.mongo.connection import Database, connect, database
from stores.mongo.specs import collections
from tests.fakes.dropping import drop


def parts(settings: Settings) -> int:
    """Topics, the inventory's changelog, and for each collection itself, its validator and its indexes."""
    wanted = collections(settings.mongo.ledger_days, id_index=settings.mongo.id_index)
    return len(SERVICE_TOPICS) + 1 + sum(2 + len(spec.indexes) for spec in wanted)


@asynccontextmanager
async def unmigrated(settings: Settings) -> AsyncIterator[Database]:
    """The service's database, not migrated yet; it and the topics are removed afterwards."""
    client = connect(settings.mongo)
    try:
        db = database(client, settings.mongo)
        yield db
        await drop(db)
    finally:
        client.close()
    topics = await partitions_of(settings)
    async with broker(settings) as admin:
        await admin.delete_topics([*topics, changelog_topic(settings.kafka.group_prefix)])


@asynccontextmanager
async def broker(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """The broker's own view."""
    admin = AIOKafkaAdminClient(**client_options(settings.kafka))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def config_of(settings: Settings, topic: str) -> dict[str, str]:
    """A topic's effective configuration."""
    async with broker(settings) as admin:
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {entry[0]: entry[1] for entry in answer.resources[0][4]}


async def partitions_of(settings: Settings) -> dict[str, int]:
    """Our topics under their full names."""
    async with broker(settings) as admin:
        topics = await admin.describe_topics()
    prefix = settings.topics.prefix
    return {topic["topic"]: len(topic["partitions"]) for topic in topics if topic["topic"].startswith(prefix)}


async def options_of(db: Database, collection: str) -> dict[str, Any]:
    """A collection's options as the server lists them."""
    [listed] = [listed async for listed in await db.list_collections(filter={"name": collection})]
    options: dict[str, Any] = listed["options"]
    return options


def changed(environment: dict[str, str], **variables: str) -> Settings:
    """The same service under other settings."""
    return load_settings(environment | {f"CODES_{name}": value for name, value in variables.items()})


def with_partitions(settings: Settings, **counts: int) -> str:
    """The partitions that the settings have, but for one topic; its name with `_` for `.`."""
    named = {name.replace("_", ".", 1): count for name, count in counts.items()}
    return json.dumps({**settings.topics.partitions, **named})
