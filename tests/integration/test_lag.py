"""Lag as it is on a real broker: transactions, groups that never committed, unread records."""

import asyncio
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.inventory.lag import Lag, lag_reader
from ops.broker.client import client_options
from ops.settings.load import Settings
from schemas.topics import INVENTORY, RESERVE, Topics
from tests.integration.running import Neighbour
from tests.integration.watching import an_announcer, an_event

pytestmark = pytest.mark.integration


async def lags(settings: Settings, group: str, topic: str) -> list[Lag]:
    """One group's lags on one topic."""
    async with lag_reader(client_options(settings.kafka)) as reader:
        return await reader.read({group: [topic]})


async def commit(settings: Settings, group: str, offsets: dict[TopicPartition, int]) -> None:
    """Commit as a member of the group."""
    consumer = AIOKafkaConsumer(**client_options(settings.kafka), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(list(offsets))
        await consumer.commit(offsets)
    finally:
        await consumer.stop()


def figures(found: list[Lag]) -> list[tuple[int | None, int | None]]:
    return [(lag.committed, lag.records) for lag in found]


async def test_a_group_is_behind_by_what_it_has_not_read(migrated: Settings, neighbour: Neighbour) -> None:
    """One that committed nothing is behind by all; the age is that of the oldest unread record."""
    topic = Topics(migrated.topics.prefix).full(RESERVE)
    for number in range(5):
        await neighbour.send(RESERVE, b"%d" % number, partition=0)
    await asyncio.sleep(1)

    before = await lags(migrated, "g", topic)
    await commit(migrated, "g", {TopicPartition(topic, 0): 3})
    after = await lags(migrated, "g", topic)
    await commit(migrated, "g", {TopicPartition(topic, 0): 5})
    read = await lags(migrated, "g", topic)

    assert [(None, 5), (None, 0)] == figures(before)
    assert [(3, 2), (None, 0)] == figures(after)
    assert [(5, 0), (None, 0)] == figures(read)
    assert before[0].age_s is not None
    assert before[0].age_s >= 1
    assert 0.0 == read[0].age_s


async def test_markers_and_aborted_records_are_no_lag(migrated: Settings) -> None:
    """A transaction's marker has an offset too, and nobody will ever read it."""
    topic = Topics(migrated.topics.prefix).full(INVENTORY)
    async with an_announcer(migrated) as announcer:
        await announcer.publish(an_event("sale", 1, 5))
        await announcer.publish(an_event("sale", 2, 4), commit=False)
    [partition] = [lag.partition for lag in await lags(migrated, "g", topic) if lag.end]

    await commit(migrated, "g", {TopicPartition(topic, partition): 1})
    found = await lags(migrated, "g", topic)

    assert (1, 0, 0.0) == (found[partition].committed, found[partition].records, found[partition].age_s)
    assert 4 == found[partition].end


async def test_topics_that_are_not_there_have_no_lag(settings: Settings, stack: Callable[[], None]) -> None:
    """Topics that do not exist are not created by the query."""
    assert [] == await lags(settings, "g", Topics(settings.topics.prefix).full(RESERVE))
