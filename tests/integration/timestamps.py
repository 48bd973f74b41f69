"""Records with timestamps that a test chooses, on topics whose brokers give them.

Out: `let_senders_write_times`, `a_plain_sender`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ops.broker.client import client_options
from ops.settings.load import Settings
from tests.integration.migrating import broker

BY_SENDERS: Final = {"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": str(2**63 - 1)}


async def let_senders_write_times(settings: Settings, topic: str) -> None:
    """All that was set on the topic is replaced; `migrate` sets it again."""
    async with broker(settings) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, BY_SENDERS)])


@asynccontextmanager
async def a_plain_sender(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A sender without transactions."""
    producer = AIOKafkaProducer(**client_options(settings.kafka))
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
