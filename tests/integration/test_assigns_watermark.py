"""What the expirer reads of the assign topic: since when an assign may be undecided. On a real broker."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from consumers.expirer.assigns_watermark import KafkaAssignsWatermark, open_assigns_watermark
from ops.broker.client import client_options
from ops.settings.load import Settings
from schemas.errors import BrokerUnavailable
from schemas.groups import WORKER_GROUP
from schemas.topics import ASSIGN, Topics
from tests.integration.running import Neighbour
from tests.integration.timestamps import a_plain_sender, let_senders_write_times

pytestmark = pytest.mark.integration

MARKERS_S = 1.0
"""The broker writes the marker of an end a moment after it has promised it."""
AN_ASSIGN = b"an assign; nobody reads it here"


def topic_of(settings: Settings) -> str:
    """The assign topic."""
    return Topics(settings.topics.prefix).full(ASSIGN)


def group_of(settings: Settings) -> str:
    """The workers' group."""
    return settings.kafka.group_prefix + WORKER_GROUP


def opened(settings: Settings, topic: str) -> AbstractAsyncContextManager[KafkaAssignsWatermark]:
    """The watermark, as the role opens it."""
    return open_assigns_watermark(client_options(settings.kafka), topic, group_of(settings))


@pytest.fixture
async def watermark(migrated: Settings) -> AsyncIterator[KafkaAssignsWatermark]:
    """The watermark of this test's topic."""
    async with opened(migrated, topic_of(migrated)) as watermark:
        yield watermark


async def assigned_at(neighbour: Neighbour, partition: int) -> datetime:
    """Append an assign; the time that the broker gave it."""
    written = await neighbour.send(ASSIGN, AN_ASSIGN, partition=partition)
    return datetime.fromtimestamp(written.timestamp / 1000, UTC)


async def decide(settings: Settings, partition: int, offset: int) -> None:
    """Commit as a worker does: all before `offset` is decided, and nothing else."""
    options = client_options(settings.kafka)
    consumer = AIOKafkaConsumer(**options, group_id=group_of(settings), enable_auto_commit=False)
    await consumer.start()
    source = TopicPartition(topic_of(settings), partition)
    consumer.assign([source])
    await consumer.commit({source: offset})
    await consumer.stop()


@asynccontextmanager
async def a_transactional_sender(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """An upstream that sends its assigns in transactions."""
    transactional_id = f"upstream-{secrets.token_hex(4)}"
    producer = AIOKafkaProducer(**client_options(settings.kafka), transactional_id=transactional_id)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def test_an_empty_topic_holds_nothing_back(watermark: KafkaAssignsWatermark) -> None:
    """This holds also for an empty topic without any commit."""
    assert None is await watermark.undecided_since()


async def test_the_oldest_undecided_assign_of_all_partitions_counts(
    watermark: KafkaAssignsWatermark, neighbour: Neighbour, migrated: Settings
) -> None:
    """Without a committed offset all that is there is undecided; a decided record does not count any more."""
    first = await assigned_at(neighbour, 0)
    await asyncio.sleep(0.01)
    second = await assigned_at(neighbour, 1)
    await asyncio.sleep(0.01)
    third = await assigned_at(neighbour, 0)

    assert first < second < third
    assert first == await watermark.undecided_since()
    await decide(migrated, 0, 1)
    assert second == await watermark.undecided_since()
    await decide(migrated, 1, 1)
    assert third == await watermark.undecided_since()
    await decide(migrated, 0, 2)
    assert None is await watermark.undecided_since()


async def test_a_transactions_marker_holds_nothing_back(watermark: KafkaAssignsWatermark, migrated: Settings) -> None:
    """A worker's offset stays before the marker for ever, if nothing follows it."""
    async with a_transactional_sender(migrated) as sender:
        async with sender.transaction():
            await sender.send_and_wait(topic_of(migrated), AN_ASSIGN, partition=0)
        undecided = await watermark.undecided_since()
        await decide(migrated, 0, 1)

        assert undecided is not None
        assert None is await watermark.undecided_since()


async def test_aborted_assigns_hold_nothing_back(watermark: KafkaAssignsWatermark, migrated: Settings) -> None:
    """A worker never sees them, and commits nothing behind them."""
    async with a_transactional_sender(migrated) as sender:
        for _ in range(3):
            await sender.begin_transaction()
            await sender.send_and_wait(topic_of(migrated), AN_ASSIGN, partition=0)
            await sender.abort_transaction()
        await asyncio.sleep(MARKERS_S)
        assert None is await watermark.undecided_since()
        async with sender.transaction():
            await sender.send_and_wait(topic_of(migrated), AN_ASSIGN, partition=0)

        assert await watermark.undecided_since() is not None


async def test_an_open_transaction_holds_back_from_its_first_record_on(
    watermark: KafkaAssignsWatermark, neighbour: Neighbour, migrated: Settings
) -> None:
    """It was asked in time if it is committed, however late that is."""
    before = await assigned_at(neighbour, 0)
    await decide(migrated, 0, 1)
    await asyncio.sleep(0.01)
    async with a_transactional_sender(migrated) as sender:
        await sender.begin_transaction()
        await sender.send_and_wait(topic_of(migrated), AN_ASSIGN, partition=0)
        opened_at = await watermark.undecided_since()
        await asyncio.sleep(0.01)
        await sender.send_and_wait(topic_of(migrated), AN_ASSIGN, partition=0)
        still = await watermark.undecided_since()
        await sender.commit_transaction()

    assert opened_at is not None
    assert before < opened_at == still == await watermark.undecided_since()


@pytest.mark.parametrize(
    ("timestamp_ms", "expected"),
    [(-1, datetime(1970, 1, 1, tzinfo=UTC)), (10**15, datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC))],
)
async def test_a_time_that_no_calendar_has_stops_no_expirer(
    watermark: KafkaAssignsWatermark, migrated: Settings, timestamp_ms: int, expected: datetime
) -> None:
    """Without LogAppendTime on the topic, a sender writes any timestamp."""
    await let_senders_write_times(migrated, topic_of(migrated))
    async with a_plain_sender(migrated) as sender:
        batch = sender.create_batch()
        batch.append(timestamp=timestamp_ms, key=None, value=AN_ASSIGN)
        batch.close()
        await (await sender.send_batch(batch, topic_of(migrated), partition=0))

    assert expected == await watermark.undecided_since()


async def test_a_topic_that_is_not_there_is_said(migrated: Settings) -> None:
    """Nothing expires on a guess."""
    async with opened(migrated, "no-such-topic") as watermark:
        with pytest.raises(BrokerUnavailable, match="no-such-topic"):
            await watermark.undecided_since()
