"""The scene of one run: topics, a database with codes, and requests that wait to be served.

In:   the running stack's environment.
Out:  `Scene`, and what can be done with it. Each run has a prefix and a database of its own.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from benchmarks.codes_file import CAMPAIGN
from ops.broker.migrate import migrate
from ops.settings.load import Settings, load_settings
from schemas.requests import ReserveRequest
from schemas.topics import RESERVE, RESULTS, Topics
from stores.mongo.connection import connect, database
from stores.mongo.topology import topology
from tests.fakes.stocking import put_codes

DROP_TIMEOUT_MS: Final = 300_000
"""Removing a million codes takes a while."""
QUIET_MS_MAX: Final = 60_000
"""A run without a new result for this long has failed."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The topics and the database of one run."""

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


async def set_the_scene(stack: Mapping[str, str], *, partitions: int, codes: int, requests: int) -> Scene:
    """Topics, codes and requests, ready to be served."""
    scene = await empty_scene(stack, partitions={RESERVE.name: partitions})
    await load_codes(scene, codes)
    await send_requests(scene, requests, partitions)
    return scene


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
    await migrate(scene.settings, shard=await is_sharded(scene.settings))
    return scene


async def is_sharded(settings: Settings) -> bool:
    """Whether the database is a sharded cluster."""
    client = connect(settings.mongo)
    try:
        return (await topology(client)).kind == "router"
    finally:
        client.close()


async def clear(scene: Scene) -> None:
    """Remove the topics and the database."""
    client = connect(scene.settings.mongo.model_copy(update={"timeout_ms": DROP_TIMEOUT_MS}))
    await client.drop_database(scene.settings.mongo.database)
    client.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=scene.servers)
    await admin.start()
    names = [name for name in await admin.list_topics() if name.startswith(scene.settings.topics.prefix)]
    await admin.delete_topics(names)
    await admin.close()


async def load_codes(scene: Scene, count: int) -> None:
    """Insert codes and their shard directly into the database."""
    client = connect(scene.settings.mongo)
    await put_codes(database(client, scene.settings.mongo), CAMPAIGN, count)
    client.close()


async def send_requests(scene: Scene, count: int, partitions: int) -> None:
    """Send reserve requests, spread evenly over the partitions."""
    producer = AIOKafkaProducer(bootstrap_servers=scene.servers, linger_ms=5)
    await producer.start()
    topic = scene.topics.full(RESERVE)
    sent = [
        await producer.send(topic, value=request(number), key=b"%d" % number, partition=number % partitions)
        for number in range(count)
    ]
    await asyncio.gather(*sent)
    await producer.stop()


def request(number: int) -> bytes:
    """One fan's request."""
    asked = ReserveRequest(request_id=f"r-{number}", campaign_id=CAMPAIGN, fan_id=f"fan-{number}")
    return asked.to_json()


async def result_times_ms(scene: Scene, count: int) -> Sequence[int]:
    """The send time of each result, in order; waits until there are `count`.

    Raises:
        TimeoutError: no new result came for `QUIET_MS_MAX`.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=scene.servers, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        topic = scene.topics.full(RESULTS)
        consumer.assign([TopicPartition(topic, number) for number in range(8)])
        times: list[int] = []
        while len(times) < count:
            found = await consumer.getmany(timeout_ms=QUIET_MS_MAX)
            if not found:
                raise TimeoutError(f"{len(times)} of {count} results, and no more for {QUIET_MS_MAX} ms")
            times += [record.timestamp for records in found.values() for record in records]
    finally:
        await consumer.stop()
    return sorted(times)
