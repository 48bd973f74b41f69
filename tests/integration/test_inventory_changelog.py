"""The changelog of the inventory's table, on a real broker: an older value that comes late does not stay the last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from ops.settings.load import Settings
from schemas.stock import changelog_topic
from tests.integration.running import STOP_TIMEOUT_S
from tests.integration.watching import an_announcer, an_event, until_true, watching

pytestmark = pytest.mark.integration


class Changelog:
    """The last values of the table, as whoever rebuilds it reads them."""

    def __init__(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        self._consumer = consumer
        self._producer = producer
        self._read: list[Any] = []

    async def until_available(self, wanted: int) -> None:
        """Wait until a record says so; those before it are behind."""
        while True:
            record = await asyncio.wait_for(self._consumer.getone(), STOP_TIMEOUT_S)
            self._read.append(record)
            shards = orjson.loads(record.value)["types"]["tm"]["shards"]
            if wanted == sum(shard["available"] for shard in shards.values()):
                return

    async def write_again(self, number: int) -> None:
        """A former owner writes what it wrote before."""
        old = self._read[number]
        await self._producer.send_and_wait(old.topic, old.value, key=old.key, partition=old.partition)


@asynccontextmanager
async def a_changelog(settings: Settings) -> AsyncIterator[Changelog]:
    """The changelog of a test's own table."""
    servers = settings.kafka.bootstrap_servers
    consumer = AIOKafkaConsumer(
        changelog_topic(settings.kafka.group_prefix), bootstrap_servers=servers, auto_offset_reset="earliest"
    )
    async with consumer, AIOKafkaProducer(bootstrap_servers=servers) as producer:
        yield Changelog(consumer, producer)


async def test_a_value_that_a_former_owner_writes_late_is_written_over(
    environment: dict[str, str], migrated: Settings, tmp_path: Path
) -> None:
    """Or the table would be rebuilt from it, once nothing else is left in the changelog."""
    async with (
        watching(environment, tmp_path / "i.log") as watcher,
        an_announcer(migrated) as announcer,
        a_changelog(migrated) as changelog,
    ):
        await announcer.publish(an_event("sale", 3, 70, 30))
        await changelog.until_available(70)
        await announcer.publish(an_event("sale", 4, 60, 40))
        await until_true(watcher, {"sale": (60, 40, 0)})
        await changelog.until_available(60)
        await changelog.write_again(0)
        await changelog.until_available(70)
        await changelog.until_available(60)

    assert ["sale"] == [line["campaign_id"] for line in watcher.role.logged("changelog_restored")][:1]
