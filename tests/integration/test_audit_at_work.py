"""`codes audit` beside transactions that end while it reads, and with batches that hold very many records."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from audit import topics as audit_topics
from audit.deployment import audit_deployment
from audit.report import AuditReport
from audit.topics import EVERYTHING
from ops.broker.reading import RECORDS_PER_POLL_MAX, kafka_errors, topic_reader
from ops.settings.load import Settings
from schemas.groups import WORKER_GROUP
from schemas.topics import RESERVE, RESULTS, Topics
from tests.integration.running import Neighbour

pytestmark = pytest.mark.integration

REQUEST = {"request_id": "r-1", "campaign_id": "nowhere", "fan_id": "fan-1"}
RESULT: dict[str, Any] = {
    **REQUEST,
    "operation": "reserve",
    "outcome": "refused",
    "code_type": "tm",
    "quantity": 1,
    "code_ids": [],
    "reservation_id": None,
    "expires_at": None,
    "reason": "unknown_campaign",
    "decided_at": "2026-11-24T02:00:00.000Z",
}
TIMES = 6 * RECORDS_PER_POLL_MAX


@asynccontextmanager
async def an_open_answer(settings: Settings, neighbour: Neighbour) -> AsyncIterator[AIOKafkaProducer]:
    """A request, its committed offset, and its result in a transaction whose marker has not come yet."""
    sent = await neighbour.send(RESERVE, REQUEST)
    await commit(settings, TopicPartition(sent.topic, sent.partition), sent.offset + 1)
    servers = settings.kafka.bootstrap_servers
    topic = Topics(settings.topics.prefix).full(RESULTS)
    producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"{topic}-worker")
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, orjson.dumps(RESULT), headers=[("ce_id", b"1")])
        yield producer
    finally:
        await producer.stop()


async def commit(settings: Settings, partition: TopicPartition, offset: int) -> None:
    """As the worker's group does, whose marker may come before the results'."""
    group = settings.kafka.group_prefix + WORKER_GROUP
    servers = settings.kafka.bootstrap_servers
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([partition])
        await consumer.commit({partition: offset})
    finally:
        await consumer.stop()


async def audited(settings: Settings) -> AuditReport:
    """The whole deployment."""
    return await audit_deployment(settings, EVERYTHING, {})


async def test_a_marker_that_comes_late_is_waited_for(migrated: Settings, neighbour: Neighbour) -> None:
    """The offset is committed and the answer still hidden: it is not lost, and judged once its marker is there."""
    async with an_open_answer(migrated, neighbour) as producer:
        auditing = asyncio.create_task(audited(migrated))
        await asyncio.sleep(1)  # however slow the machine: a marker before the audit's look is found at once
        await producer.commit_transaction()
        report = await auditing

    assert (0, ()) == (report.count("lost"), report.not_judged)
    assert (1, 1) == (report.tally.requests, report.tally.results)


async def test_an_answer_in_a_transaction_that_stays_open_is_not_judged(
    migrated: Settings, neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is bounded; then the request is counted, and there is no finding."""
    monkeypatch.setattr(audit_topics, "STABLE_WAIT_S_MAX", 0.5)
    async with an_open_answer(migrated, neighbour) as producer:
        report = await audited(migrated)
        await producer.abort_transaction()
    lost = await audited(migrated)

    assert () == report.findings
    assert ("1 requests, because an open transaction hides records of results.v1",) == report.not_judged
    assert ["request r-1: sent 1 times, answered 0 times"] == [finding.what for finding in lost.findings]


async def test_a_reader_takes_compressed_batches_in_parts(migrated: Settings) -> None:
    """A few kilobytes of zstd become very many records: not all of them are in memory at once."""
    topic = Topics(migrated.topics.prefix).full(RESERVE)
    servers = migrated.kafka.bootstrap_servers
    producer = AIOKafkaProducer(bootstrap_servers=servers, compression_type="zstd", linger_ms=50)
    await producer.start()
    for _ in range(TIMES):
        await producer.send(topic, b"x" * 100, partition=0)
    await producer.stop()

    async with topic_reader(migrated, [topic]) as reader:
        with kafka_errors(migrated.kafka):
            reader.start_at(await reader.beginnings())
            sizes = [len(batch) async for batch in reader.until(await reader.ends())]

    assert TIMES == sum(sizes)
    assert max(sizes) <= RECORDS_PER_POLL_MAX
