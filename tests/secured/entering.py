"""Every kind of Kafka client that the service has, with the login of the settings.

Out: `enter`, which tries all of them; `refused_line`, for a process.
"""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import NewTopic

from consumers.loop.group import consumer_options
from ops.broker.client import client_options
from ops.broker.topics import admin_client
from ops.broker.versions import broker_versions
from ops.settings.load import load_settings
from producers.emitters import idempotent_producer, transactional_producer
from tests.integration.commanding import Codes

READ_S: Final = 60.0


async def enter(environment: Mapping[str, str]) -> set[bytes]:
    """Create a topic, write to it in two ways, and read it as a group; returns what was read."""
    settings = load_settings(environment)
    options = client_options(settings.kafka)
    topic = f"entered-{secrets.token_hex(4)}"
    assert await broker_versions(settings.kafka)
    async with admin_client(settings) as admin:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    async with idempotent_producer(options) as producer:
        await producer.send_and_wait(topic, b"idempotent")
    async with transactional_producer(options, topic, 10_000) as producer, producer.transaction():
        await producer.send_and_wait(topic, b"transactional")
    consumer = AIOKafkaConsumer(topic, **{**options, **consumer_options(settings.kafka, topic)})
    await consumer.start()
    try:
        async with asyncio.timeout(READ_S):
            return {(await consumer.getone()).value for _ in range(2)}
    finally:
        await consumer.stop()


async def refused_line(environment: Mapping[str, str], *command: str) -> tuple[int, str]:
    """The exit code of a command, and what it writes to standard error."""
    ended = await Codes(dict(environment))(*command)
    return ended.code, ended.err.strip()
