"""A topic deleted while a producer knows it: the inventory and the reconciliation give up in time, and name it."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from audit.reconcile.reconciling import ShardsUnpublished, publishing
from cli.exits import error_line, exit_code
from consumers.inventory.role import sender
from ops.broker.client import client_options
from ops.exit_codes import Exit
from ops.settings.load import Settings
from producers.emitters import idempotent_producer
from producers.sending import Unsent
from schemas.records import OutgoingRecord
from schemas.topics import INVENTORY, STOCK_ALERTS, Topics, TopicSpec
from tests.fakes.builders import a_shard

pytestmark = pytest.mark.integration

PATIENCE_S: Final = 10.0
"""A busy machine takes good records within it."""
BOUND_S: Final = 60.0
"""Much longer than a bounded wait takes on a busy machine; an unbounded one never ends."""


class Broker:
    """Deletes a test's own topics."""

    def __init__(self, admin: AIOKafkaAdminClient, topics: Topics) -> None:
        self._admin = admin
        self._topics = topics

    async def delete(self, topic: TopicSpec) -> None:
        """Returns once the broker no longer lists the topic."""
        name, end = self._topics.full(topic), time.monotonic() + BOUND_S
        await self._admin.delete_topics([name])
        while name in await self._admin.list_topics():
            assert time.monotonic() < end
            await asyncio.sleep(0.05)


@pytest.fixture
async def broker(migrated: Settings) -> AsyncIterator[Broker]:
    """The broker of this test's topics."""
    admin = AIOKafkaAdminClient(**client_options(migrated.kafka))
    await admin.start()
    yield Broker(admin, Topics(migrated.topics.prefix))
    await admin.close()


async def test_the_inventory_gives_up_an_alert_whose_topic_was_deleted(migrated: Settings, broker: Broker) -> None:
    """The error names the topic; without a limit the application would hang, and count nothing."""
    alert = OutgoingRecord(Topics(migrated.topics.prefix).full(STOCK_ALERTS), b"sale", b"{}", ())
    async with asyncio.timeout(BOUND_S), idempotent_producer(client_options(migrated.kafka)) as producer:
        send = sender(producer, PATIENCE_S)
        await send(alert)
        await broker.delete(STOCK_ALERTS)
        with pytest.raises(Unsent) as raised:
            await send(alert)

    assert {alert.topic} == raised.value.topics


async def test_a_repair_gives_up_a_topic_that_was_deleted(migrated: Settings, broker: Broker) -> None:
    """The command fails; its message names the topic, and says how to publish what was corrected."""
    async with asyncio.timeout(BOUND_S), publishing(migrated, PATIENCE_S) as publish:
        await publish([a_shard()])
        await broker.delete(INVENTORY)
        with pytest.raises(ShardsUnpublished, match=r"inventory\.v1") as raised:
            await publish([a_shard()])

    assert Exit.FAILED == exit_code(raised.value)
    assert "codes migrate" in error_line(raised.value)
