"""The scene of a system: topics and databases of its own, made by `codes migrate`.

In:   the running stack's environment.
Out:  `Scene`; `clear` removes it.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from aiokafka.admin import AIOKafkaAdminClient

from benchmarks.processes import run_codes
from benchmarks.reference.model import connect, database_name
from ops.settings.load import Settings, load_settings
from schemas.topics import Topics, TopicSpec

DROP_TIMEOUT_S: Final = 300.0
"""Removing a million codes takes a while."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The topics and the databases of one system."""

    environment: Mapping[str, str]
    settings: Settings

    @property
    def topics(self) -> Topics:
        """The names."""
        return Topics(self.settings.topics.prefix)

    @property
    def servers(self) -> str:
        """Kafka's address."""
        return self.settings.kafka.bootstrap_servers

    def partitions(self, topic: TopicSpec) -> int:
        """How many partitions a topic has."""
        return self.settings.topics.partitions.get(topic.name, topic.partitions)


async def empty_scene(stack: Mapping[str, str], *, partitions: Mapping[str, int]) -> Scene:
    """Empty topics and an empty database; `partitions` overrides the contract's counts."""
    name = f"bench-{secrets.token_hex(4)}"
    environment = {
        **stack,
        "CODES_TOPICS__PREFIX": f"{name}.",
        "CODES_TOPICS__PARTITIONS": orjson.dumps(partitions).decode(),
        "CODES_KAFKA__GROUP_PREFIX": f"{name}-",
        "CODES_MONGO__DATABASE": name,
        "CODES_LOG__LEVEL": "WARNING",
    }
    scene = Scene(environment, load_settings(environment))
    options = ["--shard"] if await is_sharded(scene.settings) else []
    await run_codes(environment, "migrate", *options)
    return scene


async def is_sharded(settings: Settings) -> bool:
    """Whether the database is a sharded cluster."""
    client = connect(settings)
    try:
        return (await client.admin.command("ismaster")).get("msg") == "isdbgrid"
    finally:
        client.close()


async def clear(scene: Scene) -> None:
    """Remove the topics and the databases."""
    client = connect(scene.settings)
    async with asyncio.timeout(DROP_TIMEOUT_S):
        for name in (scene.settings.mongo.database, database_name(scene.settings)):
            await client.drop_database(name)
    client.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=scene.servers)
    await admin.start()
    names = [name for name in await admin.list_topics() if name.startswith(scene.settings.topics.prefix)]
    await admin.delete_topics(names)
    await admin.close()
